package pulltest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

func ExampleSource() {
	t := new(testing.T) // the test function's
	pulltest.Source(t, func() pull.Source[int] { return pull.Count(3) },
		pulltest.SourceOptions[int]{Want: []int{0, 1, 2}})
}

func ExampleThrough() {
	t := new(testing.T) // the test function's
	addOne := func(src pull.Source[int]) pull.Source[int] {
		var end error
		return func(ctx context.Context) (v int, err error) {
			if end != nil {
				return 0, end // without this, src is asked again after its end
			}
			if v, end = src(ctx); end != nil {
				return 0, end
			}
			return v + 1, nil
		}
	}
	pulltest.Through(t, addOne, pulltest.ThroughOptions[int, int]{
		Want: func(in []int) []int {
			out := make([]int, len(in))
			for i, v := range in {
				out[i] = v + 1
			}
			return out
		},
	})
}

func ExampleSink() {
	t := new(testing.T) // the test function's
	discard := func(ctx context.Context, src pull.Source[string]) error {
		return pull.Each(ctx, src, func(string) error { return nil })
	}
	pulltest.Sink(t, discard, pulltest.SinkOptions[string]{})
}

func ExampleGuard() {
	t := new(testing.T) // the test function's
	src := pulltest.Guard(t, pull.Count(3))
	// The test fails unless this ends src, and never calls it again.
	_ = pull.Drain(t.Context(), src)
}

func ExampleFan() {
	t := new(testing.T) // the test function's
	// Two readers that read one source themselves: their calls overlap.
	both := func(src pull.Source[int]) []pull.Source[int] { return []pull.Source[int]{src, src} }
	for _, v := range pulltest.CheckFan(t, both, pulltest.FanOptions[int]{}) {
		fmt.Println(v)
	}
}
