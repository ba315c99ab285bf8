package through

import "github.com/weir-go/weir/pull"

// Distinct returns the first value of each key. Keys are told apart by ==, so a
// NaN is never seen again. It remembers every key it has seen, for as long as
// the stream lasts; where there may be many, see [DistinctRecent]. The key of a
// value that is one itself: func(v T) T { return v }.
func Distinct[T any, K comparable](src pull.Source[T], key func(T) K) pull.Source[T] {
	seen := map[K]struct{}{}
	return Filter(src, func(v T) bool {
		before := len(seen)
		seen[key(v)] = struct{}{}
		return len(seen) > before
	})
}

// DistinctRecent is [Distinct] with a memory of n keys (less than 1 means 1): a
// value is discarded if its key is among those of the last n that were
// returned. So a key comes again once n others have come since it last did. How
// many were discarded, two probes tell: see [Trace], and the example.
func DistinctRecent[T any, K comparable](
	src pull.Source[T], n int, key func(T) K,
) pull.Source[T] {
	n = max(n, 1)
	seen := map[K]struct{}{}
	var ring []K
	oldest := 0
	return Filter(src, func(v T) bool {
		k := key(v)
		if _, ok := seen[k]; ok {
			return false
		}
		if len(ring) < n {
			ring = append(ring, k)
		} else {
			delete(seen, ring[oldest])
			ring[oldest] = k
			oldest = (oldest + 1) % n
		}
		if equalsItself(k) {
			seen[k] = struct{}{}
		}
		return true
	})
}

// equalsItself is false for a NaN, which no map could delete again.
func equalsItself[K comparable](k K) bool {
	other := k
	return k == other
}

// Duplicates returns the values whose key has been seen before: those that
// [Distinct] discards. It remembers every key as well.
func Duplicates[T any, K comparable](src pull.Source[T], key func(T) K) pull.Source[T] {
	seen := map[K]struct{}{}
	return Filter(src, func(v T) bool {
		before := len(seen)
		seen[key(v)] = struct{}{}
		return len(seen) == before
	})
}

// Changed returns the values whose key differs from that of the value right
// before it, and the first value. It remembers one key.
func Changed[T any, K comparable](src pull.Source[T], key func(T) K) pull.Source[T] {
	var last K
	begun := false
	return Filter(src, func(v T) bool {
		k := key(v)
		same := begun && k == last
		last, begun = k, true
		return !same
	})
}
