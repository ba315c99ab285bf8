package through

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// FlattenSources returns the values of each source that src returns, one source
// after the other; the next one is asked for when one has ended. Nothing is
// read ahead.
//
// A source that fails ends the stream, and src is aborted because of it. An
// abort ends the source that is being read, then src.
func FlattenSources[T any](src pull.Source[pull.Source[T]]) pull.Source[T] {
	var many stage.Many
	var inner pull.Source[T]
	outer, current := stage.Add(&many, src), 0
	return stage.Run(&many, func(ctx context.Context) (T, error) {
		for {
			if inner == nil {
				next, err := src(ctx)
				if err != nil {
					var zero T
					many.Ended(outer)
					return zero, err
				}
				inner, current = next, stage.Add(&many, next)
			}
			v, err := inner(ctx)
			if err == nil {
				return v, nil
			}
			many.Ended(current)
			if inner = nil; err != io.EOF {
				return v, err
			}
		}
	})
}

// flatMapAhead is how far FlatMap reads each source ahead, all in all: half of
// it waits, half is in the batch that its reader has.
const flatMapAhead = 16

// FlatMap returns the values of the sources that f makes of the values of src,
// as they arrive. Up to n of these sources (less than 1 means 1) are read at
// once, each by up to 16 values ahead; the next value of src is pulled when one
// of them has ended and all its values were returned. So at most n values of
// src have been pulled and are not done with. For one source after the other,
// in order and without reading ahead, see [FlattenSources].
//
// A failure of one of the sources ends the stream after the values that had
// arrived before it, and aborts src and the other sources. A failure of src ends
// it when the sources made before it have ended. A panic, of f too, is a
// failure, a [pull.PanicError]. Values that have been read when the stream is
// aborted are discarded.
//
// Src, f and the sources run in goroutines that start at the first call, and
// have gone when the end is returned. Their context is FlatMap's own: it
// carries the values of the first call's context.
func FlatMap[A, B any](
	src pull.Source[A], n int, f func(A) pull.Source[B],
) pull.Source[B] {
	m := &flatMap[A, B]{src: src, f: f, slots: make(chan struct{}, max(n, 1))}
	m.ahead = pull.NewAhead(m.outer, flatMapAhead/2, nil)
	return m.next
}

type flatMap[A, B any] struct {
	src   pull.Source[A]
	f     func(A) pull.Source[B]
	slots chan struct{} // one entry for each source that is not done with
	ahead *pull.Ahead[part[B]]
}

// A part is a value and what is left of the source it came from.
type part[B any] struct {
	value B
	left  *atomic.Int64 // its values not returned yet, and 1 until it has ended
}

func (m *flatMap[A, B]) next(ctx context.Context) (B, error) {
	p, err := m.ahead.Next(ctx)
	if err == nil {
		m.done(p.left)
	}
	return p.value, err
}

// done gives the slot of a source back with the last thing that was left of it.
func (m *flatMap[A, B]) done(left *atomic.Int64) {
	if left.Add(-1) > 0 {
		return
	}
	select {
	case <-m.slots:
	default: // it was made after the end
	}
}

// outer has every source read that f makes, and returns when src has ended.
func (m *flatMap[A, B]) outer(ctx context.Context) (part[B], error) {
	var zero part[B]
	for {
		m.take(ctx, 1)
		v, err := m.src(ctx)
		if err == io.EOF {
			return zero, err
		}
		if err != nil {
			m.take(ctx, cap(m.slots)-1) // all are done with
			return zero, err
		}
		m.ahead.Add(m.inner(m.f(v)))
	}
}

// take takes n slots, or none if ctx is done, which is for src to see.
func (m *flatMap[A, B]) take(ctx context.Context, n int) {
	for range n {
		select {
		case m.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// inner is src, except that it counts what is left of it.
func (m *flatMap[A, B]) inner(src pull.Source[B]) pull.Source[part[B]] {
	left := new(atomic.Int64)
	left.Store(1)
	return func(ctx context.Context) (part[B], error) {
		v, err := src(ctx)
		if err != nil {
			m.done(left)
			return part[B]{}, err
		}
		left.Add(1)
		return part[B]{value: v, left: left}, nil
	}
}
