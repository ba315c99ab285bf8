package timed

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// A TimeoutError says that a source took too long. It matches
// context.DeadlineExceeded under errors.Is.
type TimeoutError struct {
	After time.Duration // how long it was given
	Total bool          // for all of its values, not for one
}

// Error says what took too long.
func (e *TimeoutError) Error() string {
	if e.Total {
		return fmt.Sprintf("timed: stream has not ended after %v", e.After)
	}
	return fmt.Sprintf("timed: no value for %v", e.After)
}

// Timeout is always true, as in a net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Is reports whether target is context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout returns the values of src, and fails with a [TimeoutError] when a
// call of src takes longer than d: src is aborted with it. The time between
// calls does not count. Each call derives a context, at about four allocations.
func Timeout[T any](src pull.Source[T], d time.Duration) pull.Source[T] {
	cause := &TimeoutError{After: d}
	return under(src, func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(ctx, d, cause)
	})
}

// Deadline returns the values of src, and fails with a [TimeoutError] when src
// has not ended d after the first call: src is aborted with it, by the call
// that is under way then or by the next one. Each call derives a context, at
// about four allocations.
func Deadline[T any](src pull.Source[T], d time.Duration) pull.Source[T] {
	cause := &TimeoutError{After: d, Total: true}
	var due time.Time
	return under(src, func(ctx context.Context) (context.Context, context.CancelFunc) {
		if due.IsZero() {
			due = time.Now().Add(d)
		}
		return context.WithDeadlineCause(ctx, due, cause)
	})
}

// under calls src under a context that limit derives from the call's.
func under[T any](
	src pull.Source[T],
	limit func(context.Context) (context.Context, context.CancelFunc),
) pull.Source[T] {
	up := stage.Of(src)
	return func(ctx context.Context) (T, error) {
		if up.Stopped {
			var zero T
			return zero, up.Refuse(ctx)
		}
		limited, cancel := limit(ctx)
		defer cancel()
		v, err := up.Src(limited)
		if err != nil {
			up.End(err)
		}
		return v, err
	}
}
