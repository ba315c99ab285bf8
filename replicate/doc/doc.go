// Package doc is replicated rows with fields, and live sets and sequences of them.
//
// A [Doc] is a table: rows have an id and fields, and whoever writes what, all
// replicas come to the same rows. Give the replica the type when it is made,
// then open the doc by name:
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{doc.JSON}})
//	d, err := doc.Open[any](r, "")
//
// A [Set] is the rows in which a field has a value, a [Filtered] those that a
// predicate holds for, and a [Sequence] a set in an order in which rows can be
// moved. They are live: a row is in them as soon as its fields say so, by
// whomever they were written. Values are JSON unless [OpenWith] is given another
// codec.
//
// # Merging
//
// Of two writes of one field of one row, the one with the higher stamp wins;
// writes of two fields do not conflict. What one call writes is a transaction,
// applied as one everywhere.
//
// A row has lives: it begins one when it is written and is not there, and a
// removal ends it. A write belongs to the life that its author saw, and is gone
// with it. So
//
//   - a removal wins over all that its author had seen, and over changes to the
//     row that it had not seen: what was removed does not come back because
//     somebody edited it meanwhile, nor does half of it;
//   - who writes the row after seeing the removal makes it anew, with the fields
//     written then and no others;
//   - of a removal, and a row made with the same id by one who did not know that
//     row, the later wins, as in any register;
//   - two rows made with one id, not knowing of each other, are one row.
//
// A removal is kept, as a tombstone, and reaches who was away.
//
// # Forgetting
//
// A removal and an unset field can be forgotten; see [replicate.Replica.Forget].
// Nothing refers to a row: its places are keys that mean the same without any
// other, and what was written in a life that the removal ended is gone wherever
// the removal is, so that none of it is left to come back. A field that was unset
// is forgotten if the row is there by something else, a field that is set, a
// place, or that it was made with none; else the row would go with it.
//
// The hard case is a row that two made, not knowing of each other, with a field
// set in the later life and then unset in the earlier one. The newer write counts,
// but if the earlier life is removed, the older one does: so both are kept, and
// the one that unsets is not forgotten while it hides the other. That other cannot
// come afterwards: it was written before its author heard that the field was
// unset, and all of that has arrived where forgetting begins.
//
// # Sequences
//
// A row's place in a sequence is a field of the row. The other way would be a
// list of row ids in an object of its own, such as package seq has. Then two
// objects say where a row is. A row could be in the list and not in the set, be
// in the list twice when two push it, and stay in lists, removed, for those who
// did not know of them; nothing shows the two at one moment; and each list would
// need a name. With a place in the row all that is known of it merges by one
// law, and a row that is removed leaves nothing behind but its tombstone.
//
// A row has one place for each sequence that it was put into. To move it within
// one is to write the place; to move it to another is to write the field and the
// place, in one transaction. A
// row that enters by a plain write of the field goes where it was when it was in
// this sequence before, and else behind the places that were chosen, in the
// order in which rows came in. Of two moves the later wins.
//
// A place is a key, and there is always a key between two. Keys of plain
// numbers with the author as a tie-break would let concurrent runs mix, and an
// author's chain of keys would grow with every turn that two authors take. Here
// a place is a path in a tree. A step of it is a number, at which the step hangs
// from the place above; an author; and a second number, for what this author put
// there. So
//
//   - places of one author in one run differ in the second number alone, and a
//     run that is written forwards, backwards or from within stays whole: all
//     that others put there, not knowing of it, is outside of it;
//   - authors that take turns at the end take the next first number each;
//   - only what goes inside another's run goes one step further down, as does
//     what would make the fraction of a number longer than 8 digits.
//
// # Cost
//
// Each field of a row costs its update (64 bytes and the op, which holds the ids
// of row and field and the value) and 48 bytes; a row of two small fields takes
// about 620 bytes, all told, and 150 more for each field by which it is in sets
// or sequences. Of a removed row the tombstone stays until it is forgotten.
//
// An op is the row's id, the field and the value, each with its length, and 1 to
// 8 bytes for how old the row's life is. A place has 12 to 16 bytes if rows are
// pushed at either end, be it by several in turns. It grows by half a byte for
// each row that one author puts between the two before it, and by 6 where two
// break into each other's pairs; at 16 KiB there is no place left.
//
// Get, Has, Set and Remove take time linear in the row's fields. Fields that are
// asked for in sets, and in sequences, are indexed, by one index whoever asks:
// the first read takes time linear in the rows; from then on a change to a row
// takes O(log n) for each indexed field, whatever the number of sets, and so do
// At, Index and all edits. A Filtered has its predicate called for the rows that
// were changed since it was last read.
//
// # Encoding
//
// An op is a byte, 0 to remove, 1 to set, 2 to unset or 3 to place; then the
// row's id. All but a removal go on with the age of the life, by which its
// beginning lies below the update's time, and the field. A set ends with the
// value; of a place the value follows, and then the place to the end. Texts are
// preceded by their length, which like the age is a varint. To unset the field
// "" says that the row is there.
//
// A place is its steps and the byte 0x80; a step is the number, 5 bytes of the
// SHA-256 of the author, and the second number. A number is whole and a
// fraction. A whole number from 0 is the byte 0x80 plus it, if it is below 40, or
// 0xA7 plus its length and its bytes, from the highest; a negative one n is the
// complement of that of -1-n. The fraction's digits follow, to the base 255 and
// as bytes from 1, the last of them not 1, and then a 0. So bytes sort as places
// do; that of the place itself is among what hangs from it at zero, where nothing
// does.
package doc
