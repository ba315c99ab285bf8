package pulltest_test

import (
	"context"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// t is what a test function gets.
var t *testing.T

func ExampleSource() {
	pulltest.Source(t, func() pull.Source[int] { return pull.Count(3) },
		pulltest.SourceOptions[int]{Want: []int{0, 1, 2}})
}

func ExampleThrough() {
	addOne := func(src pull.Source[int]) pull.Source[int] {
		return func(ctx context.Context) (int, error) {
			v, err := src(ctx)
			if err != nil {
				return 0, err
			}
			return v + 1, nil
		}
	}
	// It fails: addOne asks its source again after the end.
	pulltest.Through(t, addOne, pulltest.ThroughOptions[int, int]{})
}

func ExampleSink() {
	discard := func(ctx context.Context, src pull.Source[string]) error {
		return pull.Each(ctx, src, func(string) error { return nil })
	}
	pulltest.Sink(t, discard, pulltest.SinkOptions[string]{})
}

func ExampleGuard() {
	src := pulltest.Guard(t, pull.Count(3))
	// The test fails unless this ends src, and never calls it again.
	_ = pull.Drain(t.Context(), src)
}
