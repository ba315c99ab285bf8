package pull

import (
	"context"
	"errors"
	"io"
)

// ended is what a sink under ctx returns once its source has returned err.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		if err == io.EOF {
			return nil
		}
		return err
	}
	// A sink that was cancelled says so, but does not hide a failed release.
	cause := Cause(ctx)
	if err == ErrOverlap || wraps(err) && !onlyStop(err, cause, ctx.Err()) {
		return err
	}
	return cause
}

// giveUp ends src for a sink under ctx that has failed with err, and returns
// what the sink returns.
func giveUp[T any](ctx context.Context, src Source[T], err error) error {
	cause := err
	if ctx.Err() != nil {
		cause = Cause(ctx)
		err = cause
	}
	rerr := AbortIn(ctx, src, cause)
	var release *ReleaseError
	switch {
	case rerr == nil:
		return err
	case errors.As(rerr, &release) && release.Cause != nil && same(release.Cause, err):
		return rerr
	}
	return &ReleaseError{Cause: err, Err: rerr}
}

var errExited = errors.New("pull: runtime.Goexit in a user's function")

// abortUnlessDone is what a sink defers before it runs user code: if that
// panics, the source is aborted with the panic as cause, and the panic goes on.
func abortUnlessDone[T any](ctx context.Context, src Source[T], done *bool) {
	if *done {
		return
	}
	value := recover()
	if value == nil {
		// Goexit, as t.FailNow does. Nobody is left to tell of a failed release.
		_ = AbortIn(ctx, src, errExited)
		return
	}
	// The panic outranks a failed release.
	_ = AbortIn(ctx, src, NewPanicError(value))
	panic(value)
}
