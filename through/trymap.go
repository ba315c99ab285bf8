package through

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// TryMap returns f of each value of src, where f may fail and may wait. It is
// given the context of the call, and is never called twice at once; where that
// is too slow, see [Parallel].
//
// An error of f ends the stream, and src is aborted because of it. io.EOF from
// f is io.ErrUnexpectedEOF, so that a failure cannot look like the end. If the
// call's context is done when f fails, the end is [pull.Cause] of it. Where one
// bad value must not end the stream, leave it out by [FilterMap], or let f
// return a result that can hold an error, as in the example of [Parallel].
func TryMap[A, B any](
	src pull.Source[A], f func(context.Context, A) (B, error),
) pull.Source[B] {
	up := stage.Of(src)
	return func(ctx context.Context) (B, error) {
		var zero B
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		a, err := up.Src(ctx)
		if err != nil {
			return zero, up.End(err)
		}
		up.Stopped = true
		b, err := f(ctx, a)
		up.Stopped = false
		if err != nil {
			return zero, up.Fail(ctx, failure(ctx, err))
		}
		return b, nil
	}
}

// failure is what a stream ends with when a function it runs has returned err.
func failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return pull.Cause(ctx)
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	}
	return err
}
