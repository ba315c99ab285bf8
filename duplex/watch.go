package duplex

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
)

// errPanicked is what a watched source ends with when what watches it panicked.
var errPanicked = errors.New("duplex: a function panicked in an earlier call")

// A watch passes a source on while it looks at it.
type watch[T any] struct {
	src  pull.Source[T]
	see  func(T) error           // before each value is passed on; an error ends the source
	over func(cause error) error // once, after the source has ended; nil means nothing to do
	busy bool                    // still set on entry: see panicked in an earlier call
	end  error
}

// watched is src, with each of its values shown to see and its end to over.
func watched[T any](
	src pull.Source[T], see func(T) error, over func(cause error) error,
) pull.Source[T] {
	w := &watch[T]{src: src, see: see, over: over}
	return w.next
}

func (w *watch[T]) next(ctx context.Context) (T, error) {
	var zero T
	switch {
	case w.end != nil:
		return zero, w.end
	case w.busy && ctx.Err() != nil:
		return zero, w.fail(ctx, pull.Cause(ctx))
	case w.busy:
		return zero, w.fail(ctx, errPanicked)
	}
	v, err := w.src(ctx)
	if err != nil {
		return zero, w.finish(err)
	}
	w.busy = true
	err = w.see(v)
	w.busy = false
	if err != nil {
		return zero, w.fail(ctx, err)
	}
	return v, nil
}

// fail ends the source, which has not ended, because of cause.
func (w *watch[T]) fail(ctx context.Context, cause error) error {
	w.end = errPanicked // stands only if the source panics
	err := pull.AbortIn(ctx, w.src, cause)
	var release *pull.ReleaseError
	if errors.As(err, &release) {
		err = release.Err
	}
	if err != nil {
		cause = &pull.ReleaseError{Cause: cause, Err: err}
	}
	return w.finish(cause)
}

// finish says what the source has ended with. Where that cannot be told to
// over, this is the news.
func (w *watch[T]) finish(cause error) error {
	w.src, w.end = nil, cause
	if w.over == nil {
		return cause
	}
	w.end = errPanicked // stands only if over panics
	if err := w.over(cause); err != nil && cause == io.EOF {
		cause = err
	} else if err != nil {
		cause = &pull.ReleaseError{Cause: cause, Err: err}
	}
	w.end = cause
	return cause
}
