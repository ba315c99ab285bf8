package through

import (
	"context"
	"errors"
	"io"
	"reflect"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// UntilDone returns the values of src until stop is done, whatever its cause:
// a graceful stop. The end is io.EOF then, also of a call that is blocked in
// src, and src is aborted with [pull.ErrStopped]. What src returns all the same
// is delivered before, so nothing that has been read is lost: not here, and not
// in the stages behind, which see a source that ends. What stages before it
// hold is discarded, as in any abort, so put it right behind what must stop:
//
//	src = through.UntilDone(src, interrupted) // read no more
//	src = through.Buffer(src, 64)             // but deliver what has been read
//
// A stop that is done before the first call ends the stream unread. A failure
// of src stays a failure, as does a release that fails (a [pull.ReleaseError]
// of io.EOF). The context of a call is for giving up, as ever. What cannot be
// interrupted is waited for. Where what stops is a channel, cancel a context
// when it is closed.
//
// Src is called under contexts derived from those of the calls, one for as long
// as they are the same: a derivation costs some eight allocations, a value none.
func UntilDone[T any](src pull.Source[T], stop context.Context) pull.Source[T] {
	u := &untilDone[T]{Upstream: stage.Of(src), stop: stop}
	return u.next
}

type untilDone[T any] struct {
	*stage.Upstream[T]
	stop context.Context

	// The context of the last calls, and what was derived from it. Cancelling
	// it between calls is seen by none, or by the next one's own check.
	last   context.Context // nil: it cannot be compared
	own    context.Context // also done with stop, because of ErrStopped
	cancel context.CancelCauseFunc
	unhook func() bool
	fired  chan struct{} // closed when own was cancelled because of stop
}

func (u *untilDone[T]) next(ctx context.Context) (T, error) {
	var zero T
	switch {
	case u.Stopped:
		return zero, u.Refuse(ctx)
	case ctx.Err() != nil:
		u.free()
		return zero, u.Fail(ctx, pull.Cause(ctx))
	case u.stop.Err() != nil:
		u.free()
		u.Close(ctx, io.EOF)
		return zero, u.Refuse(ctx)
	}
	if u.last == nil || u.last != ctx {
		u.derive(ctx)
	}
	v, err := u.Src(u.own)
	if err == nil {
		return v, nil
	}
	return zero, u.End(u.ended(ctx, err))
}

func (u *untilDone[T]) derive(ctx context.Context) {
	u.free()
	own, cancel := context.WithCancelCause(ctx)
	fired := make(chan struct{})
	u.own, u.cancel, u.fired = own, cancel, fired
	u.unhook = context.AfterFunc(u.stop, func() {
		cancel(pull.ErrStopped)
		close(fired)
	})
	if reflect.ValueOf(ctx).Comparable() {
		u.last = ctx
	}
}

// free lets go of the derived context.
func (u *untilDone[T]) free() {
	if u.own == nil {
		return
	}
	if !u.unhook() {
		<-u.fired
	}
	u.cancel(nil)
	u.last, u.own, u.cancel, u.unhook, u.fired = nil, nil, nil, nil, nil
}

// ended is what the stream ends with when src has ended with err.
func (u *untilDone[T]) ended(ctx context.Context, err error) error {
	stopped := context.Cause(u.own) == pull.ErrStopped
	u.free()
	if !stopped || !errors.Is(err, pull.ErrStopped) && !errors.Is(err, context.Canceled) {
		return err // the end, or a failure, just then
	}
	end := io.EOF
	if ctx.Err() != nil {
		end = pull.Cause(ctx)
	}
	if release := stage.Judge(err, pull.ErrStopped); release != nil {
		return stage.Released(release, end)
	}
	return end
}
