package through

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// FilterNot returns the values of src for which drop returns false.
func FilterNot[T any](src pull.Source[T], drop func(T) bool) pull.Source[T] {
	return Filter(src, func(v T) bool { return !drop(v) })
}

// FilterMap returns f of the values of src for which f returns true: [Filter]
// and [Map] where one computation answers both. Bad values can be left out so,
// and kept for a report, without ending the stream.
func FilterMap[A, B any](src pull.Source[A], f func(A) (B, bool)) pull.Source[B] {
	up := stage.Of(src)
	return func(ctx context.Context) (B, error) {
		var zero B
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		for {
			a, err := up.Src(ctx)
			if err != nil {
				return zero, up.End(err)
			}
			up.Stopped = true
			b, ok := f(a)
			up.Stopped = false
			if ok {
				return b, nil
			}
		}
	}
}
