package through

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Skip returns the values of src behind the first n, which the first call reads
// and discards. With n of 0 or less, that is all of them.
func Skip[T any](src pull.Source[T], n int) pull.Source[T] {
	up := stage.Of(src)
	return func(ctx context.Context) (T, error) {
		var zero T
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		for ; ; n-- {
			v, err := up.Src(ctx)
			if err != nil {
				return zero, up.End(err)
			}
			if n <= 0 {
				return v, nil
			}
		}
	}
}

// SkipWhile returns the values of src from the first one on for which skip
// returns false; skip is not called again then.
func SkipWhile[T any](src pull.Source[T], skip func(T) bool) pull.Source[T] {
	begun := false
	return Filter(src, func(v T) bool {
		begun = begun || !skip(v)
		return begun
	})
}
