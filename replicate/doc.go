// Package replicate keeps replicas equal by sending what the other has not seen.
//
// A [Replica] is a set of named objects, each of a data type such as
// replicate/model, that converge with those of other replicas: whoever has
// received the same updates, in whatever order and however often, has the same
// state. A replica is a source and a sink: [Replica.Read] is the replica as a
// stream of bytes, [Replica.Write] takes such a stream in, and a [Session]
// does both at once over a duplex. The bytes are the same in a file, in a pipe
// and on a connection; PROTOCOL.md beside this file describes them.
//
// Start with [New] and a data type's Open; then
//
//	err := replicate.NewSession(r, replicate.SyncConfig{}).Run(ctx, d)
//
// keeps r equal to the peer behind d until it is told to stop. A command
// weir peer expects the session in a stream named "sync" of package mux, as
// examples/peer opens it.
//
// # Updates, stamps, the log
//
// A change is an [Update], named by its [Stamp]: a hybrid logical clock's
// reading and the author. Stamps are strictly increasing for an author, lie
// above everything the author had seen, and their order breaks all ties. A
// replica keeps the live updates in order of arrival; what a newer one has made
// obsolete is dropped, so that the log is as long as the state is large.
//
// Several updates can be one: a transaction ([Tx]) is applied, sent and kept
// whole, everywhere, and is obsolete when all of it is.
//
// # The promise
//
// A [Clock] says, for each author: "I have everything live up to here, or
// something newer in its place." Everything else follows from keeping that
// true. It moves with own writes, and at markers; never with a single update,
// since a sender may die between two of them. A sender keeps no queue for a
// peer: it takes a cut (the head of its log, and its clock at that moment),
// sends every place up to the cut when the peer pulls, and then sends that
// clock as a marker. What replaces an update that was still to be sent takes
// over its place, and is sent in its stead. Without inherited places a marker
// would be false; with markers only at the head of the log, neither the clock
// nor slow keys would move while someone writes without pause.
//
// No order is promised inside a stream. At a marker, the receiver holds
// everything that the sender held at the cut, or what replaced it.
//
// # Partial replication
//
// A session can be about a part of the objects, or of the keys of some:
// [SyncConfig].Want is what the receiver wishes, Allow what the sender permits,
// and what passes both, as a [Filter], is what goes that way. [Replica.ReadOf]
// is a dump of a part.
//
// A promise that came under a filter is about what the filter passes. A replica
// keeps a clock for each ([Replica.ClockOf]) beside its main one, which moves
// only with own writes and with what came unfiltered, so that it never promises
// others what it was not sent. When it wants more, it is sent what lies above
// the clocks of the filters that contain the new one; wanting less costs
// nothing. It passes on what it has. Own writes are always kept, and sent to
// whoever wants them.
//
// Of a transaction a partial replica is sent the parts that pass, together. If it
// passes these on, others may see them before the rest.
//
// What a peer may not be sent it sees nothing of, neither names nor contents,
// but for what clocks give away: the authors there are, when each wrote last,
// and, from the places in frames, how many updates came in. Filters are no
// guard against what others pass on.
//
// # Writing a type
//
// A data type is a [Type] and an [Object] whose state is a function of the set
// of updates it was given; its methods write with [Handle.Write] or
// [Handle.Compose] and read with [Handle.View]. The example of package
// replicate/replicatetest is a new type, whole, in 80 lines, with the check
// that it converges, which every type here passes too.
//
// # Durability
//
// A replica alone is in memory. Package journal attaches a [Tail], which takes
// everything that is not yet in the file, in one batch that ends with a
// marker, and says when it is durable. Peers are shown only what is durable,
// so that nobody ever knows more of an author than the author's own disk.
//
// # Authors
//
// Who writes is the replica's id and a random incarnation. A replica that may
// have lost writes which others have seen (an unclean restart on a machine that
// lost its page cache, a restored backup) takes a new incarnation before its
// next write, since two updates must never share a stamp. A copied file is one
// replica in two places: when copies meet, or each of them a third replica again
// and again, their sessions end with [ErrForked], and both take a new incarnation,
// until one has an id of its own; see package journal's Fork.
//
// # Forgetting
//
// What is overwritten goes at once. A deletion is an update that has nothing
// in its place, a tombstone, and stays: a peer that was away may still hold
// what was deleted. [Replica.SetMembers] declares who must have heard of a
// deletion before it goes; [Replica.Forget] then drops those that every member
// has on disk, and that nothing refers to any more, and moves the horizon up to
// them. What a member wrote before it heard of a deletion has arrived by then,
// so that nothing comes afterwards that refers to what is gone. Whoever comes
// with a clock that is not past the horizon is not listened to
// ([ErrBehindPeer]), and must take
// everything anew ([SyncConfig.Resync]); so a replica that nobody declared, or a
// backup, can be behind but never bring anything back to life. Without members
// nothing is forgotten.
//
// An old dump, too, is refused where deletions that it may not know were
// forgotten; and so is everything partial ([ErrInFull]).
//
// # Signatures
//
// With [Config].Key a replica signs what it writes: the author is then the
// public key and an incarnation, and who relays an update passes the signature
// on. Whoever receives a signed update verifies it before anything of its frame
// is applied, key or no key; [Config].SignedOnly refuses the others, and
// [Config].Trust is a list of who may write. An update that is refused ends the
// session or load that it came by, with a [SignatureError] at both ends, and
// changes nothing.
//
// A signature is about one update: who, when, which object, what. It does not
// say that nothing was left out: a peer that promises what it withholds is what
// [SyncConfig].Peer is for, the key that the channel has proved, with Trust.
// Nor does it say which updates were one transaction, or of which data set: what
// a key has signed in one set can be carried into another that accepts the key.
//
// Several replicas may share a key, since each writes under incarnations of its
// own; what makes a fork is one replica in two places, as ever. One whose key
// changes goes on as a new author. What it reads from its own file is vouched
// for by checksums; [Update.Verify] and [Restorer].Verify look again.
//
// A signature is 64 bytes, on the wire and in memory. To write an update with
// one takes some 20 times as long as without, to take one in some 200 times:
// those of a frame are verified on all cores at once. See
// BenchmarkSetSigned and BenchmarkLoadSigned.
//
// # Trust
//
// Peers may be slow, dead, stale or corrupt. They are not expected to lie: a
// peer that promises what it does not have makes others miss updates, until
// the fingerprints at the end of an exchange give it away ([ErrDiverged]), and
// the next session exchanges everything.
package replicate
