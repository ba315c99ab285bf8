package main

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

func streams() []work { return []work{chain(), batched(), buffered(), parallel()} }

// chain is count, map, filter, sum. Its stages are built behind calls that are
// not inlined, as in a program of several packages; else the compiler makes one
// loop of an iter.Seq2.
func chain() work {
	const values = 20_000
	return work{
		name:   "chain",
		values: values,
		ours:   func(ctx context.Context) (int, error) { return chainPull(ctx, values) },
		peers: []peer{
			{
				name: "iter.Seq2", goal: 1.7,
				run: func(context.Context) (int, error) { return chainSeq(values) },
			},
			{
				name: "its functions alone", row: "chain-floor",
				run: func(context.Context) (int, error) {
					return chainCalls(values, triple, even, add), nil
				},
			},
			{
				name: "channels of 64", row: "chain-channels",
				run: func(context.Context) (int, error) { return chainChan(values), nil },
			},
			{
				name: "go-streams v0.13.0", row: "chain-go-streams",
				run: func(context.Context) (int, error) { return chainGoStreams(values), nil },
			},
			{
				name: "samber/ro v0.4.0", row: "chain-ro", goal: 1.0 / 12,
				run: func(ctx context.Context) (int, error) { return chainRo(ctx, values) },
			},
			{
				name: "rxgo v2.5.0", row: "chain-rxgo", goal: 1.0 / 80,
				run: func(ctx context.Context) (int, error) { return chainRx(ctx, values) },
			},
		},
	}
}

func triple(n int) int { return 3 * n }
func even(n int) bool  { return n%2 == 0 }
func add(a, b int) int { return a + b }

//go:noinline
func countPull(n int) pull.Source[int] { return pull.Count(n) }

//go:noinline
func mapPull(src pull.Source[int], f func(int) int) pull.Source[int] { return through.Map(src, f) }

//go:noinline
func filterPull(src pull.Source[int], keep func(int) bool) pull.Source[int] {
	return through.Filter(src, keep)
}

//go:noinline
func sumPull(ctx context.Context, src pull.Source[int]) (int, error) {
	return pull.Reduce(ctx, src, 0, add)
}

func chainPull(ctx context.Context, n int) (int, error) {
	return sumPull(ctx, filterPull(mapPull(countPull(n), triple), even))
}
