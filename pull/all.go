package pull

import (
	"context"
	"iter"
)

// All is the everyday sink: a sequence of src's values, each with a nil error.
// A failure, or [Cause] of ctx when that is done, comes as the last pair with
// a zero value; a clean end brings no further pair.
//
// Leaving the loop early aborts src with [ErrStopped], and then a failure of
// its release is not seen (use [Each] where that matters, and in a sink that
// may fail: it aborts src with the failure); a panic in the loop's body aborts
// it with a [PanicError]. The sequence can be ranged over once; a sequence that
// is never ranged over reads nothing.
func (src Source[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		done := false
		defer abortUnlessDone(ctx, src, &done)
		for {
			v, err := src(ctx)
			if err != nil {
				done = true
				if err = ended(ctx, err); err != nil {
					yield(v, err)
				}
				return
			}
			if !yield(v, nil) {
				done = true
				_ = AbortIn(ctx, src, ErrStopped)
				return
			}
		}
	}
}
