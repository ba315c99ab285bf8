package pulltest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

func ownContext(src pull.Source[int]) pull.Source[int] {
	return func(ctx context.Context) (int, error) {
		own, cancel := context.WithCancelCause(context.Background())
		stop := context.AfterFunc(ctx, func() { cancel(pull.Cause(ctx)) })
		defer stop()
		if ctx.Err() != nil {
			cancel(pull.Cause(ctx))
		}
		return src(own)
	}
}

func deaf(src pull.Source[int]) pull.Source[int] {
	return func(ctx context.Context) (int, error) {
		if ctx.Err() != nil {
			return src(ctx)
		}
		return src(context.WithoutCancel(ctx))
	}
}

// borrowsContext reads one value ahead under the context of the call before.
func borrowsContext(src pull.Source[int]) pull.Source[int] {
	type result struct {
		v   int
		err error
	}
	ask := func(ctx context.Context) chan result {
		next := make(chan result, 1)
		go func() {
			v, err := src(ctx)
			next <- result{v, err}
		}()
		return next
	}
	var next chan result
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		if next == nil {
			next = ask(ctx)
		}
		got := <-next
		if got.err == nil && ctx.Err() != nil {
			_, end = src(ctx)
			return 0, end
		}
		if end = got.err; end == nil {
			next = ask(ctx)
		}
		return got.v, end
	}
}

func reusesWindow(t *testing.T) []pulltest.Violation {
	return pulltest.CheckThrough(t, func(src pull.Source[int]) pull.Source[[]int] {
		window := make([]int, 1)
		return func(ctx context.Context) ([]int, error) {
			v, err := src(ctx)
			if err != nil {
				return nil, err
			}
			window[0] = v
			return window, nil
		}
	}, pulltest.ThroughOptions[int, []int]{})
}

// failsWith is a stage that fails at its third value, and ends its source in
// its own way.
func failsWith(abort func(pull.Source[int], error)) func(t *testing.T) []pulltest.Violation {
	opts := passes
	opts.Fail = func(src pull.Source[int]) pull.Source[int] {
		var end error
		return func(ctx context.Context) (int, error) {
			if end != nil {
				return 0, end
			}
			var v int
			if v, end = src(ctx); v == 2 {
				end = errors.New("no twos")
				abort(src, end)
				return 0, end
			}
			return v, end
		}
	}
	return checkThrough(opts, readsThrough)
}

// panicsWith is a stage whose user function panics at its third value, and
// what it does about that.
func panicsWith(
	after func(pull.Source[int]) error, swallow bool,
) func(t *testing.T) []pulltest.Violation {
	opts := passes
	opts.Panic = func(src pull.Source[int]) pull.Source[int] {
		var end error
		return func(ctx context.Context) (v int, err error) {
			if end != nil {
				return 0, end
			}
			defer func() {
				if p := recover(); p != nil {
					end = after(src)
					v, err = 0, end
					if !swallow {
						panic(p)
					}
				}
			}()
			if v, end = src(ctx); v == 2 {
				panic("twos")
			}
			return v, end
		}
	}
	return checkThrough(opts, readsThrough)
}

// readsThrough is a correct stage: it passes everything on, and asks its
// source nothing after the end.
func readsThrough(src pull.Source[int]) pull.Source[int] {
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		var v int
		v, end = src(ctx)
		return v, end
	}
}
