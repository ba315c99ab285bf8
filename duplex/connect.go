package duplex

import (
	"context"
	"errors"

	"github.com/weir-go/weir/pull"
)

// Connect runs both directions between a and b, each on a goroutine of its
// own, until both have ended: what a's source gives goes to b's sink, and the
// other way round. All four halves must be there and unused; all have ended
// when it returns.
//
// A direction that ends cleanly, or whose sink wants no more
// ([pull.ErrStopped]), leaves the other one running. Any other error cancels
// the other direction with it; Connect waits for that and returns the first
// failure (or an error that matches it and says what went wrong in releasing).
// When ctx is cancelled both directions end, and Connect returns
// context.Cause(ctx) unless both had ended cleanly before. A panic in either
// direction is returned as a [pull.PanicError].
func Connect[A, B any](ctx context.Context, a Duplex[A, B], b Duplex[B, A]) error {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := link{ctx: own, cancel: cancel, errs: make(chan error, 2)}
	go transfer(l, a.Source, b.Sink)
	go transfer(l, b.Source, a.Sink)
	return verdict(ctx, <-l.errs, <-l.errs)
}

// A link is what both directions of a Connect share.
type link struct {
	ctx    context.Context // for the time of the Connect
	cancel context.CancelCauseFunc
	errs   chan error
}

// transfer runs one direction, and cancels both when it fails. All is done in
// the deferred call, so that a sink which panics or exits its goroutine is a
// failure like any other.
func transfer[T any](l link, src pull.Source[T], sink pull.Sink[T]) {
	var err error
	returned := false
	defer func() {
		if !returned {
			err = pull.NewPanicError(recover())
			_ = pull.AbortIn(l.ctx, src, err) // where a user's sink did not
		}
		if err != nil && err != pull.ErrStopped {
			l.cancel(err)
		}
		l.errs <- err
	}()
	err = sink(l.ctx, src)
	returned = true
}

// verdict makes one error of those of both directions, in order of time.
func verdict(ctx context.Context, first, second error) error {
	cut := ctx.Err() != nil && (first != nil || second != nil)
	if first == nil || first == pull.ErrStopped {
		first, second = second, nil
	}
	if first == pull.ErrStopped {
		first = nil
	}
	switch {
	case first == nil && cut:
		return pull.Cause(ctx)
	case first != nil && errors.Is(second, first):
		return second // the same, or a release error around it
	}
	return first
}
