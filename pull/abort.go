package pull

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// Abort makes the final call of src: one with a context that is done because
// of cause (nil and io.EOF mean [ErrStopped]). It returns nil when the source
// returned the cause itself or had already ended, and otherwise what went
// wrong in releasing, as a [ReleaseError]; a release error that a source has
// already returned is returned again. Abort must not overlap a call of src:
// it then returns [ErrOverlap] if src notices.
//
// How it tells: a release error wraps what went wrong, so an error that wraps
// nothing is no news, and an ended source does not look at its context.
func Abort[T any](src Source[T], cause error) error {
	return AbortIn(context.Background(), src, cause)
}

// AbortIn is [Abort] under a context that carries ctx's values. A through uses
// it to end its upstream while it answers a call under ctx.
func AbortIn[T any](ctx context.Context, src Source[T], cause error) error {
	cause = stopCause(cause)
	done, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	cancel(cause)
	dead := &watchedContext{Context: done}
	_, err := src(dead)
	var release *ReleaseError
	switch {
	case err == nil:
		return errValueAfterAbort
	case err == io.EOF || same(err, cause):
		return nil
	case err == ErrOverlap || errors.As(err, &release):
		return err
	case !dead.asked.Load() || !wraps(err) || onlyStop(err, cause, done.Err()):
		return nil
	}
	return &ReleaseError{Cause: cause, Err: err}
}

var errValueAfterAbort = errors.New("pull: source answered an abort with a value")

// A watchedContext notes whether anybody asked if it is done.
type watchedContext struct {
	context.Context
	asked atomic.Bool
}

// Err is that of the context, and a question.
func (c *watchedContext) Err() error {
	c.asked.Store(true)
	return c.Context.Err()
}

// Done is that of the context, and a question.
func (c *watchedContext) Done() <-chan struct{} {
	c.asked.Store(true)
	return c.Context.Done()
}
