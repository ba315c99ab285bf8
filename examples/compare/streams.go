package main

import (
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

func streams() []work { return []work{chain(), batched(), buffered(), parallel()} }

// A chain counts, and takes the first of the values that it has mapped and
// filtered, which is when half of them have been counted.
const (
	counted  = 40_960
	taken    = 10_240
	consumed = 2 * taken
)

// chain is count, map, filter, take, sum: three stages, and a source that must
// be stopped. Its stages are built behind calls that are not inlined, as in a
// program of several packages; else the compiler makes one loop of an iter.Seq2.
//
// The source of ro emits all before ro notices that no more is wanted, and
// go-streams cannot be stopped: both are given what that costs.
func chain() work {
	return work{
		name:   "chain",
		values: consumed,
		ours:   chainPull,
		peers: []peer{
			{name: "iter.Seq2", goal: 1.7, run: chainSeq},
			{name: "channels of 64", row: "chain-channels", run: chainChan},
			{name: "go-streams v0.13.0", row: "chain-go-streams", run: chainGoStreams},
			{name: "samber/ro v0.4.0", row: "chain-ro", goal: 1.0 / 12, run: chainRo},
			{name: "rxgo v2.5.0", row: "chain-rxgo", goal: 1.0 / 80, run: chainRx},
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
func takePull(src pull.Source[int], n int) pull.Source[int] { return through.Take(src, n) }

//go:noinline
func sumPull(ctx context.Context, src pull.Source[int]) (int, error) {
	return pull.Reduce(ctx, src, 0, add)
}

func chainPull(ctx context.Context) (int, error) {
	src := filterPull(mapPull(countPull(counted), triple), even)
	return sumPull(ctx, takePull(src, taken))
}
