package through_test

import (
	"context"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
)

// TestConformance runs every operator of the package through pulltest. A
// subtest is named after what it checks.
// row: A1, A2, A5, A6, A7, A8, A9, A14, A15, I3
// rule: 1.2, 1.6, 1.9, 2.3, 2.4, 2.9, 2.10, 3.5, 3.6, 3.7, 3.12, 4.1
func TestConformance(t *testing.T) {
	t.Run("Map", mapConforms)
	t.Run("Filter", filterConforms)
	t.Run("Take", takeConforms)
	t.Run("Flatten", flattenConforms)
	t.Run("Unbatch", unbatchConforms)
	t.Run("Batch", batchConforms)
	t.Run("Parallel", parallelConforms)
}

// TestOperatorsConform is TestConformance for the operators of
// conformance_ops_test.go.
func TestOperatorsConform(t *testing.T) {
	t.Run("TryMap", tryMapConforms)
	t.Run("FilterNot", filterNotConforms)
	t.Run("FilterMap", filterMapConforms)
	t.Run("TakeWhile", takeWhileConforms)
	t.Run("TakeUntil", takeUntilConforms)
	t.Run("TakeLast", takeLastConforms)
	t.Run("Skip", skipConforms)
	t.Run("SkipWhile", skipWhileConforms)
	t.Run("Distinct", distinctConforms)
	t.Run("DistinctRecent", distinctRecentConforms)
	t.Run("Duplicates", duplicatesConforms)
	t.Run("Changed", changedConforms)
	t.Run("Scan", scanConforms)
	t.Run("Pairwise", pairwiseConforms)
	t.Run("Tap", tapConforms)
	t.Run("Finally", finallyConforms)
	t.Run("Recover", recoverConforms)
	t.Run("Track", trackConforms)
	t.Run("Trace", traceConforms)
	t.Run("New", newConforms)
	t.Run("UntilDone", untilDoneConforms)
}

func mapped(in []int) []int {
	out := make([]int, len(in))
	for i, n := range in {
		out[i] = triple(n)
	}
	return out
}

func batched(in []int) (out [][]int) {
	for len(in) > 0 {
		n := min(3, len(in))
		out = append(out, in[:n:n])
		in = in[n:]
	}
	return out
}

// lists makes the slices 0 → [], 1 → [1], 2 → [2 2], 3 → [], …
func lists(i int) []int {
	list := make([]int, i%3)
	for k := range list {
		list[k] = i
	}
	return list
}

func flat(in [][]int) (out []int) {
	for _, list := range in {
		out = append(out, list...)
	}
	return out
}

func panicAt3(n int) int {
	if n == 3 {
		panic("boom")
	}
	return n
}

func mapConforms(t *testing.T) {
	pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
		return through.Map(src, triple)
	}, pulltest.ThroughOptions[int, int]{
		Want: mapped,
		Panic: func(src pull.Source[int]) pull.Source[int] {
			return through.Map(src, panicAt3)
		},
	})
}

func filterConforms(t *testing.T) {
	pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
		return through.Filter(src, even)
	}, pulltest.ThroughOptions[int, int]{
		Want: func(in []int) (out []int) {
			for i := 0; i < len(in); i += 2 {
				out = append(out, in[i])
			}
			return out
		},
		Panic: func(src pull.Source[int]) pull.Source[int] {
			return through.Filter(src, func(n int) bool { return even(panicAt3(n)) })
		},
	})
}

func takeConforms(t *testing.T) {
	for _, n := range []int{0, 3, 5000} {
		pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
			return through.Take(src, n)
		}, pulltest.ThroughOptions[int, int]{
			Want: func(in []int) []int { return in[:min(n, len(in))] },
		})
	}
}

func flattenConforms(t *testing.T) {
	type list []int
	pulltest.Through(t, func(src pull.Source[list]) pull.Source[int] {
		return through.Flatten(src)
	}, pulltest.ThroughOptions[list, int]{
		Value: func(i int) list { return lists(i) },
		Want: func(in []list) (out []int) {
			for _, l := range in {
				out = append(out, l...)
			}
			return out
		},
	})
}

func unbatchConforms(t *testing.T) {
	pulltest.Through(t, func(src pull.Source[[]int]) pull.Source[int] {
		return through.Unbatch(src)
	}, pulltest.ThroughOptions[[]int, int]{Value: lists, Want: flat})
}

func batchConforms(t *testing.T) {
	pulltest.Through(t, func(src pull.Source[int]) pull.Source[[]int] {
		return through.Batch(src, 3)
	}, pulltest.ThroughOptions[int, []int]{Want: batched})
}

func parallelConforms(t *testing.T) {
	for _, n := range []int{1, 4} {
		pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
			return through.Parallel(src, n, func(_ context.Context, v int) (int, error) {
				return triple(v), nil
			})
		}, pulltest.ThroughOptions[int, int]{
			Want:       mapped,
			ReadAhead:  n,
			Goroutines: true,
			Fail: func(src pull.Source[int]) pull.Source[int] {
				return through.Parallel(src, n, func(_ context.Context, v int) (int, error) {
					if v == 3 {
						return 0, errBroken
					}
					return v, nil
				})
			},
			Panic: func(src pull.Source[int]) pull.Source[int] {
				return through.Parallel(src, n, func(_ context.Context, v int) (int, error) {
					return panicAt3(v), nil
				})
			},
		})
	}
}

func TestConformanceBoundaries(t *testing.T) {
	t.Run("Buffer", bufferConforms)
	t.Run("BufferDrop", bufferDropConforms)
	t.Run("ParallelDrop", parallelDropConforms)
	t.Run("ParallelUnordered", unorderedConforms)
	t.Run("ParallelUnorderedDrop", unorderedDropConforms)
	t.Run("FlattenSources", flattenSourcesConforms)
	t.Run("FlatMap", flatMapConforms)
}
