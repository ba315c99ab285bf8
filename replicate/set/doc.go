// Package set is replicated sets: one that grows, one that shrinks, a difference.
//
// The elements are values of one Go type. They are told apart by their encoded
// bytes, so the codec must turn equal values into equal bytes, as JSON does.
//
//   - To a [Grow] elements are only added. It is the cheapest, and it never
//     forgets: whoever adds decides.
//   - From an [AddWins] they can be removed, and added again. A removal takes
//     away the additions that its author had seen; one that it had not seen
//     stands. So of an addition and a removal that did not know of each other
//     the addition wins.
//   - [Minus] is the difference of two sets, to be read and watched: born − dead
//     is who is alive.
//
// Give the replica the types when it is made, then open a set by name:
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{set.JSON}})
//	s, err := set.Open[string](r, "members")
//
// # Removals
//
// A removal is kept as a tombstone for as long as somebody may turn up with the
// addition that it takes away: it costs as much as an element. At most one
// update of an element stays, unless additions or removals are concurrent; the
// next write of the element makes one of them.
//
// # Cost
//
// An element costs its update (64 bytes and the op, which holds the element
// once) and a map entry: for one of 10 bytes 135 bytes in a Grow and 150 in an
// AddWins, all told. Each op of an AddWins also names the authors whose
// additions of that element it has seen: none for the first addition, 7 bytes
// for the op's own author, about 30 for each other that ever added this
// element. Add, Remove, Has and Len take constant time, All sorts; Len of a
// difference takes time linear in the set that is taken from.
//
// # Encoding
//
// An op of a Grow is the byte 1, and the element to the end. An op of an AddWins
// is a uvarint, twice n, plus 1 if it adds; then n entries; then the element to
// the end. An entry is an author (its length in a byte, and its bytes, or the
// byte 0 for the op's own author, which comes first; the others ascend) and, as
// a uvarint, how far the newest addition that was seen of that author lies
// below the op's own stamp. A removal has at least one entry.
package set
