package through

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Flatten returns the elements of each slice of src, in order; empty slices
// give none. What has not been delivered of a slice when the stream is aborted
// is discarded.
func Flatten[S ~[]T, T any](src pull.Source[S]) pull.Source[T] {
	up := stage.Of(src)
	var rest S
	return func(ctx context.Context) (T, error) {
		var zero T
		if up.Stopped {
			return zero, up.Refuse(ctx)
		}
		if len(rest) > 0 && ctx.Err() != nil {
			rest = nil
			return zero, up.Fail(ctx, pull.Cause(ctx))
		}
		for len(rest) == 0 {
			var err error
			if rest, err = up.Src(ctx); err != nil {
				rest = nil
				return zero, up.End(err)
			}
		}
		v := rest[0]
		rest = rest[1:]
		return v, nil
	}
}

// Unbatch is [Flatten] for plain slices: the counterpart of [Batch].
func Unbatch[T any](src pull.Source[[]T]) pull.Source[T] { return Flatten(src) }
