package timed

import (
	"context"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/arrive"
)

// Delay returns each value d after src returned it, in order. The end of src is
// not delayed, but comes after the values.
//
// It reads up to 2n values ahead (n less than 1 means 1), all of which may be
// under way at once; when n wait behind one that is not due, src is held up. So
// no more than some 2n values pass in each d.
func Delay[T any](
	src pull.Source[T], d time.Duration, n int, drop func(T),
) pull.Source[T] {
	in := arrive.Of(src, n, drop)
	return func(ctx context.Context) (T, error) {
		var zero T
		if err := in.Begin(ctx); err != nil {
			return zero, err
		}
		v, event := in.Wait(ctx, time.Time{})
		if event == arrive.Ended {
			return zero, in.Finish()
		}
		if event == arrive.Came {
			in.Held = append(in.Held, v.V)
			event = in.Sleep(ctx, v.At.Add(d))
		}
		if event == arrive.Cancelled {
			return zero, in.Abort(ctx)
		}
		return in.Release(), nil
	}
}
