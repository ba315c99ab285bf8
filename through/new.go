package through

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// New makes an operator of next, which returns its next value, of as many
// values of src as that takes, and is called until it returns an error. What it
// remembers between calls are variables around it. The src that it is given
// remembers its end, so that next may return what it holds when src ends, and
// read on in its next call to get the same error again:
//
//	v, err := src(ctx)
//	if err != nil && len(held) > 0 {
//		return flush(), nil // the end comes again with the next call
//	}
//
// An error of next is the end. If src has not ended, it is aborted because of
// it: io.EOF ends the stream early and cleanly, with src told [pull.ErrStopped].
// A failure of src stays a failure: io.EOF from next is that failure then (to
// replace it, see [Recover]).
//
// Next need not look at its context. It is not called with one that is done:
// the stream ends then, and src is aborted. If the context becomes done while
// next runs, its value is still returned, unless src has been aborted by then:
// what is flushed because of an abort is discarded. The end is [pull.Cause] of
// the context, or what src made of it. After a panic of next the stream has
// failed. Next must call src with its context or one derived from it, on its
// own goroutine, and not after it has returned. To let go of what next holds,
// put [Finally] behind it.
func New[A, B any](
	src pull.Source[A], next func(ctx context.Context, src pull.Source[A]) (B, error),
) pull.Source[B] {
	var many stage.Many
	var end error // with which src has ended
	up := stage.Add(&many, src)
	read := func(ctx context.Context) (A, error) {
		if end != nil {
			var zero A
			return zero, end
		}
		v, err := src(ctx)
		if err != nil {
			end = err
			many.Ended(up)
		}
		return v, err
	}
	return stage.Run(&many, func(ctx context.Context) (B, error) {
		v, err := next(ctx, read)
		if err != nil || end != nil {
			err = endOf(ctx, err, end)
		}
		return v, err
	})
}

// endOf is what a stream of New ends with, or nil, when next has returned err,
// and src has ended with end, or not (nil).
func endOf(ctx context.Context, err, end error) error {
	cancelled := ctx.Err() != nil
	failed := end != nil && end != io.EOF
	switch {
	case failed && (cancelled || err == io.EOF):
		return end
	case err == nil, !cancelled, end == io.EOF && err == io.EOF:
		return err
	}
	cause := pull.Cause(ctx)
	if release := new(pull.ReleaseError); errors.As(err, &release) {
		return stage.Released(release, cause)
	}
	return cause
}
