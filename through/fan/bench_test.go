package fan_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/fan"
)

// BenchmarkMerge merges four sources, against four goroutines that send to one
// channel of 64, in turns, and reports the median of the ratios.
func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{4, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			const values, rounds = 100_000, 15
			for b.Loop() {
				var ratios, ours []float64
				for range rounds {
					took := timeOf(func() { mergeSources(b, values, n) })
					ours = append(ours, took/values)
					ratios = append(ratios, took/timeOf(func() { mergeChannel(values) }))
				}
				b.ReportMetric(median(ratios), "×chan")
				b.ReportMetric(median(ours), "ns/value")
			}
		})
	}
}

func mergeSources(b *testing.B, values, n int) {
	srcs := make(sources, 4)
	for i := range srcs {
		srcs[i] = pull.Count(values / len(srcs))
	}
	_ = pull.Drain(b.Context(), fan.Merge(srcs, n))
}

func mergeChannel(values int) {
	ch := make(chan int, 64)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for i := range values / 4 {
				ch <- i
			}
		})
	}
	go func() {
		senders.Wait()
		close(ch)
	}()
	for range ch {
		continue
	}
}

func timeOf(f func()) float64 {
	start := time.Now()
	f()
	return float64(time.Since(start))
}

func median(vs []float64) float64 {
	slices.Sort(vs)
	return vs[len(vs)/2]
}

func BenchmarkBroadcast(b *testing.B) {
	b.ReportAllocs()
	var all sync.WaitGroup
	for _, r := range fan.Broadcast(pull.Count(b.N), 2, 64) {
		all.Go(func() { _ = pull.Drain(b.Context(), r) })
	}
	all.Wait()
}

func BenchmarkTee(b *testing.B) {
	readers := fan.Tee(pull.Count(b.N), 2)
	for range b.N {
		for _, r := range readers {
			_, _ = r(b.Context())
		}
	}
	for _, r := range readers {
		_ = pull.Abort(r, nil)
	}
}

func BenchmarkGroupBy(b *testing.B) {
	b.ReportAllocs()
	_ = pull.Drain(b.Context(), fan.GroupBy(pull.Count(b.N), 3, mod3, sum))
}
