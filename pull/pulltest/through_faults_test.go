package pulltest_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

func identity(in []int) []int { return in }

func firstTwo(in []int) []int { return in[:min(2, len(in))] }

var passes = pulltest.ThroughOptions[int, int]{Want: identity}

// checkThrough is the check of a stage that makes of its source what the
// options say.
func checkThrough(
	opts pulltest.ThroughOptions[int, int], stage func(pull.Source[int]) pull.Source[int],
) func(t *testing.T) []pulltest.Violation {
	return func(t *testing.T) []pulltest.Violation {
		return pulltest.CheckThrough(t, stage, opts)
	}
}

var throughFaults = []fault{
	{"demand", "reads when it is built", checkThrough(passes, readsAtOnce)},
	{"demand", "reads one ahead without saying so", checkThrough(passes, lookahead(1))},
	{"demand", "reads further ahead than it says", checkThrough(
		pulltest.ThroughOptions[int, int]{Want: identity, ReadAhead: 2}, lookahead(3))},
	{"one at a time", "overlaps the calls of its source", checkThrough(
		pulltest.ThroughOptions[int, int]{ReadAhead: 2, Goroutines: true}, overlaps)},
	{"end", "makes a clean end of a failure", checkThrough(passes, hidesFailure)},
	{"end", "drops the value before the end", checkThrough(passes, dropsLast)},
	{"finality", "does not keep its end", checkThrough(
		pulltest.ThroughOptions[int, int]{Want: firstTwo}, forgetsEnd)},
	{"abort", "aborts its source for another reason", checkThrough(passes, otherCause)},
	{"abort", "aborts its source twice", checkThrough(passes, abortsTwice)},
	{"abort", "loses a failed release", checkThrough(passes, losesRelease)},
	{"early stop", "loses a failed release in pull.Abort", checkThrough(passes, losesRelease)},
	{"abort", "ends early and loses a failed release", checkThrough(
		pulltest.ThroughOptions[int, int]{Want: firstTwo}, takesTwo)},
	{"finality", "swallows a value when it is interrupted", checkThrough(passes, swallows)},
	{"through", "does not tell its source of an abort", checkThrough(passes, keepsAbort)},
	{"through", "ends early and walks away", checkThrough(
		pulltest.ThroughOptions[int, int]{Want: firstTwo}, walksAway)},
	{"through", "aborts a source that has ended", checkThrough(passes, abortsEnded)},
	{"through", "ends early and aborts without the call's values", checkThrough(
		pulltest.ThroughOptions[int, int]{Want: firstTwo}, abortsOutside)},
	{"through", "reads on after the end", checkThrough(passes, readsOn)},
	{"through", "does not pass its context on", checkThrough(passes, ownContext)},
	{"through", "fails and walks away", failsWith(func(pull.Source[int], error) {})},
	{"through", "fails for one reason and aborts for another", failsWith(
		func(src pull.Source[int], _ error) { _ = pull.Abort(src, errors.New("other")) })},
	{"prompt", "waits for a source that it does not interrupt", checkThrough(passes, deaf)},
	{"scope", "reads between calls under the context of one", checkThrough(
		pulltest.ThroughOptions[int, int]{Want: identity, ReadAhead: 1}, borrowsContext)},
	{"ownership", "reuses its window", reusesWindow},
	{"panic", "ends cleanly after a panic", panicsWith(func(src pull.Source[int]) error {
		_ = pull.Abort(src, errors.New("panicked"))
		return io.EOF
	}, false)},
	{"panic", "swallows the panic", panicsWith(func(src pull.Source[int]) error {
		err := errors.New("swallowed")
		_ = pull.Abort(src, err)
		return err
	}, true)},
	{"through", "does not abort its source after a panic", panicsWith(
		func(pull.Source[int]) error { return errors.New("panicked") }, false)},
}

func readsAtOnce(src pull.Source[int]) pull.Source[int] {
	v, err := src(context.Background())
	first := true
	return func(ctx context.Context) (int, error) {
		if first && err == nil && ctx.Err() == nil {
			first = false
			return v, nil
		}
		return src(ctx)
	}
}

// lookahead keeps n values before it hands out one.
func lookahead(n int) func(pull.Source[int]) pull.Source[int] {
	return func(src pull.Source[int]) pull.Source[int] {
		var kept []int
		var end error
		return func(ctx context.Context) (int, error) {
			if ctx.Err() != nil {
				kept = nil
			}
			for end == nil && len(kept) <= n {
				v, err := src(ctx)
				if err != nil {
					end = err
					break
				}
				kept = append(kept, v)
			}
			if ctx.Err() != nil || len(kept) == 0 {
				return 0, end
			}
			v := kept[0]
			kept = kept[1:]
			return v, nil
		}
	}
}

func overlaps(src pull.Source[int]) pull.Source[int] {
	type result struct {
		v   int
		err error
	}
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		if ctx.Err() != nil {
			_, end = src(ctx)
			return 0, end
		}
		results := make(chan result, 2)
		for range 2 {
			go func() {
				v, err := src(ctx)
				results <- result{v, err}
			}()
		}
		a, b := <-results, <-results
		if end = a.err; end == nil {
			end = b.err
		}
		return 0, end
	}
}

func hidesFailure(src pull.Source[int]) pull.Source[int] {
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		v, err := src(ctx)
		if end = err; err != nil && ctx.Err() == nil {
			end = io.EOF
		}
		return v, end
	}
}

func dropsLast(src pull.Source[int]) pull.Source[int] {
	var last int
	var have bool
	return func(ctx context.Context) (int, error) {
		if !have {
			v, err := src(ctx)
			if err != nil {
				return 0, err
			}
			last, have = v, true
		}
		v, err := src(ctx)
		if err != nil {
			have = false
			return 0, err
		}
		v, last = last, v
		return v, nil
	}
}

func forgetsEnd(src pull.Source[int]) pull.Source[int] {
	n := 0
	return func(ctx context.Context) (int, error) {
		if n++; n == 3 {
			return 0, errors.Join(pull.AbortIn(ctx, src, nil), errors.New("enough"))
		}
		return src(ctx)
	}
}

func otherCause(src pull.Source[int]) pull.Source[int] {
	var end error
	return func(ctx context.Context) (int, error) {
		switch {
		case end != nil:
		case ctx.Err() != nil:
			end = pull.Cause(ctx)
			_ = pull.AbortIn(ctx, src, errors.New("tired"))
		default:
			var v int
			if v, end = src(ctx); end == nil {
				return v, nil
			}
		}
		return 0, end
	}
}

func abortsTwice(src pull.Source[int]) pull.Source[int] {
	return func(ctx context.Context) (int, error) {
		if ctx.Err() != nil {
			_, _ = src(ctx)
		}
		return src(ctx)
	}
}

func losesRelease(src pull.Source[int]) pull.Source[int] {
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		v, err := src(ctx)
		if end = err; err != nil && ctx.Err() != nil {
			end = pull.Cause(ctx)
		}
		return v, end
	}
}

// swallows loses the value that came while its context became done, and
// goes on as if nothing had happened.
func swallows(src pull.Source[int]) pull.Source[int] {
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		live := ctx.Err() == nil
		v, err := src(ctx)
		if end = err; err == nil && live && ctx.Err() != nil {
			return 0, pull.Cause(ctx)
		}
		return v, err
	}
}

func keepsAbort(src pull.Source[int]) pull.Source[int] {
	var end error
	return func(ctx context.Context) (int, error) {
		if end == nil && ctx.Err() != nil {
			end = pull.Cause(ctx)
		}
		if end != nil {
			return 0, end
		}
		var v int
		v, end = src(ctx)
		return v, end
	}
}

// abortsOutside is right but for the context that its source ends under.
func abortsOutside(src pull.Source[int]) pull.Source[int] {
	n := 0
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		if n++; n < 3 || ctx.Err() != nil {
			var v int
			v, end = src(ctx)
			return v, end
		}
		if end = pull.Abort(src, nil); end == nil {
			end = io.EOF
		}
		return 0, end
	}
}

func walksAway(src pull.Source[int]) pull.Source[int] {
	n := 0
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		if n++; n == 3 && ctx.Err() == nil {
			end = io.EOF
			return 0, end
		}
		var v int
		v, end = src(ctx)
		return v, end
	}
}

// takesTwo ends its source with its second value, and hears nothing of it.
func takesTwo(src pull.Source[int]) pull.Source[int] {
	n := 0
	var end error
	return func(ctx context.Context) (int, error) {
		if end == nil && n < 2 {
			v, err := src(ctx)
			if end = err; end != nil {
				return 0, end
			}
			if n++; n == 2 {
				_ = pull.AbortIn(ctx, src, nil)
			}
			return v, nil
		}
		if end == nil {
			end = io.EOF
			if ctx.Err() != nil {
				end = pull.Cause(ctx)
			}
		}
		return 0, end
	}
}

func abortsEnded(src pull.Source[int]) pull.Source[int] {
	var end error
	return func(ctx context.Context) (int, error) {
		if end != nil {
			return 0, end
		}
		v, err := src(ctx)
		if end = err; err != nil {
			_ = pull.AbortIn(ctx, src, err)
		}
		return v, err
	}
}

func readsOn(src pull.Source[int]) pull.Source[int] {
	return func(ctx context.Context) (int, error) { return src(ctx) }
}
