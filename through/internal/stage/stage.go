// Package stage keeps the duties every through has towards its upstream.
package stage

import (
	"context"
	"errors"

	"github.com/weir-go/weir/pull"
)

// errPanicked is what a stage ends with when its function panicked and the
// next call is not an abort.
var errPanicked = errors.New("through: stage panicked in an earlier call")

// An Upstream is the source a stage reads, and how the stage itself ended.
// A stage starts each call with
//
//	if up.Stopped {
//		return zero, up.Refuse(ctx)
//	}
//
// and brackets a user's function by Stopped = true and Stopped = false, so that
// a panic in it leaves a stopped stage behind: one load and two stores a value.
type Upstream[A any] struct {
	Src     pull.Source[A] // nil once the stage has ended
	Stopped bool           // the next call must go to Refuse

	next error // what to end with after a last value; nil: none is due
	end  error // what the stage ended with
}

// Of returns the upstream of a stage that has not been called yet.
func Of[A any](src pull.Source[A]) *Upstream[A] { return &Upstream[A]{Src: src} }

// End ends the stage with err, with which the source has ended, and returns it.
func (u *Upstream[A]) End(err error) error {
	u.Src, u.Stopped, u.next, u.end = nil, true, nil, err
	return err
}

// Fail ends the stage with cause: it aborts the source, which must not have
// ended. It returns what the stage ended with: cause, or a ReleaseError with it.
func (u *Upstream[A]) Fail(ctx context.Context, cause error) error {
	src := u.Src
	u.End(errPanicked) // stands only if src panics
	if err := pull.AbortIn(ctx, src, cause); err != nil {
		cause = Released(err, cause)
	}
	return u.End(cause)
}

// Last says that the value about to be returned is the last one: the source
// has ended, and the next call ends the stage with err.
func (u *Upstream[A]) Last(err error) { u.Src, u.Stopped, u.next = nil, true, err }

// Close aborts the source, whose values are no longer wanted, and makes the
// next call end the stage: with io.EOF (given as eof), or what went wrong.
func (u *Upstream[A]) Close(ctx context.Context, eof error) {
	src := u.Src
	u.End(errPanicked) // stands only if src panics
	if err := pull.AbortIn(ctx, src, pull.ErrStopped); err != nil {
		eof = Released(err, eof)
	}
	u.end = nil
	u.Last(eof)
}

// Refuse answers a call of a stopped stage: with its end, with the end that was
// due after the last value, or, after a panic, by aborting the source.
func (u *Upstream[A]) Refuse(ctx context.Context) error {
	switch {
	case u.end != nil:
		return u.end
	case u.next != nil && ctx.Err() == nil:
		return u.End(u.next)
	case u.next != nil:
		return u.End(overtaken(u.next, pull.Cause(ctx)))
	case ctx.Err() != nil:
		return u.Fail(ctx, pull.Cause(ctx))
	}
	return u.Fail(ctx, errPanicked)
}

// overtaken is what a stage ends with when an abort comes before the end that
// was due: the abort's cause, but a release that failed stays known.
func overtaken(due, cause error) error {
	if rel, ok := due.(*pull.ReleaseError); ok {
		return &pull.ReleaseError{Cause: cause, Err: rel.Err}
	}
	return cause
}

// Judge returns what err, the answer of a source that was stopped because of
// cause, says of its release: Abort can tell, if it is answered with err.
func Judge(err, cause error) error {
	return pull.Abort(func(ctx context.Context) (struct{}, error) {
		_ = ctx.Err() // an answer to an abort has asked for it
		return struct{}{}, err
	}, cause)
}

// Released joins a release that failed to why the stage ended.
func Released(err, cause error) error {
	if rel, ok := err.(*pull.ReleaseError); ok {
		err = rel.Err
	}
	return &pull.ReleaseError{Cause: cause, Err: err}
}
