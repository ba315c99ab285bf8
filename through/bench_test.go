package through_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// The stages are built behind calls that are not inlined, as they are in a
// program of several packages; else the compiler makes one loop of a Seq.

//go:noinline
func countSource(n int) pull.Source[int] { return pull.Count(n) }

//go:noinline
func mapSource(src pull.Source[int], f func(int) int) pull.Source[int] {
	return through.Map(src, f)
}

//go:noinline
func filterSource(src pull.Source[int], keep func(int) bool) pull.Source[int] {
	return through.Filter(src, keep)
}

//go:noinline
func sumSource(ctx context.Context, src pull.Source[int]) int {
	sum, _ := pull.Reduce(ctx, src, 0, func(a, b int) int { return a + b })
	return sum
}

//go:noinline
func countSeq(n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
	}
}

//go:noinline
func mapSeq(seq iter.Seq2[int, error], f func(int) int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield(0, err)
				return
			}
			if !yield(f(v), nil) {
				return
			}
		}
	}
}

//go:noinline
func filterSeq(seq iter.Seq2[int, error], keep func(int) bool) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield(0, err)
				return
			}
			if keep(v) && !yield(v, nil) {
				return
			}
		}
	}
}

//go:noinline
func sumSeq(seq iter.Seq2[int, error]) int {
	sum := 0
	for v, err := range seq {
		if err != nil {
			return sum
		}
		sum += v
	}
	return sum
}

func triple(n int) int { return 3 * n }
func even(n int) bool  { return n%2 == 0 }

func chainSource(n int) int {
	src := filterSource(mapSource(countSource(n), triple), even)
	return sumSource(context.Background(), src)
}

func chainSeq(n int) int {
	return sumSeq(filterSeq(mapSeq(countSeq(n), triple), even))
}

// BenchmarkChain runs Count, Map, Filter and a sum against the same as an
// iter.Seq2, in turns, and reports the median of the ratios of neighbours.
func BenchmarkChain(b *testing.B) {
	const values, rounds = 200_000, 21
	for b.Loop() {
		var ratios, ours []float64
		for range rounds {
			a, seq := timeOf(chainSource, values), timeOf(chainSeq, values)
			ratios = append(ratios, a/seq)
			ours = append(ours, a/values)
		}
		b.ReportMetric(median(ratios), "×Seq2")
		b.ReportMetric(median(ours), "ns/value")
	}
	allocs := testing.AllocsPerRun(5, func() { chainSource(values) })
	b.ReportMetric(allocs/values, "allocs/value")
}

func timeOf(chain func(int) int, n int) float64 {
	start := time.Now()
	chain(n)
	return float64(time.Since(start))
}

func median(vs []float64) float64 {
	slices.Sort(vs)
	return vs[len(vs)/2]
}

func BenchmarkFlatten(b *testing.B) {
	batches := make([][]int, b.N/64+1)
	for i := range batches {
		batches[i] = make([]int, 64)
	}
	b.ResetTimer()
	_ = pull.Drain(b.Context(), through.Take(through.Flatten(pull.Values(batches...)), b.N))
}

func BenchmarkBatch(b *testing.B) {
	_ = pull.Drain(b.Context(), through.Batch(pull.Count(b.N), 64))
}

func BenchmarkParallel(b *testing.B) {
	b.ReportAllocs()
	f := func(_ context.Context, n int) (int, error) { return n, nil }
	_ = pull.Drain(b.Context(), through.Parallel(pull.Count(b.N), 4, f))
}
