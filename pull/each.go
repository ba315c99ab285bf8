package pull

import "context"

// Each calls f for every value of src and returns nil at its end, or src's
// failure. When f returns an error, src is aborted with it and Each returns
// it, except that exactly [ErrStopped] means enough has been seen: Each then
// returns nil. If releasing src fails as well, the error is a [ReleaseError]
// that matches both. When ctx is done Each returns [Cause] of it.
//
// A panic of f goes on after src was aborted with it as cause.
func Each[T any](ctx context.Context, src Source[T], f func(T) error) error {
	done := false
	defer abortUnlessDone(ctx, src, &done)
	for {
		v, err := src(ctx)
		if err != nil {
			done = true
			return ended(ctx, err)
		}
		if err = f(v); err != nil {
			done = true
			return stopEach(ctx, src, err)
		}
	}
}

func stopEach[T any](ctx context.Context, src Source[T], err error) error {
	if err == ErrStopped && ctx.Err() == nil {
		return AbortIn(ctx, src, err)
	}
	return giveUp(ctx, src, err)
}
