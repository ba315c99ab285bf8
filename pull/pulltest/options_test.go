package pulltest_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// says runs a check and wants a violation whose detail has text in it, or
// none at all if text is empty.
func says(t *testing.T, text string, found []pulltest.Violation) {
	t.Helper()
	if text == "" {
		assert.Empty(t, found)
		return
	}
	if assert.NotEmpty(t, found, "nothing was found, want %q", text) {
		assert.Contains(t, fmt.Sprint(found), text)
	}
}

func TestSourceEnds(t *testing.T) {
	failing := func() pull.Source[int] {
		src := pull.Count(3)
		return pull.From(func(ctx context.Context) (int, error) {
			v, err := src(ctx)
			if err == io.EOF {
				err = errBoom
			}
			return v, err
		}, nil)
	}
	opts := threeWanted
	says(t, "want io.EOF", pulltest.CheckSource(t, failing, opts))
	opts.End = errBoom
	says(t, "", pulltest.CheckSource(t, failing, opts))
	opts.End = io.ErrNoProgress
	says(t, "want "+io.ErrNoProgress.Error(), pulltest.CheckSource(t, failing, opts))
}

func TestSourceEndless(t *testing.T) {
	endless := func() pull.Source[int] { return pull.Count(1 << 40) }
	opts := threeWanted
	says(t, "more than the 3 values", pulltest.CheckSource(t, endless, opts))
	opts.Endless = true
	says(t, "", pulltest.CheckSource(t, endless, opts))
}

func TestSourceThatDoesNotStall(t *testing.T) {
	opts := threeWanted
	opts.Stalls = true
	says(t, "does not stall", pulltest.CheckSource(t, func() pull.Source[int] {
		return pull.Count(3)
	}, opts))
}

func TestSourceUninterruptible(t *testing.T) {
	opts := threeWanted
	opts.Stalls, opts.Uninterruptible = true, true
	stubborn := newThree(func(s *three) { s.wait = func(context.Context) { time.Sleep(time.Hour) } })
	says(t, "", pulltest.CheckSource(t, stubborn, opts))
}

func TestSourceGrace(t *testing.T) {
	releasing := func(d time.Duration) func() pull.Source[int] {
		return newThree(func(s *three) {
			s.stop = func(ctx context.Context) error {
				time.Sleep(d)
				return pull.Cause(ctx)
			}
		})
	}
	slow := releasing(5 * time.Second)
	opts := threeWanted
	opts.Quick = releasing(0)
	says(t, "does not return", pulltest.CheckSource(t, slow, opts))
	opts.Grace = 5 * time.Second
	says(t, "", pulltest.CheckSource(t, slow, opts))
}

func TestSourceInRealTime(t *testing.T) {
	opts := threeWanted
	opts.Stalls, opts.RealTime = true, true
	says(t, "", pulltest.CheckSource(t, newThree(func(s *three) {
		s.wait = func(ctx context.Context) { <-ctx.Done() }
	}), opts))
	opts.Stalls = false
	says(t, "with the error", pulltest.CheckSource(t, newThree(func(s *three) {
		s.last = func() (int, error) {
			s.end = io.EOF
			return 1, io.EOF
		}
	}), opts))
}

func TestThroughUnordered(t *testing.T) {
	opts := passes
	opts.ReadAhead = 1
	says(t, "want [0 1 2 3 4]", pulltest.CheckThrough(t, swapsPairs, opts))
	opts.Unordered = true
	says(t, "", pulltest.CheckThrough(t, swapsPairs, opts))
	says(t, "more often", pulltest.CheckThrough(t, func(src pull.Source[int]) pull.Source[int] {
		inner := readsThrough(src)
		return func(ctx context.Context) (int, error) {
			v, err := inner(ctx)
			return min(v, 2), err
		}
	}, opts))
}

// swapsPairs returns every second value before the first.
func swapsPairs(src pull.Source[int]) pull.Source[int] {
	src = readsThrough(src)
	var kept []int
	var end error
	return func(ctx context.Context) (int, error) {
		if end == nil && ctx.Err() != nil {
			kept, end = nil, pull.Cause(ctx)
			if err := pull.AbortIn(ctx, src, end); err != nil {
				end = err
			}
		}
		for len(kept) < 2 && end == nil {
			v, err := src(ctx)
			if err != nil {
				break
			}
			kept = append([]int{v}, kept...)
		}
		if len(kept) == 0 {
			if end == nil {
				_, end = src(ctx)
			}
			return 0, end
		}
		v := kept[0]
		kept = kept[1:]
		return v, nil
	}
}

func TestValues(t *testing.T) {
	valuesOf[int](t, "[0 1 2]")
	valuesOf[uint8](t, "[0 1 2]")
	valuesOf[float64](t, "[0 1 2]")
	valuesOf[string](t, "[0 1 2]")
	valuesOf[[]byte](t, "[[48] [49] [50]]")
	valuesOf[struct{}](t, "[{} {} {}]")
}

// valuesOf wants the root's values to begin as written.
func valuesOf[T any](t *testing.T, want string) {
	t.Helper()
	var seen []T
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[T]) error {
		vs, err := pull.Collect(ctx, src)
		if len(vs) > len(seen) {
			seen = vs
		}
		return err
	}, pulltest.SinkOptions[T]{})
	if assert.Len(t, seen, 1000) {
		assert.Equal(t, want, fmt.Sprint(seen[:3]))
	}
}

func TestVariantsThatDoNotVary(t *testing.T) {
	says(t, "not with a failure", pulltest.CheckThrough(t, readsThrough,
		pulltest.ThroughOptions[int, int]{Fail: readsThrough}))
	says(t, "did not come out", pulltest.CheckThrough(t, readsThrough,
		pulltest.ThroughOptions[int, int]{Panic: readsThrough}))
	says(t, "not a failure", pulltest.CheckSink(t, pull.Drain[int],
		pulltest.SinkOptions[int]{Fail: pull.Drain[int]}))
	says(t, "does not block", pulltest.CheckSink(t, pull.Drain[int],
		pulltest.SinkOptions[int]{Stall: pull.Drain[int]}))
}

func TestViolationString(t *testing.T) {
	v := pulltest.Violation{Law: "end", Schedule: "1 values, end; read all", Detail: "no end"}
	assert.Equal(t, `law "end" broken [1 values, end; read all]: no end`, v.String())
}
