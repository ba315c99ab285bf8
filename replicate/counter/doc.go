// Package counter is a replicated number that everybody may add to and take from.
//
// What is added at one replica is added everywhere, once, in whatever order the
// updates arrive and however often. Give the replica the type when it is made,
// then open the counter by name:
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{counter.Type}})
//	c, err := counter.Open(r, "visits")
//
// # How it counts
//
// An update is its author's new totals: all that this author ever added, and all
// that it took. It makes the author's older one obsolete, and the counter's
// value is the sum over the authors.
//
// # Overflow
//
// An Add that would bring the value beyond an int64 is refused. Replicas that
// have not seen each other's additions can bring it there together; the sum is
// then kept exactly, and read as the nearest int64, by everybody the same, until
// enough is taken again. An author adds at most 2⁶⁴−1 in its life, and takes as
// much.
//
// # Copies
//
// Totals count on it that an author writes in one place. When a replica is
// copied and both copies write under one author, the newer of the two totals is
// taken for the author's, and what the other copy added since the copying is not
// in it: it is lost, though everybody agrees on the value. Package journal gives
// a file that was copied or restored another author before it writes, so this
// takes a copied memory, such as a virtual machine that was cloned while it ran.
// When the copies meet they notice (replicate.ErrForked), and write under new
// authors from then on: nothing more is lost.
//
// # Cost
//
// A counter costs an update (64 bytes and an op of 2 to 20) and a map entry for
// each author that ever added: for each replica, and each unclean restart of
// one. Add, Value and the application of an update take constant time.
//
// # Encoding
//
// An op is two uvarints: the sum added and the sum taken.
package counter
