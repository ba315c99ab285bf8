package main

import (
	"context"

	"github.com/destel/rill"
	"github.com/sourcegraph/conc/stream"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// workers is how many calls each has at once in parallel.
const workers = 4

// parallel maps values in order with 4 workers. Their function does next to
// nothing, so that what is measured is the machinery.
func parallel() work {
	const values = 50_000
	return work{
		name:   "parallel",
		values: values,
		ours:   func(ctx context.Context) (int, error) { return parallelPull(ctx, values) },
		peers: []peer{
			{
				name: "rill v0.8.1", row: "parallel-rill", goal: 0.25,
				run: func(context.Context) (int, error) { return parallelRill(values) },
			},
			{
				name: "conc v0.3.0", row: "parallel-conc", goal: 0.25,
				run: func(context.Context) (int, error) { return parallelConc(values), nil },
			},
			{
				name: "two hand-overs a window", row: "parallel-floor",
				run: func(context.Context) (int, error) { return parallelFloor(values), nil },
			},
		},
	}
}

// inOrder folds values to what depends on their order.
func inOrder(sum, v int) int { return 31*sum + v }

func parallelPull(ctx context.Context, n int) (int, error) {
	src := through.Parallel(pull.Count(n), workers,
		func(_ context.Context, v int) (int, error) { return triple(v), nil })
	return pull.Reduce(ctx, src, 0, inOrder)
}

func parallelRill(n int) (int, error) {
	counted := rill.Generate(func(send func(int), _ func(error)) {
		for i := range n {
			send(i)
		}
	})
	mapped := rill.OrderedMap(counted, workers,
		func(v int) (int, error) { return triple(v), nil })
	sum := 0
	err := rill.ForEach(mapped, 1, func(v int) error {
		sum = inOrder(sum, v)
		return nil
	})
	return sum, err
}

func parallelConc(n int) int {
	s := stream.New().WithMaxGoroutines(workers)
	sum := 0
	for i := range n {
		s.Go(func() stream.Callback {
			v := triple(i)
			return func() { sum = inOrder(sum, v) }
		})
	}
	s.Wait()
	return sum
}

// parallelFloor hands windows of as many values to a goroutine and back, over
// channels, and does nothing else: the least that goroutines with an exact
// window pay, as long as one of them finds it full or empty each time.
func parallelFloor(n int) int {
	windows, empty := make(chan int), make(chan struct{})
	go func() {
		defer close(windows)
		for first := 0; first < n; first += workers {
			windows <- first
			<-empty
		}
	}()
	sum := 0
	for first := range windows {
		for i := range min(workers, n-first) {
			sum = inOrder(sum, triple(first+i))
		}
		empty <- struct{}{}
	}
	return sum
}
