package main

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// buffered is the boundary between two goroutines: the same values, ours in
// batches of 64 through a Buffer that holds up to 4, and one by one through a
// channel that holds up to 64.
func buffered() work {
	const values, size = 64 * 1000, 64
	batches := make([][]int, values/size)
	for i := range batches {
		batch := make([]int, size)
		for k := range batch {
			batch[k] = i*size + k
		}
		batches[i] = batch
	}
	return work{
		name:   "buffer",
		values: values,
		allocs: -1,
		ours:   func(ctx context.Context) (int, error) { return sumBuffered(ctx, batches) },
		peers: []peer{{
			name: "channel of 64", goal: 0.25,
			run: func(context.Context) (int, error) { return sumChan(values), nil },
		}},
	}
}

func sumBuffered(ctx context.Context, batches [][]int) (int, error) {
	src := through.Buffer(pull.Values(batches...), 4)
	return pull.Reduce(ctx, src, 0, func(sum int, batch []int) int {
		for _, v := range batch {
			sum = add(sum, v)
		}
		return sum
	})
}

func sumChan(n int) int {
	ch := stage(func(out chan<- int) {
		for i := range n {
			out <- i
		}
	})
	sum := 0
	for v := range ch {
		sum = add(sum, v)
	}
	return sum
}
