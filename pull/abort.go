package pull

import (
	"context"
	"errors"
	"io"
)

// Abort makes the final call of src: one with a context that is done because
// of cause (nil and io.EOF mean [ErrStopped]). It returns nil when the source
// returned the cause itself or had already ended, and otherwise what went
// wrong in releasing.
//
// A release error wraps what went wrong, so an error that wraps nothing is an
// earlier failure of a source that had already ended, and no news: nil.
// Abort must not overlap a call of src.
func Abort[T any](src Source[T], cause error) error {
	return AbortIn(context.Background(), src, cause)
}

// AbortIn is [Abort] under a context that carries ctx's values. A through uses
// it to end its upstream while it answers a call under ctx.
func AbortIn[T any](ctx context.Context, src Source[T], cause error) error {
	cause = stopCause(cause)
	dead, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	cancel(cause)
	_, err := src(dead)
	switch {
	case err == nil:
		return errValueAfterAbort
	case err == cause || err == io.EOF:
		return nil
	case err == ErrOverlap || wraps(err):
		return err
	}
	return nil
}

var errValueAfterAbort = errors.New("pull: source answered an abort with a value")

func wraps(err error) bool {
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return true
	}
	return false
}
