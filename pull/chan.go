package pull

import (
	"context"
	"io"
)

// FromChan is the source of what is received from ch. It ends when ch is
// closed. An abort only ends the receiving: whoever sends must learn of it by
// other means, a context for instance. A value is received only by a call that
// returns it, so none is lost. A nil ch blocks until the context is done.
func FromChan[T any](ch <-chan T) Source[T] {
	return From(func(ctx context.Context) (T, error) {
		var zero T
		select {
		case v, ok := <-ch:
			if !ok {
				return zero, io.EOF
			}
			return v, nil
		case <-ctx.Done():
			return zero, Cause(ctx)
		}
	}, nil)
}
