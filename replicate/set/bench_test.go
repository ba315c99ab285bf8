package set_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/set"
)

// BenchmarkCost adds 100,000 elements of 10 bytes, and removes them; B/element
// is what the replica holds for each, the element included.
func BenchmarkCost(b *testing.B) {
	const n = 100_000
	elements := make([]string, n)
	for i := range elements {
		elements[i] = fmt.Sprintf("element%06d", i)[4:]
	}
	measure := func(b *testing.B, fill func(r *replicate.Replica)) {
		var before, after runtime.MemStats
		var size uint64
		for b.Loop() {
			runtime.GC()
			runtime.ReadMemStats(&before)
			r := newReplica(replicate.Config{})
			fill(r)
			runtime.GC()
			runtime.ReadMemStats(&after)
			size = after.HeapAlloc - before.HeapAlloc
			runtime.KeepAlive(r)
		}
		b.ReportMetric(float64(size)/n, "B/element")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
	}
	b.Run("Grow", func(b *testing.B) {
		measure(b, func(r *replicate.Replica) {
			s := openGrow[string](b, r, "")
			for _, e := range elements {
				_, _ = s.Add(e)
			}
		})
	})
	for _, removed := range []bool{false, true} {
		b.Run(fmt.Sprintf("AddWins/removed=%t", removed), func(b *testing.B) {
			measure(b, func(r *replicate.Replica) {
				s, err := set.Open[string](r, "")
				require.NoError(b, err)
				for _, e := range elements {
					_ = s.Add(e)
					if removed {
						_, _ = s.Remove(e)
					}
				}
			})
		})
	}
}

func BenchmarkHas(b *testing.B) {
	_, s := open[int](b, replicate.Config{})
	for i := range 10_000 {
		require.NoError(b, s.Add(i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Has(i % 20_000)
	}
}
