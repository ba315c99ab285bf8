package through

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// TakeWhile returns the values of src before the first one for which keep
// returns false. That one is discarded, and src is aborted with
// [pull.ErrStopped]; keep is not called again. Where this release fails, the
// end is a [pull.ReleaseError] instead of io.EOF.
func TakeWhile[T any](src pull.Source[T], keep func(T) bool) pull.Source[T] {
	up := stage.Of(src)
	return func(ctx context.Context) (T, error) {
		var zero T
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		v, err := up.Src(ctx)
		if err != nil {
			return zero, up.End(err)
		}
		up.Stopped = true
		ok := keep(v)
		up.Stopped = false
		if !ok {
			up.Close(ctx, io.EOF)
			return zero, up.Refuse(ctx)
		}
		return v, nil
	}
}

// TakeUntil returns the values of src up to the first one for which last
// returns true, and that one too. As with [Take], src is released before the
// last value is returned, and a release that fails is the next call's error.
func TakeUntil[T any](src pull.Source[T], last func(T) bool) pull.Source[T] {
	up := stage.Of(src)
	return func(ctx context.Context) (T, error) {
		if up.Stopped {
			var zero T
			return zero, up.Refuse(ctx)
		}
		v, err := up.Src(ctx)
		if err != nil {
			var zero T
			return zero, up.End(err)
		}
		up.Stopped = true
		ok := last(v)
		up.Stopped = false
		if ok {
			up.Close(ctx, io.EOF)
		}
		return v, nil
	}
}
