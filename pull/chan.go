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
		select {
		case v, ok := <-ch: // a select of one is several times as fast as one of two
			return received(v, ok)
		default:
		}
		select {
		case v, ok := <-ch:
			return received(v, ok)
		case <-ctx.Done():
			var zero T
			return zero, Cause(ctx)
		}
	}, nil)
}

func received[T any](v T, ok bool) (T, error) {
	if !ok {
		return v, io.EOF
	}
	return v, nil
}
