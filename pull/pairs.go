package pull

import (
	"iter"
	"maps"
)

// A KeyValue is two values that belong together: a map's entry, or what a
// sequence of pairs yields.
type KeyValue[K, V any] struct {
	Key   K // in a map: what it is found by
	Value V // what belongs to the key
}

// FromSeq2 is the source of seq's pairs. It runs and stops seq as [FromSeq]
// does; it cannot be interrupted either.
func FromSeq2[K, V any](seq iter.Seq2[K, V]) Source[KeyValue[K, V]] {
	return FromSeq(func(yield func(KeyValue[K, V]) bool) {
		for k, v := range seq {
			if !yield(KeyValue[K, V]{k, v}) {
				return
			}
		}
	})
}

// Keys is the source of m's keys, in no particular order. It does not copy m,
// which is read as by a range loop that lasts from the first call to the end:
// what is added meanwhile may be seen or not, and no other goroutine may change
// m at the same time.
func Keys[M ~map[K]V, K comparable, V any](m M) Source[K] { return FromSeq(maps.Keys(m)) }

// Entries is the source of m's entries, in no particular order and under the
// conditions of [Keys].
func Entries[M ~map[K]V, K comparable, V any](m M) Source[KeyValue[K, V]] {
	return FromSeq2(maps.All(m))
}
