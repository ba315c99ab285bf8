package through

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Map returns f of each value of src.
func Map[A, B any](src pull.Source[A], f func(A) B) pull.Source[B] {
	up := stage.Of(src)
	return func(ctx context.Context) (B, error) {
		if up.Stopped {
			var zero B
			return zero, up.Refuse(ctx)
		}
		a, err := up.Src(ctx)
		if err != nil {
			var zero B
			return zero, up.End(err)
		}
		up.Stopped = true
		b := f(a)
		up.Stopped = false
		return b, nil
	}
}

// Filter returns the values of src for which keep returns true.
func Filter[T any](src pull.Source[T], keep func(T) bool) pull.Source[T] {
	up := stage.Of(src)
	return func(ctx context.Context) (T, error) {
		var zero T
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		for {
			v, err := up.Src(ctx)
			if err != nil {
				return zero, up.End(err)
			}
			up.Stopped = true
			ok := keep(v)
			up.Stopped = false
			if ok {
				return v, nil
			}
		}
	}
}
