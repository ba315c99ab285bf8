package fan

import (
	"context"
	"sync/atomic"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// A Reader is one of several readers of a source. [Reader.Next] is for one
// goroutine at a time, [Reader.Missed] for any.
type Reader[T any] struct {
	hub  *hub[T]
	join func(r *Reader[T]) // finds the hub at the first call, unless it is set
	wake chan struct{}

	// Under the hub's mutex.
	waiting []T
	asks    bool // has seen that nothing is waiting

	missed atomic.Int64

	// Owned by the goroutine that reads.
	batch []T // of which the first given have been returned
	given int
	end   error
}

func newReader[T any]() *Reader[T] { return &Reader[T]{wake: make(chan struct{}, 1)} }

// Next is the [pull.Source] of the reader's values.
func (r *Reader[T]) Next(ctx context.Context) (T, error) {
	if r.given < len(r.batch) && ctx.Err() == nil {
		r.given++
		return r.batch[r.given-1], nil
	}
	var zero T
	switch {
	case r.end != nil:
		return zero, r.end
	case ctx.Err() != nil:
		return zero, r.leave(ctx, pull.Cause(ctx))
	case r.hub == nil:
		r.join(r)
	}
	r.hub.begin(ctx)
	for {
		if r.take() {
			r.given = 1
			return r.batch[0], nil
		}
		if r.end != nil {
			return zero, r.end
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return zero, r.leave(ctx, pull.Cause(ctx))
		}
	}
}

// Missed returns how many values the reader has missed because it was too slow.
// Only readers of what says so miss any.
func (r *Reader[T]) Missed() int { return int(r.missed.Load()) }

// take takes all that waits, or finds that the source has ended.
func (r *Reader[T]) take() bool {
	clear(r.batch)
	h := r.hub
	h.mu.Lock()
	r.batch, r.waiting = r.waiting, r.batch[:0]
	r.given = 0
	r.asks = len(r.batch) == 0
	over := h.over
	h.mu.Unlock()
	if len(r.batch) == 0 && over {
		r.finish()
		return false
	}
	h.changed.Signal()
	return len(r.batch) > 0
}

// finish ends the reader where the source has.
func (r *Reader[T]) finish() {
	h := r.hub
	h.running.Wait()
	r.batch, r.given = nil, 0
	r.end = h.end
	if h.release != nil {
		r.end = stage.Released(h.release, r.end)
	}
	h.mu.Lock()
	h.told = true
	h.mu.Unlock()
	h.stand(r, r.end)
}

// leave ends the reader because of cause.
func (r *Reader[T]) leave(ctx context.Context, cause error) error {
	r.batch, r.given, r.end = nil, 0, cause
	if r.hub != nil {
		r.end = r.hub.leave(ctx, r, cause)
	}
	return r.end
}

func (r *Reader[T]) signal() { signal(r.wake) }

// signal fills a channel of one slot.
func signal(slot chan<- struct{}) {
	select {
	case slot <- struct{}{}:
	default:
	}
}
