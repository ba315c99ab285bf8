package timed

import (
	"context"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/arrive"
)

// Batch returns the values of src in slices of n (less than 1 means 1), or of
// fewer when d has passed since the first of them came. What there is when src
// ends or fails is returned before that. No slice is empty, and each belongs to
// the receiver. For slices of n however long they take, see through.Batch.
//
// It reads up to 128 values ahead of the slice it fills.
func Batch[T any](
	src pull.Source[T], n int, d time.Duration, drop func(T),
) pull.Source[[]T] {
	b := &batch[T]{in: arrive.Of(src, arrive.Ahead, drop), n: max(n, 1), d: d}
	return b.next
}

type batch[T any] struct {
	in    *arrive.Inlet[T]
	n     int
	d     time.Duration
	until time.Time // when the slice is returned, full or not; zero: it is empty
}

func (b *batch[T]) next(ctx context.Context) ([]T, error) {
	if err := b.in.Begin(ctx); err != nil {
		return nil, err
	}
	for len(b.in.Held) < b.n {
		v, event := b.in.Wait(ctx, b.until)
		switch {
		case event == arrive.Came:
			if len(b.in.Held) == 0 {
				b.until = v.At.Add(b.d)
			}
			b.in.Held = append(b.in.Held, v.V)
			continue
		case event == arrive.Cancelled:
			return nil, b.in.Abort(ctx)
		case event == arrive.Ended && len(b.in.Held) == 0:
			return nil, b.in.Finish()
		case event == arrive.Ended:
			b.in.Flush()
		}
		break
	}
	full := b.in.Held
	b.in.Held, b.until = nil, time.Time{}
	return full, nil
}
