package timed

import (
	"context"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/arrive"
)

// Sample returns the last value that has come in each period, at its end, and
// nothing for a period without one. Periods follow each other from the first
// call on. Other values are discarded. When src ends or fails, the last value
// of the period that was cut short is returned at once. A period of 0 or less
// lets every value pass.
//
// It reads up to 128 values ahead.
func Sample[T any](
	src pull.Source[T], period time.Duration, drop func(T),
) pull.Source[T] {
	in := arrive.Of(src, arrive.Ahead, drop)
	var start, until time.Time // until: the end of the held value's period
	return func(ctx context.Context) (T, error) {
		var zero T
		if err := in.Begin(ctx); err != nil {
			return zero, err
		}
		if start.IsZero() {
			start = time.Now()
		}
		for {
			v, event := in.Wait(ctx, until)
			switch event {
			case arrive.Came:
				until = arrive.PeriodEnd(start, v.At, period)
				in.Replace(v.V)
			case arrive.Passed:
				until = time.Time{}
				return in.Release(), nil
			case arrive.Ended:
				return in.LastValue()
			case arrive.Cancelled:
				return zero, in.Abort(ctx)
			}
		}
	}
}
