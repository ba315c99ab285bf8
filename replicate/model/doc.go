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
// # Encoding
//
// An op is a byte (0 deletes, 1 sets), the key's length as a varint, the key,
// and, when it sets, the value to the end.
package model
