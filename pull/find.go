package pull

import "context"

// Find returns the first value of src for which pred is true, and true, and
// aborts src with [ErrStopped]; or false when src has ended without one. It
// reads nothing beyond that value. If releasing src fails, that comes with the
// value. Otherwise an error is src's failure, or [Cause] of ctx.
//
// A panic of pred goes on after src was aborted with it.
func Find[T any](ctx context.Context, src Source[T], pred func(T) bool) (T, bool, error) {
	var hit T
	found := false
	err := Each(ctx, src, func(v T) error {
		if !pred(v) {
			return nil
		}
		hit, found = v, true
		return ErrStopped
	})
	return hit, found, err
}

// Last reads src to its end and returns its last value, and whether there was
// one. At a failure, or when ctx is done, it returns the last value before that
// with the error.
func Last[T any](ctx context.Context, src Source[T]) (T, bool, error) {
	var last T
	any := false
	err := Each(ctx, src, func(v T) error {
		last, any = v, true
		return nil
	})
	return last, any, err
}

// Len reads src to its end and returns how many values there were: before a
// failure too, which is returned with it.
func Len[T any](ctx context.Context, src Source[T]) (int, error) {
	return Reduce(ctx, src, 0, func(n int, _ T) int { return n + 1 })
}
