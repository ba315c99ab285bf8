package through

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// ParallelUnordered is [Parallel], except that results come as they arrive: a
// slow call of f holds up no other result. With up to n calls of f at once
// (less than 1 means 1), fewer than 2n values have been pulled and not yet
// delivered: those in f, and their results, which are discarded when the
// stream ends early: see [ParallelUnorderedDrop].
//
// An error of f ends the stream after the results that had arrived before it,
// one of src after the results of what came before it; both do so in the way of
// Parallel.
func ParallelUnordered[A, B any](
	src pull.Source[A], n int, f func(context.Context, A) (B, error),
) pull.Source[B] {
	return ParallelUnorderedDrop(src, n, f, nil)
}

// ParallelUnorderedDrop is [ParallelUnordered] with the drop of [ParallelDrop],
// except for the order of what is dropped.
func ParallelUnorderedDrop[A, B any](
	src pull.Source[A], n int, f func(context.Context, A) (B, error), drop func(B),
) pull.Source[B] {
	c := &crew[A, B]{src: src, f: f, idle: max(n, 1) - 1, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	c.active.Store(1)
	c.ahead = pull.NewAhead(c.work, 1, drop)
	return c.ahead.Next
}

// A crew is workers that share a source. Each is a source itself, of results.
type crew[A, B any] struct {
	src    pull.Source[A]
	f      func(context.Context, A) (B, error)
	ahead  *pull.Ahead[B]
	turn   chan struct{} // holds a token; who has taken it may pull
	active atomic.Int32  // workers that have not ended

	// Owned by who has the turn, then by the last worker.
	idle int   // workers not started yet
	end  error // what src has ended with
}

// work is the source of one worker's results.
func (c *crew[A, B]) work(ctx context.Context) (B, error) {
	var zero B
	v, more, err := c.pull(ctx)
	if err != nil {
		return zero, c.leave(ctx, nil)
	}
	if more {
		c.ahead.Add(c.work)
	}
	b, err := c.f(ctx, v)
	switch err {
	case nil:
		return b, nil
	case io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return zero, c.leave(ctx, err)
}

// pull reads the next value, and says whether it takes one more worker.
func (c *crew[A, B]) pull(ctx context.Context) (v A, more bool, err error) {
	<-c.turn // the worker that has it is stopped by what stops this one
	defer func() { c.turn <- struct{}{} }()
	if c.end != nil {
		return v, false, c.end
	}
	v, c.end = c.src(ctx)
	if c.end == nil && c.idle > 0 {
		c.idle--
		c.active.Add(1)
		more = true
	}
	return v, more, c.end
}

// leave ends a worker because of err, a failure of f, or because there is no
// more to pull. The last one has the source's end to tell, or to make: the
// others would have to wait for those that read it.
func (c *crew[A, B]) leave(ctx context.Context, err error) error {
	last := c.active.Add(-1) == 0
	switch {
	case !last && err == nil:
		return io.EOF
	case !last:
		return err
	case err == nil:
		return c.end
	}
	aborting := c.end
	if c.end == nil {
		c.end = err
		aborting = pull.AbortIn(ctx, c.src, err)
	}
	if release := new(pull.ReleaseError); errors.As(aborting, &release) {
		return stage.Released(release, err)
	}
	return err
}
