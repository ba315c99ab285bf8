package main

import (
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// batched is the chain with batches of 64 values in our streams, beside the
// same values one by one. The functions are called for each value, and are not
// known where the stages are built.
func batched() work {
	const values = 20_000
	return work{
		name:   "chain-batched",
		values: values,
		allocs: -1,
		ours:   func(ctx context.Context) (int, error) { return chainBatches(ctx, values) },
		peers: []peer{
			{
				name: "iter.Seq2", goal: 0.7,
				run: func(context.Context) (int, error) { return chainSeq(values) },
			},
			{
				name: "its functions alone", row: "chain-batched-floor",
				run: func(context.Context) (int, error) {
					return chainCalls(values, triple, even, add), nil
				},
			},
		},
	}
}

// countBatches is 0, 1, … n-1 in batches that are valid until the next call.
//
//go:noinline
func countBatches(n int) pull.Source[[]int] {
	var room [64]int
	i := 0
	return pull.From(func(context.Context) ([]int, error) {
		if i >= n {
			return nil, io.EOF
		}
		batch := room[:min(n-i, len(room))]
		for k := range batch {
			batch[k] = i + k
		}
		i += len(batch)
		return batch, nil
	}, nil)
}

//go:noinline
func mapBatches(src pull.Source[[]int], f func(int) int) pull.Source[[]int] {
	return through.Map(src, func(batch []int) []int {
		for i, v := range batch {
			batch[i] = f(v)
		}
		return batch
	})
}

//go:noinline
func filterBatches(src pull.Source[[]int], keep func(int) bool) pull.Source[[]int] {
	return through.Map(src, func(batch []int) []int {
		n := 0
		for _, v := range batch {
			if keep(v) {
				batch[n] = v
				n++
			}
		}
		return batch[:n]
	})
}

//go:noinline
func sumBatches(
	ctx context.Context, src pull.Source[[]int], f func(int, int) int,
) (int, error) {
	return pull.Reduce(ctx, src, 0, func(sum int, batch []int) int {
		for _, v := range batch {
			sum = f(sum, v)
		}
		return sum
	})
}

func chainBatches(ctx context.Context, n int) (int, error) {
	return sumBatches(ctx, filterBatches(mapBatches(countBatches(n), triple), even), add)
}
