package timed

import (
	"context"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/arrive"
)

// An Edge says which values of a period [Throttle] returns.
type Edge uint8

// The edges of a period; Leading|Trailing is both.
const (
	Leading  Edge = 1 << iota // the first value, at once
	Trailing                  // the last value that was not returned yet, when the period ends
)

// Throttle returns at most one value for each period; with both edges, at most
// one and one more. A period begins with a value that comes in none, and, where
// it ends with a trailing value, the next one begins there. The other values
// are discarded. When src ends or fails, a trailing value is returned at once.
// An edge of 0 means Leading, a period of 0 or less lets every value pass.
//
// It reads up to 128 values ahead.
func Throttle[T any](
	src pull.Source[T], period time.Duration, edge Edge, drop func(T),
) pull.Source[T] {
	if edge&(Leading|Trailing) == 0 {
		edge = Leading
	}
	t := &throttle[T]{
		in: arrive.Of(src, arrive.Ahead, drop), period: period, edge: edge,
	}
	return t.next
}

type throttle[T any] struct {
	in     *arrive.Inlet[T]
	period time.Duration
	edge   Edge
	until  time.Time // the end of the period; zero outside one
}

func (t *throttle[T]) next(ctx context.Context) (T, error) {
	var zero T
	if err := t.in.Begin(ctx); err != nil {
		return zero, err
	}
	for {
		v, event := t.in.Wait(ctx, t.until)
		switch event {
		case arrive.Came:
			if t.passes(v) {
				return v.V, nil
			}
		case arrive.Passed:
			if len(t.in.Held) > 0 {
				t.until = t.until.Add(t.period)
				return t.in.Release(), nil
			}
			t.until = time.Time{}
		case arrive.Ended:
			return t.in.LastValue()
		case arrive.Cancelled:
			return zero, t.in.Abort(ctx)
		}
	}
}

// passes reports whether v is to be returned at once; else it is dealt with.
func (t *throttle[T]) passes(v arrive.Value[T]) bool {
	if t.until.IsZero() {
		t.until = v.At.Add(t.period)
		if t.edge&Leading != 0 {
			return true
		}
	}
	if t.edge&Trailing != 0 {
		t.in.Replace(v.V)
	} else {
		t.in.Discard(v.V)
	}
	return false
}
