// Package seq is a replicated list: insert, delete, replace and move elements.
//
// A [List] holds elements of one Go type in an order that all replicas come to
// agree on. Each element has an [ID] that stays the same wherever it moves.
// Give the replica the type when it is made, then open the list by name:
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{seq.JSON}})
//	l, err := seq.Open[string](r, "")
//
// Values are JSON unless [OpenWith] is given another codec.
//
// # What concurrent edits become
//
// What two authors insert at one place stays apart: each one's run is whole,
// typed forwards or backwards, and all replicas put the same one first. An
// insertion stands where it was made, between the neighbours it was made
// between, as long as these are not moved themselves.
//
// Of two values set, and of two moves of one element, the one with the higher
// stamp wins; a move and a set do not conflict. An element is always in one
// place. Deleted wins over moved and set, before or after: what is deleted
// never comes back. To move an element to another list, delete it here and
// insert it there in one transaction ([List.In]); it gets a new ID. Lists are
// objects of their own, and no law spans two: an element that two authors move to
// two lists, not knowing of each other, ends in both, and a value that somebody
// sets meanwhile is not in the copy. The sequences of package doc are of one
// object: a row is in one of them, whoever moves it.
//
// # Places
//
// Behind the list is a tree of places. An insertion makes a place, and so does
// a move; only forgetting takes one away. A place is the left or the right child
// of the place it was made next to, siblings on one side are ordered by stamp,
// and the list is the tree read from left to right: whatever is inserted into
// a run is below the run's first place, so that runs cannot mix. To insert
// behind place a is to become its right child, or if something that is shown is
// below it on the right, the left child of the first of that. The
// place a is always that of an element that is shown, or the beginning: a run
// that began behind a deleted element and went on before it could be mixed.
//
// An element is at the newest of its places that is known. Its other places,
// and those of deleted elements, are empty, and remain for what refers to
// them. A place whose parent is not known yet waits, and so does a move of an
// element that is not known.
//
// Three kinds of update name an element's first place, and each is all there
// is to know of the element but for its moves: the insertion, a set and a
// deletion. The newest stands for the others, which are obsolete; so the log
// holds one update for an element, whatever happened to it, and one for each
// move. A move is never obsolete, since nothing else says where its place is.
//
// # Forgetting
//
// A deleted element is forgotten (see [replicate.Replica.Forget]) together with
// its moves, once no place that stays was made next to one of its places. So what
// is deleted at the end of a list can go, and all of a list that was emptied; but
// the first elements of a queue are what the later ones hang on, and stay, as
// tombstones, until the queue runs empty once: an op names the place next to it,
// and nothing else says where that is. A move that was written in one transaction
// with something that stays is kept, and keeps its element.
//
// The hard case is an update that names a forgotten place and comes afterwards:
// it would wait for ever. There is none. Say that x is forgotten here.
//
//   - What a member wrote before it held the deletion of x is here, since members
//     are only heard as far as all they wrote has come; it kept x, or was
//     forgotten before.
//   - What a member writes while it holds the deletion names a place that is
//     shown to it or has something shown below. If it names x, an element y below
//     x is shown to it, so it does not hold the deletion of y. Either y is not
//     here, and is itself an update that names x, or what is below x, and comes
//     afterwards; the first of these cannot be. Or y was here and is forgotten;
//     then what the member wrote before it held that deletion was here, too.
//
// All who write must be declared members, as [replicate.Replica.SetMembers] says:
// what another inserted next to an element, before it heard of the deletion, is
// not shown where the element was forgotten.
//
// # Odd updates
//
// An op that refers to what is not older than itself means nothing and is
// dropped; so the tree has no cycles, whoever wrote it. Two updates that
// disagree on an element's first place were not written by this package. The
// one that stands for the element is believed, and the tree is built again, in
// time O(n log n).
//
// Sources: places and their order, Weidner and Kleppmann, The Art of the Fugue
// (2023); moves, Kleppmann, Moving Elements in List CRDTs (2020).
//
// # Cost
//
// An op is one byte, then 1 to 5 bytes that say how much older the place next
// to it is, if that is of the same author (25 or 41 more name another one),
// then the value; a run that is written at once takes 2 bytes an element
// beside the values. A set, a delete and a move say in the same way which
// element they mean.
//
// In memory a place takes about 83 bytes beside its update (64 bytes and the
// op), and about 5 more where the list was not written from end to end; with
// the log, an element of 8 bytes takes 181. For each time an element was moved,
// and each deleted one, an update and a place remain until they are forgotten,
// in time linear in the list.
//
// The places are in a B-tree in list order, so that finding an element by
// index, an index by element, and a neighbour take O(log n) in the number of
// places; so do all edits. An insertion that meets a concurrent one at its
// place takes O(log² n) when it is applied: the far end of the other's run is
// found by bisection, with ancestors found by skipping, not by walking (Myers,
// An Applicative Random-Access Stack, 1983).
//
// # Encoding
//
// The first byte of an op says in bits 0 and 1 what it is: 0 inserts, 1 sets,
// 2 deletes, 3 moves. All but an insertion go on with the element. The place
// follows: the new one of an insertion or a move, the element's first place
// for the others. It is a left child if bit 2 is set, and a right child else;
// of the list's beginning (always right) if bit 5 is set, and else of the
// place named next, which was made by a move if bit 6 is set. Bit 7 is 0. The
// rest is the value of an insertion or a set.
//
// A reference is a varint: how far its time is below that of the update, or in
// a set's or a delete's place, below that of the element. Its author is the
// same, unless bit 4 (for the element) or bit 3 (for the place) is set: then
// the author follows, as a byte with its length and its bytes.
package seq
