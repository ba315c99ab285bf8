package pull

import (
	"context"
	"errors"
)

// A teeBranch is the source that one sink of a tee reads.
type teeBranch[T any] struct {
	t    *tee[T]
	give chan T // 1 slot: the answer to having asked
	end  error
}

// run runs sink on the branch, in a goroutine of its own.
func (b *teeBranch[T]) run(sink Sink[T]) {
	defer b.leave(ErrStopped)
	err := guarded(func() error { return sink(b.t.own, b.next) })
	if err == nil || err == ErrStopped && b.t.own.Err() == nil {
		return
	}
	b.t.once.Do(func() { b.t.failure = err })
	b.t.cancel(err)
}

func (b *teeBranch[T]) next(ctx context.Context) (T, error) {
	var zero T
	switch {
	case b.end != nil:
		return zero, b.end
	case ctx.Err() != nil:
		return zero, b.leave(Cause(ctx))
	}
	b.t.events <- teeEvent[T]{branch: b}
	select {
	case v := <-b.give:
		return v, nil
	case <-b.t.over:
		return zero, b.leave(b.t.end)
	case <-ctx.Done():
		return zero, b.leave(Cause(ctx))
	}
}

// leave ends the branch, and the reading of the source with the last one.
func (b *teeBranch[T]) leave(end error) error {
	if b.end == nil {
		b.end = end
		var panicked *PanicError
		if errors.As(end, &panicked) {
			b.t.cancel(end) // before the others are given anything more
		}
		if b.t.readers.Add(-1) == 0 {
			b.t.enough(end)
		}
		b.t.events <- teeEvent[T]{branch: b, left: true}
	}
	return b.end
}
