package pull

import (
	"context"
	"fmt"
)

// A TooManyError is returned by a sink that holds values when there are more
// than it was told to hold.
type TooManyError struct {
	Max int // how many there may be
}

// Error says how many there may be.
func (e *TooManyError) Error() string { return fmt.Sprintf("pull: more than %d values", e.Max) }

// CollectN is [Collect] for a source that may have too much: at most max values
// (none if max is 0 or less). When there is one more, it aborts src with a
// [TooManyError] and returns that with the first max values.
func CollectN[T any](ctx context.Context, src Source[T], max int) ([]T, error) {
	var vs []T
	err := Each(ctx, src, func(v T) error {
		if len(vs) >= max {
			return &TooManyError{Max: max}
		}
		vs = append(vs, v)
		return nil
	})
	return vs, err
}

// Group collects the values of src by key, those of one key in order: at most
// max values in all, and one more is a [TooManyError] as in [CollectN]. What
// came before a failure is returned with it. The map is never nil.
//
// A panic of key goes on after src was aborted with it.
func Group[T any, K comparable](
	ctx context.Context, src Source[T], max int, key func(T) K,
) (map[K][]T, error) {
	groups := map[K][]T{}
	n := 0
	err := Each(ctx, src, func(v T) error {
		if n++; n > max {
			return &TooManyError{Max: max}
		}
		k := key(v)
		groups[k] = append(groups[k], v)
		return nil
	})
	return groups, err
}

// ToMap collects the entries that entry makes of src's values; of several with
// one key the last stays. What came before a failure is returned with it. The
// map is never nil. It holds everything in memory: put a through.Take before
// it where src may be endless.
//
// A panic of entry goes on after src was aborted with it.
func ToMap[T any, K comparable, V any](
	ctx context.Context, src Source[T], entry func(T) (K, V),
) (map[K]V, error) {
	m := map[K]V{}
	err := Each(ctx, src, func(v T) error {
		k, v2 := entry(v)
		m[k] = v2
		return nil
	})
	return m, err
}
