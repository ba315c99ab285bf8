package rx_test

import (
	"context"
	"errors"
	"testing"

	"github.com/reactivex/rxgo/v2"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/rx"
)

func TestConformance(t *testing.T) {
	t.Run("Observable", observableConforms)
	t.Run("Source", sourceConforms)
	t.Run("Through", throughConforms)
}

func same[T any](in []T) []T { return append([]T(nil), in...) }

func panics(src pull.Source[int]) pull.Source[int] {
	return through.Map(src, func(n int) int {
		if n == 2 {
			panic("odd")
		}
		return n
	})
}

// rule: 1.1, 1.7, 1.9
func observableConforms(t *testing.T) {
	around := func(src pull.Source[int]) pull.Source[int] {
		return rx.Source[int](rx.Observable(src))
	}
	pulltest.Through(t, around, pulltest.ThroughOptions[int, int]{
		Want: same[int], ReadAhead: 2, Goroutines: true,
		Panic: func(src pull.Source[int]) pull.Source[int] { return around(panics(src)) },
		Fail: func(src pull.Source[int]) pull.Source[int] {
			return through.Map(rx.Source[string](rx.Observable(src)), func(s string) int { return len(s) })
		},
	})
}

func sourceConforms(t *testing.T) {
	failure := errors.New("failure")
	for name, end := range map[string]error{"end": nil, "failure": failure} {
		t.Run(name, func(t *testing.T) {
			pulltest.Source(t, func() pull.Source[int] {
				return rx.Source[int](rxgo.Defer([]rxgo.Producer{
					func(ctx context.Context, next chan<- rxgo.Item) {
						for i := range 3 {
							rxgo.Of(i).SendContext(ctx, next)
						}
						if end != nil {
							rxgo.Error(end).SendContext(ctx, next)
						}
					},
				}))
			}, pulltest.SourceOptions[int]{Want: []int{0, 1, 2}, End: end})
		})
	}
	pulltest.Source(t, func() pull.Source[int] {
		return rx.Source[int](rxgo.Defer([]rxgo.Producer{
			func(ctx context.Context, next chan<- rxgo.Item) { <-ctx.Done() },
		}))
	}, pulltest.SourceOptions[int]{Stalls: true})
}

// rule: 2.6, 1.8
func throughConforms(t *testing.T) {
	double := func(o rxgo.Observable) rxgo.Observable {
		return o.Map(func(_ context.Context, v interface{}) (interface{}, error) {
			return 2 * v.(int), nil
		})
	}
	for _, once := range []bool{false, true} {
		ahead := 3
		if once {
			ahead = 0
		}
		run := func(src pull.Source[int]) pull.Source[int] {
			return rx.Through[int, int](src, double, rx.Options{OneForOne: once})
		}
		pulltest.Through(t, run, pulltest.ThroughOptions[int, int]{
			Want: func(in []int) (out []int) {
				for _, n := range in {
					out = append(out, 2*n)
				}
				return out
			},
			ReadAhead: ahead, Goroutines: true,
			Panic: func(src pull.Source[int]) pull.Source[int] { return run(panics(src)) },
			Fail: func(src pull.Source[int]) pull.Source[int] {
				return rx.Through[int, int](src, func(o rxgo.Observable) rxgo.Observable {
					return o.Map(func(context.Context, interface{}) (interface{}, error) {
						return nil, errors.New("refused")
					})
				}, rx.Options{})
			},
		})
	}
}
