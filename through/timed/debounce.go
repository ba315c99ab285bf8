package timed

import (
	"context"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/arrive"
)

// Debounce returns a value once quiet has passed since src returned it and src
// has returned no other meanwhile: the last one of each burst. Those before it
// are discarded. When src ends or fails, the last value is returned at once. A
// quiet of 0 or less lets every value pass.
//
// A source that never rests for that long yields nothing until it ends. Where
// that may be, take what bounds the wait: [Sample], the last value of each
// period; [Throttle] with Trailing; or [Batch], of which the last value of a
// slice is one at most d after the slice's first. To debounce each key by itself,
// do so within the groups of fan.GroupBy: see the example.
//
// It reads up to 128 values ahead.
func Debounce[T any](
	src pull.Source[T], quiet time.Duration, drop func(T),
) pull.Source[T] {
	in := arrive.Of(src, arrive.Ahead, drop)
	var until time.Time // when what is held has been the last one for long enough
	return func(ctx context.Context) (T, error) {
		var zero T
		if err := in.Begin(ctx); err != nil {
			return zero, err
		}
		for {
			v, event := in.Wait(ctx, until)
			switch event {
			case arrive.Came:
				until = v.At.Add(quiet)
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
