// Package npm keeps replicas equal to programs that use npm's scuttlebutt.
//
// Such a program, unchanged, and a replica here become and stay equal: over any
// duplex of bytes they speak scuttlebutt's protocol of JSON lines. What
// scuttlebutt/model, scuttlebutt/events, r-value, crdt and scuttlebucket are
// there, a [Model], an [Emitter], a [Value], a [Doc] with its [Set] and [Seq], and
// a bucket are here:
//
//	r := replicate.New(replicate.Config{Types: npm.Types()})
//	s, err := npm.Open(r, npm.ModelType, "", npm.Config{})
//	m, err := npm.NewModel[string](s)
//	err = s.NewSession(npm.SyncConfig{}).Run(ctx, d)
//
// A [Scuttlebutt] is an object of a replica like any other: it is in the replica's
// file, and other replicas of weir have it by weir's own protocol. So replicas of
// weir can be what connects programs in JavaScript that do not see each other, and
// can write along: examples/mesh is two of each in a ring.
//
// # Updates
//
// The line of an update says who, when and what: [change,timestamp,"id"]. Here it
// is an update whose op is the change, in the text that JSON.stringify makes of
// it. Every program that passes an update on writes it so, whatever it has read;
// by whatever way it comes, it is the same bytes, and a signature made over it
// matches. What follows the id is kept too. A line that is sent is ASCII, since the
// reader in JavaScript breaks a rune that comes in two chunks.
//
// A timestamp is a float64 of milliseconds and is never rounded: times 65,536 it
// is the time of a stamp, and both orders are one. What is no such time (0, below
// it, 1e308, a fraction of more than 16 digits) is refused with ErrTimestamp; what
// is further ahead than replicate.Config's MaxAhead with replicate.ErrFuture. Own
// writes have timestamps that are exact, rising and above all that was seen, so
// that no clock that steps back loses one.
//
// An id is any string, and an author of weir 24 bytes. Ids of up to 20 bytes, of up
// to 40 upper-case hexadecimal digits as the originals make them, and hashes of
// keys are in the author's bytes; of others there is a hash, and the id is in each
// op. An author belongs to one scuttlebutt: two programs of one id, in two of them,
// are two authors, and what one promises is not said of the other.
//
// # The clock
//
// The originals raise their clock with each update they receive, and so lose for
// ever what they were still to be sent when the sender dies. Here a clock is a
// promise (see package replicate), and what moves it is SYNC: who sends it has sent
// all that it had and the header of this side did not. Then the clock of its header
// is joined, and what came before SYNC; not before, so that a session that is cut
// off there has promised nothing and what came is sent again.
//
// Behind SYNC an original sends what it takes in as it takes it in, with nothing
// left out and nothing put in another's place, so at any point of its stream this
// side has what it had then. Each chunk of lines is therefore a marker too, as good
// as SYNC. Without that what is written while all are connected would stop at the
// first replica of weir, which could not tell a second that it has all of it.
//
// All this is as true as what originals say. One that was itself cut off while it
// was fed claims more than it has, in its header or live. Replicas of weir notice
// among each other, by their fingerprints, and exchange everything
// (replicate.ErrDiverged); originals do not.
//
// The header that is sent has the promise. [Scuttlebutt.Clock] is the clock as the
// originals count it; it is more where something came that no SYNC has covered.
//
// # What is sent, and when
//
// An original drops what is not above the newest that it has of an author. So what
// an author wrote leaves in the order of its timestamps, and only up to the own
// clock, which says that nothing below can come later; what lies above waits. (An
// update that was overwritten by one which waits is not sent, nor is that one yet.
// Where its author is gone, so that no promise of it will ever come, originals are
// not sent it.) A round is what is covered at one moment. It is sent as it is, also
// where some of it is overwritten meanwhile: one pointer an update is held for a
// peer that reads slowly, and no queue grows behind it.
//
// What a peer sent it is not sent back, as the originals do with every update.
//
// # Leaving
//
// Originals leave by ending their half of the connection, and end it when the other
// side does. [Session.Finish] does the same. A context that is cancelled cuts the
// connection instead, and a program in JavaScript that does not handle 'error' on its
// socket dies of that.
//
// # Who writes
//
// A scuttlebutt that is given no id has one that goes with the author its replica
// writes as: a new one whenever that is, so that writes that were lost with a disk
// are never confused with later ones. A [Config].ID is as good as the care that it
// is used with. Where a peer knows of more writes by it than are here, or some
// arrive, it is given up for one of the first kind; but where later ones were
// written before, those that were lost stay lost. A peer that has the own id itself
// is refused ([ErrSameID]).
//
// # Where the originals differ among themselves
//
// These have one outcome here, whatever the order of arrival:
//
//   - Of two writes with one timestamp that of the greater id wins, as JavaScript
//     orders strings. In scuttlebutt/model the last to arrive does, so that two
//     originals disagree for ever.
//   - A removal of a row takes away all that was written before it, and reaches
//     everybody. crdt removes the fields that it knows of, and tells nobody who was
//     away: it sends [null,timestamp,id], from which nobody can tell the row, and
//     which here only moves the clock. Removed rows stay in the log.
//   - Rows of one place in a sequence stay there, in the order of their ids. crdt
//     writes another place on every replica that sees them.
//   - A place is chosen so that all that 100,000 pushes need are 10 letters. Between
//     two that leave no room, at which the original hangs, ErrNoRoom is returned.
//   - A bucket's clock has what was written in it; one update goes once to a peer.
//
// An update of a row that was overwritten field by field, by several, is not sent
// to originals, as they do not have it; it stays in the log until one update or a
// removal takes its place. A replica that heard of the others alone does not have
// it, so that two replicas of weir may take one full exchange more to become equal.
//
// # Dumps
//
// [Scuttlebutt.Dump] is what the original's read stream is, and either reads what
// the other wrote. [Scuttlebutt.Restore] has a scuttlebutt go on as the one that was
// dumped, by the id and clock of the header. What is held above the clock is behind
// the word LOOSE, which the originals skip.
//
// # Bad input
//
// A line that is no JSON, a second header, or an update that its type cannot apply
// is a [LineError], which says which line; nothing of it has an effect, and the
// session ends. Numbers and words that mean nothing are skipped, as the originals
// do. A line is bounded, and so is how deep its JSON is nested. Not supported: the
// option raw, a session that only receives (its peer would never be in sync), and
// the history of an r-value: what its peer keeps beside the newest write is dropped
// here, since no single write stands in for those that go.
//
// # Cost
//
// An event costs its update: 64 bytes and the op, which is the change and a byte, or
// some 40 more for an id that is not in the author. A key costs 40 bytes beside, a
// row 160, and each of its fields 48. Get and Set take constant time, in a sequence
// logarithmic time and the moving of 40 bytes for each row behind. To write a row
// takes time linear in its fields, and in those of its updates that are live. What
// is sent takes O(authors + k log k) for k updates. See the benchmarks.
//
// # Encoding of ops
//
// A byte of flags, then for flag 1 the id and for flag 2 what follows the id in the
// line, each with its length as a varint, then the change. All are canonical JSON,
// the id without its quotes.
package npm
