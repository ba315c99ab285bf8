// Package value is a replicated register: one value that everybody may set.
//
// In a [Value] the last writer wins: of two writes the one with the higher
// stamp stays, everywhere, and a write made after seeing another always has the
// higher stamp. Of two concurrent writes one is lost without a word. Where that
// must not happen, a [Multi] keeps both: it shows all writes that nobody had
// seen when writing another, and the next write, by whoever has seen them,
// takes their place.
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{value.JSON}})
//	v, err := value.Open[string](r, "motd")
//
// # History
//
// A Value of the type Keep(value.JSON, 10) shows the newest ten writes. Which
// those are depends only on what was written, not on the order of arrival: an
// update among the newest ten of all is among the newest ten of any part of
// them. Each write names the tenth newest that its author knew, and whoever has
// the one drops what is older than the other; so replicas that write at the same
// time may hold more than ten between them, until the next write. The number is
// part of the type's tag: replicas that disagree on it refuse each other.
//
// # Forgetting
//
// There is nothing to forget: nothing is deleted, and what was overwritten goes at
// once. A value that stands for "none" is a value like others.
//
// # Cost
//
// A Value costs one update (64 bytes and the op, which with a history has some 5
// bytes more than the value) for each write that it keeps, and so does a Multi for each write that is not resolved. A write takes
// constant time, with a history time linear in its length.
//
// Each op of a Multi names the authors whose writes it has seen: about 30 bytes
// for each replica that ever set it, 7 for the writer itself. A replica that
// restarts uncleanly counts anew.
//
// # Encoding
//
// An op of a Value is the byte 1, and the value to the end; or the byte 2, as a
// uvarint how far the time of the oldest write that is kept with it lies below
// its own, and the value to the end. An op of a Multi
// is a uvarint n, then n entries, then the value to the end. An entry is an
// author (its length in a byte, and its bytes, or the byte 0 for the op's own
// author, which comes first; the others ascend) and, as a uvarint, how far the
// newest stamp that was seen of that author lies below the op's own.
package value
