package through

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Take returns the first n values of src, which is released with the n-th one:
// Take aborts it with pull.ErrStopped before it returns that value. Where this
// release fails, the next call returns a pull.ReleaseError instead of io.EOF.
//
// With n of 0 or less there are no values; src may hold something all the
// same, so the first call aborts it without reading.
func Take[T any](src pull.Source[T], n int) pull.Source[T] {
	up := stage.Of(src)
	return func(ctx context.Context) (T, error) {
		var zero T
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		if n <= 0 {
			return zero, takeNone(ctx, up)
		}
		v, err := up.Src(ctx)
		if err != nil {
			return zero, up.End(err)
		}
		if n--; n == 0 {
			up.Close(ctx, io.EOF)
		}
		return v, nil
	}
}

// takeNone ends a Take that wants nothing.
func takeNone[T any](ctx context.Context, up *stage.Upstream[T]) error {
	if ctx.Err() != nil {
		return up.Fail(ctx, pull.Cause(ctx))
	}
	up.Close(ctx, io.EOF)
	return up.Refuse(ctx)
}
