package through

import (
	"context"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Tap returns the values of src as they are, and shows them: each one to value
// before it is returned, and the end to end, exactly once, whatever it is:
// io.EOF, a failure, or what the stream was aborted with. It runs before the
// call that ends the stream returns. Either function may be nil. A stream that
// is never called has no end.
//
// Where end panics, the stream has failed, and end does not run again.
func Tap[T any](src pull.Source[T], value func(T), end func(error)) pull.Source[T] {
	t := &tap[T]{Upstream: stage.Of(src), value: value}
	if end != nil {
		t.end = func(err error) error { end(err); return nil }
	}
	return t.next
}

// Finally returns the values of src, and runs release exactly once when the
// stream has ended, however it did: with io.EOF, src's failure, or what it was
// aborted with. Src has let go of what it held by then, and the call that ends
// the stream waits for release. An error of release makes the end a
// [pull.ReleaseError]. A stream that is never called does not run release: what
// is held from the start needs an abort at least.
//
// Where release panics, the stream has failed, and release does not run again.
func Finally[T any](src pull.Source[T], release func(cause error) error) pull.Source[T] {
	t := &tap[T]{Upstream: stage.Of(src), end: release}
	return t.next
}

// errEndPanicked is what a stream has ended with whose last function panicked.
var errEndPanicked = errors.New("through: the function run at the end panicked")

type tap[T any] struct {
	*stage.Upstream[T]
	value func(T)           // nil: none
	end   func(error) error // nil: none, or it has run
}

func (t *tap[T]) next(ctx context.Context) (T, error) {
	var zero T
	if t.Stopped {
		return zero, t.ended(t.Refuse(ctx))
	}
	v, err := t.Src(ctx)
	if err != nil {
		return zero, t.ended(t.End(err))
	}
	if t.value != nil {
		t.Stopped = true
		t.value(v)
		t.Stopped = false
	}
	return v, nil
}

// ended tells of the end, unless that was done, and returns it.
func (t *tap[T]) ended(err error) error {
	if t.end == nil {
		return err
	}
	end := t.end
	t.end = nil
	if err == io.EOF {
		t.End(errEndPanicked) // stands only if end panics
	}
	if rerr := end(err); rerr != nil {
		err = stage.Released(rerr, err)
	}
	return t.End(err)
}
