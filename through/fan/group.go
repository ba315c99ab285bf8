package fan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// ErrTooManyGroups is returned, wrapped, by [GroupBy] when a value needs one
// group more than may be open.
var ErrTooManyGroups = errors.New("fan: too many groups")

// groupAhead is how many values may wait for a group.
const groupAhead = 16

// GroupBy gives the values of src that have the same key to one call of f, each
// in a goroutine, as a source of their own, and returns the results of f as
// they arrive. A group's source ends when src has ended, and fails when src
// has. When f returns before, the group is closed, and the next value with its
// key opens a new one.
//
// At most limit groups (less than 1 means 1) are open at once: a value that
// needs one more ends the stream with ErrTooManyGroups, and aborts src. Each
// group is up to 32 values behind src; then it holds up src, and so the others.
//
// A failure of src ends the stream when all calls of f have returned; one of f
// (io.EOF is io.ErrUnexpectedEOF) ends it after the results before it, aborts
// src and makes the others fail. A panic, of key too, is a failure, a
// [pull.PanicError]. Src, key and f run under a context of GroupBy's own, which
// carries the values of the first call's context; key in the goroutine that
// pulls src. No goroutine is left when the end is returned.
func GroupBy[T, R any, K comparable](
	src pull.Source[T], limit int, key func(T) K,
	f func(ctx context.Context, key K, group pull.Source[T]) (R, error),
) pull.Source[R] {
	g := &groups[T, R, K]{src: src, limit: max(limit, 1), key: key, f: f,
		open: map[K]*box[T]{}, settled: make(chan struct{}, 1)}
	g.ahead = pull.NewAhead(g.pull, 1, nil)
	return g.ahead.Next
}

type groups[T, R any, K comparable] struct {
	src     pull.Source[T]
	limit   int
	key     func(T) K
	f       func(ctx context.Context, key K, group pull.Source[T]) (R, error)
	ahead   *pull.Ahead[R]
	settled chan struct{} // due may have changed

	mu   sync.Mutex
	open map[K]*box[T]
	n    int // groups that are open
	due  int // results that are not with those waiting yet
}

// pull is a source without values: it pulls src to its end.
func (g *groups[T, R, K]) pull(ctx context.Context) (r R, err error) {
	returned := false
	defer func() {
		if !returned {
			err = g.crashed(ctx, crash(recover()))
		}
	}()
	for err == nil {
		var v T
		if v, err = g.src(ctx); err == nil {
			err = g.put(ctx, g.key(v), v)
		}
	}
	if g.end(err); err != io.EOF {
		g.wait(ctx)
	}
	returned = true
	return r, err
}

// crashed ends the groups and src because of err, a panic of src or key. The
// groups get the panic itself, since they may be the first to return it.
func (g *groups[T, R, K]) crashed(ctx context.Context, err error) (end error) {
	g.end(err)
	end = err
	defer func() { _ = recover() }() // one panic is enough
	if release := pull.AbortIn(ctx, g.src, err); release != nil {
		end = stage.Released(release, err)
	}
	return end
}

// put gives v to the group of its key, or returns why src had to be aborted.
func (g *groups[T, R, K]) put(ctx context.Context, k K, v T) error {
	for {
		b := g.find(k)
		switch {
		case b == nil:
			return g.refuse(ctx)
		case b.put(ctx, v), ctx.Err() != nil, g.holds(k, b):
			return nil
		}
	}
}

// find returns the group of a key, which it opens if there is room.
func (g *groups[T, R, K]) find(k K) *box[T] {
	g.mu.Lock()
	b := g.open[k]
	if b != nil || g.n >= g.limit {
		g.mu.Unlock()
		return b
	}
	b = newBox[T](groupAhead)
	g.open[k] = b
	g.n++
	g.due++
	g.mu.Unlock()
	g.ahead.Add(g.group(k, b))
	return b
}

// holds says whether a group is open, though nobody reads it any more.
func (g *groups[T, R, K]) holds(k K, b *box[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open[k] == b
}

// refuse aborts src, whose value needs one group more.
func (g *groups[T, R, K]) refuse(ctx context.Context) error {
	err := fmt.Errorf("%w: %d are open", ErrTooManyGroups, g.limit)
	if release := pull.AbortIn(ctx, g.src, err); release != nil {
		return stage.Released(release, err)
	}
	return err
}

// group is the source of a group's result, which has been put with those
// waiting when there is another call.
func (g *groups[T, R, K]) group(k K, b *box[T]) pull.Source[R] {
	called := false
	return func(ctx context.Context) (r R, err error) {
		if called {
			g.settle()
			return r, io.EOF
		}
		called = true
		r, err = g.call(ctx, k, b)
		if err != nil {
			g.settle()
		}
		return r, err
	}
}

// call calls f for a group, unless ctx is done, and closes the group.
func (g *groups[T, R, K]) call(ctx context.Context, k K, b *box[T]) (r R, err error) {
	defer g.close(k, b)
	if ctx.Err() != nil {
		return r, pull.Cause(ctx)
	}
	if r, err = g.f(ctx, k, b.next); err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return r, err
}

func (g *groups[T, R, K]) close(k K, b *box[T]) {
	g.mu.Lock()
	if g.open[k] == b {
		delete(g.open, k)
	}
	g.n--
	g.mu.Unlock()
	b.leave()
}

func (g *groups[T, R, K]) settle() {
	g.mu.Lock()
	g.due--
	g.mu.Unlock()
	signal(g.settled)
}

// end ends the sources of all groups.
func (g *groups[T, R, K]) end(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range g.open {
		b.end(err)
	}
}

// wait waits until all results are with those waiting.
func (g *groups[T, R, K]) wait(ctx context.Context) {
	for {
		g.mu.Lock()
		due := g.due
		g.mu.Unlock()
		if due == 0 {
			return
		}
		select {
		case <-g.settled:
		case <-ctx.Done():
			return
		}
	}
}
