package pull

import (
	"context"
	"io"
	"iter"

	"github.com/weir-go/weir/pull/internal/hook"
)

// Generate is the source of what f yields. F is started by the first call,
// runs only inside calls, and is suspended in yield between them. When it
// returns, the source ends: cleanly for nil, else with its error. A panic of f
// reaches whoever made the call.
//
// The ctx of f is its own for the whole of its life: it carries the values of
// the first call's context, and is cancelled, with the cause, by an abort or
// when the context of a call becomes done while f is at work. From then on
// yield returns false, and f should clean up and return; calls and aborts wait
// for it. What f then returns is a failed release (see [ReleaseError]), unless
// it is nil, the cause or ctx's error, wrapped or not.
//
// Only the goroutine that runs f may call yield.
func Generate[T any](f func(ctx context.Context, yield func(T) bool) error) Source[T] {
	g := &generator[T]{f: f}
	return From(g.next, g.release)
}

type generator[T any] struct {
	f      func(ctx context.Context, yield func(T) bool) error
	own    context.Context // f's; nil until the first call
	cancel context.CancelCauseFunc
	hook   *hook.Hook
	pull   func() (T, bool)
	stop   func()
	err    error // what f returned
}

func (g *generator[T]) next(ctx context.Context) (T, error) {
	if g.own == nil {
		g.start(ctx)
	}
	var zero T
	if g.own.Err() != nil {
		// An earlier call was interrupted while its value was on the way out.
		return zero, Cause(g.own)
	}
	g.hook.Enter(ctx)
	defer g.hook.Leave()
	v, ok := g.pull()
	switch {
	case ok:
		return v, nil
	case g.err != nil:
		return zero, g.err
	}
	return zero, io.EOF
}

func (g *generator[T]) start(ctx context.Context) {
	g.own, g.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	g.hook = hook.New(func(ctx context.Context) { g.cancel(Cause(ctx)) })
	g.pull, g.stop = iter.Pull(g.run)
}

// run is the coroutine.
func (g *generator[T]) run(yield func(T) bool) {
	g.err = g.f(g.own, func(v T) bool {
		return g.own.Err() == nil && yield(v) && g.own.Err() == nil
	})
}

func (g *generator[T]) release(cause error) error {
	if g.own == nil {
		return nil
	}
	g.hook.Close()
	g.cancel(cause)
	g.stop()
	if g.err == nil || onlyStop(g.err, cause, g.own.Err()) {
		return nil
	}
	return g.err
}
