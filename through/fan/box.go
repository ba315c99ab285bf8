package fan

import (
	"context"
	"sync"

	"github.com/weir-go/weir/pull"
)

// A box is a bounded queue between one writer and one reader.
type box[T any] struct {
	limit int
	ready chan struct{} // there may be something to read
	room  chan struct{} // there may be room

	mu      sync.Mutex
	waiting []T
	over    error // what comes after waiting
	gone    bool  // the reader has left

	// Owned by the reader.
	batch []T // of which the first given have been returned
	given int
	done  error
}

func newBox[T any](limit int) *box[T] {
	return &box[T]{
		limit: limit, ready: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
}

// put waits for room and puts v in. It reports whether it has: not if ctx is
// done or the reader has left.
func (b *box[T]) put(ctx context.Context, v T) bool {
	for {
		b.mu.Lock()
		gone, fits := b.gone, len(b.waiting) < b.limit
		if fits && !gone {
			b.waiting = append(b.waiting, v)
		}
		b.mu.Unlock()
		switch {
		case gone:
			return false
		case fits:
			signal(b.ready)
			return true
		}
		select {
		case <-b.room:
		case <-ctx.Done():
			return false
		}
	}
}

// end says that nothing more will be put in; the first time counts.
func (b *box[T]) end(err error) {
	b.mu.Lock()
	if b.over == nil {
		b.over = err
	}
	b.mu.Unlock()
	signal(b.ready)
}

// leave says that nothing more will be read.
func (b *box[T]) leave() {
	b.mu.Lock()
	b.gone, b.waiting = true, nil
	if b.over == nil {
		b.over = pull.ErrStopped
	}
	b.mu.Unlock()
	signal(b.ready)
	signal(b.room)
}

// next is the reader's source.
func (b *box[T]) next(ctx context.Context) (T, error) {
	if b.given < len(b.batch) && ctx.Err() == nil {
		b.given++
		return b.batch[b.given-1], nil
	}
	var zero T
	for b.done == nil {
		if ctx.Err() != nil {
			b.leave()
			b.done, b.batch, b.given = pull.Cause(ctx), nil, 0
			break
		}
		if b.take() {
			return b.batch[0], nil
		}
		if b.done != nil {
			break
		}
		select {
		case <-b.ready:
		case <-ctx.Done():
		}
	}
	return zero, b.done
}

// take takes all that waits, and returns the first of it. Without any, it
// looks for the end.
func (b *box[T]) take() bool {
	clear(b.batch)
	b.mu.Lock()
	b.batch, b.waiting = b.waiting, b.batch[:0]
	over := b.over
	b.mu.Unlock()
	if b.given = 1; len(b.batch) > 0 {
		signal(b.room)
		return true
	}
	if b.given = 0; over != nil {
		b.done = over
	}
	return false
}
