package through

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// TakeLast returns the last n values of src, or all if there are fewer. The
// first call reads src to its end, holding at most n values; all that is older
// is discarded. A failure of src comes after the last values before it. An
// abort discards what is held.
//
// With n of 0 or less there are no values, and the first call aborts src
// without reading.
func TakeLast[T any](src pull.Source[T], n int) pull.Source[T] {
	t := &takeLast[T]{Upstream: stage.Of(src), n: n}
	return t.next
}

type takeLast[T any] struct {
	*stage.Upstream[T]
	n    int
	held []T // a ring until src has ended, then what has not been delivered
	due  error
}

func (t *takeLast[T]) next(ctx context.Context) (T, error) {
	var zero T
	switch {
	case t.Stopped:
		return zero, t.Refuse(ctx)
	case t.n <= 0:
		return zero, takeNone(ctx, t.Upstream)
	case t.due == nil:
		if err := t.fill(ctx); err != nil {
			return zero, err
		}
	case ctx.Err() != nil:
		t.held = nil
		t.Last(t.due)
		return zero, t.Refuse(ctx)
	}
	v := t.held[0]
	t.held[0] = zero
	if t.held = t.held[1:]; len(t.held) == 0 {
		t.Last(t.due)
	}
	return v, nil
}

// fill reads src to its end. It returns an error if nothing is to be delivered.
func (t *takeLast[T]) fill(ctx context.Context) error {
	for oldest := 0; ; {
		v, err := t.Src(ctx)
		switch {
		case err != nil && (len(t.held) == 0 || err != io.EOF && ctx.Err() != nil):
			t.held = nil
			return t.End(err)
		case err != nil:
			t.held = append(t.held[oldest:len(t.held):len(t.held)], t.held[:oldest]...)
			t.Src, t.due = nil, err
			return nil
		case len(t.held) < t.n:
			t.held = append(t.held, v)
		default:
			t.held[oldest] = v
			oldest = (oldest + 1) % t.n
		}
	}
}
