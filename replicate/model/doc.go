// Package model is a replicated map in which the last writer wins.
//
// A [Model] maps string keys to values of one Go type. Each key is a register:
// of two writes of a key, the one with the higher stamp wins everywhere, and a
// write made after seeing another always has the higher stamp. Writes of two
// keys never conflict. A deletion is a write too, kept as a tombstone, so that
// it wins over what it has seen and loses to what comes after.
//
// Give the replica the type when it is made, then open the model by name:
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
//	m, err := model.Open[int](r, "")
//
// Values are JSON unless [OpenWith] is given another [Codec].
//
// # Cost
//
// A key costs its update (64 bytes and the op, which holds key and value once)
// and 21 to 43 bytes of a hash table. Set and Get take constant time, Keys sorts.
//
// In an expiring model a write takes O(log n) time, and Len of one with a
// MaxAge is linear.
//
// # Expiring keys
//
// A model of the type [Expiring] shows the keys that were written last: at most
// MaxCount, or for MaxAge, or both. All replicas end with the same keys, since
// what is shown depends only on what was written, and on the time of day:
//
//   - A key is gone when MaxCount others were written after it. A deletion is a
//     write: a key that was deleted counts until it is gone too. (Else deleting
//     one key would bring back another, which some replicas have dropped.)
//   - A key is hidden when it was written more than MaxAge before the replica's
//     wall clock, and gone when another is written that much later. In a model
//     that nobody writes to, old keys are hidden, and kept.
//
// What is gone does not come back: not by a deletion of what came after it, nor
// by a peer that still has it. What is hidden is shown again where the clock is
// set back. A replica whose clock is ahead makes keys go earlier, at most by
// replicate.Config's MaxAhead. To write a key again makes it new.
//
// Tombstones go like other keys. A writer that holds a quarter more keys than
// MaxCount writes a floor, which tells everybody to drop what lies below; so a
// model holds at most that many updates and what other replicas wrote at the
// same time. That a key expires is not told as a change: who follows Changes
// keeps to the limits too, by the stamps, deletions counted.
//
// # Encoding
//
// An op is a byte (0 deletes, 1 sets), the key's length as a varint, the key,
// and, when it sets, the value to the end. In an expiring model it may also be
// a floor: the byte 2, and as a uvarint how far below its own time lies what it
// drops.
package model
