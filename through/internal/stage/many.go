package stage

import (
	"context"
	"errors"
	"slices"

	"github.com/weir-go/weir/pull"
)

// Many is the sources that a stage reads on its caller's goroutine, and how the
// stage itself ended. See [Run].
type Many struct {
	open []func(ctx context.Context, cause error) error // nil: has ended
	end  error
	busy bool // still set on entry: something panicked in an earlier call
	errs []error
}

// Add adds a source that has not ended to those of m, and returns its number.
func Add[T any](m *Many, src pull.Source[T]) int {
	m.open = append(m.open, func(ctx context.Context, cause error) error {
		return pull.AbortIn(ctx, src, cause)
	})
	return len(m.open) - 1
}

// Ended says that source i has ended. The last source's number is used again.
func (m *Many) Ended(i int) {
	m.open[i] = nil
	if i == len(m.open)-1 {
		m.open = m.open[:i]
	}
}

// Note keeps what went wrong in ending a source before the stage ends; nil is
// nothing. What the stage ends with will tell.
func (m *Many) Note(err error) {
	if release, ok := err.(*pull.ReleaseError); ok {
		err = release.Err
	}
	if err != nil {
		m.errs = append(m.errs, err)
	}
}

// Open says whether source i has not ended.
func (m *Many) Open(i int) bool { return i < len(m.open) && m.open[i] != nil }

// Run makes a source of next, which is called until it returns an error, with
// contexts that are not done. The stage ends with that error, or with its
// caller's abort; the sources that have not ended by then are aborted because
// of it, the last one first.
func Run[T any](m *Many, next func(ctx context.Context) (T, error)) pull.Source[T] {
	return func(ctx context.Context) (T, error) {
		var zero T
		switch {
		case m.end != nil:
			return zero, m.end
		case ctx.Err() != nil:
			return zero, m.fail(ctx, pull.Cause(ctx))
		case m.busy:
			return zero, m.fail(ctx, errPanicked)
		}
		m.busy = true
		v, err := next(ctx)
		m.busy = false
		if err != nil {
			return zero, m.fail(ctx, err)
		}
		return v, nil
	}
}

// fail ends the stage because of err, and every source that has not ended.
func (m *Many) fail(ctx context.Context, err error) error {
	open := m.open
	m.open, m.end = nil, errPanicked // stands only if a source panics
	cause := err
	release, ok := err.(*pull.ReleaseError)
	if ok {
		cause = release.Cause
	}
	for _, abort := range slices.Backward(open) {
		if abort != nil {
			m.Note(abort(ctx, cause))
		}
	}
	if m.end = err; len(m.errs) == 0 {
		return err
	}
	if ok {
		m.Note(release)
	}
	m.end = &pull.ReleaseError{Cause: cause, Err: m.errs[0]}
	if len(m.errs) > 1 {
		m.end = &pull.ReleaseError{Cause: cause, Err: errors.Join(m.errs...)}
	}
	return m.end
}
