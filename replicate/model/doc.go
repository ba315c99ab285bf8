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
// and a map entry. Set and Get take constant time, Keys sorts.
//
// In an expiring model a write takes O(log n) time, and Len of one with a
// MaxAge is linear.
//
// # Expiring keys
//
// A model of the type [Expiring] keeps the keys that were written last: at most
// so many, or for so long, or both. All replicas end with the same keys, since
// what goes depends only on what was written:
//
//   - A key goes when MaxCount other keys have been written after it. A
//     deletion is a write: a key that was deleted counts until it goes too, so
//     at most MaxCount updates are ever kept, tombstones included.
//   - A key is not shown when it was written more than MaxAge before the
//     replica's wall clock, and goes when something is written that much later.
//     In a model that nobody writes to, old keys are hidden, and kept.
//
// What has gone does not come back: not by a deletion of what pushed it out, nor
// by a peer that still has it, nor by a clock that is set back. A replica whose
// clock is ahead makes keys go earlier, by what replicate.Config's MaxAhead lets
// pass. To write a key again makes it new. That a key expires is no change: who
// follows Changes keeps to the limits too, by the stamps, deletions counted.
//
// # Encoding
//
// An op is a byte (0 deletes, 1 sets), the key's length as a varint, the key,
// and, when it sets, the value to the end.
package model
