package pull

import "context"

// Collect returns all values of src, nil if there are none. What came before a
// failure, or before ctx was done, is returned with the error. It holds
// everything in memory: put a through.Take before it where src may be endless.
func Collect[T any](ctx context.Context, src Source[T]) ([]T, error) {
	done := false
	defer abortUnlessDone(ctx, src, &done)
	var vs []T
	for {
		v, err := src(ctx)
		if err != nil {
			done = true
			return vs, ended(ctx, err)
		}
		vs = append(vs, v)
	}
}

// Reduce folds src: it starts with init and replaces it by f(it, value) for
// each value. At a failure, or when ctx is done, it returns what there is so
// far with the error. A panic of f goes on after src was aborted with it.
func Reduce[T, A any](
	ctx context.Context, src Source[T], init A, f func(A, T) A,
) (A, error) {
	done := false
	defer abortUnlessDone(ctx, src, &done)
	for {
		v, err := src(ctx)
		if err != nil {
			done = true
			return init, ended(ctx, err)
		}
		init = f(init, v)
	}
}

// Drain reads src to its end and throws its values away. It returns src's
// failure, or [Cause] of ctx when that is done.
func Drain[T any](ctx context.Context, src Source[T]) error {
	done := false
	defer abortUnlessDone(ctx, src, &done)
	for {
		if _, err := src(ctx); err != nil {
			done = true
			return ended(ctx, err)
		}
	}
}
