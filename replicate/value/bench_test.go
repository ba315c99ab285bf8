package value_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/value"
)

// BenchmarkSet writes one register again and again; live/op shows that the
// log stays as long as the history.
func BenchmarkSet(b *testing.B) {
	for name, keep := range map[string]int{"keep=1": 1, "keep=100": 100} {
		b.Run(name, func(b *testing.B) {
			r, v := open[int](b, value.Keep(value.JSON, keep), replicate.Config{})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				require.NoError(b, v.Set(i))
			}
			b.ReportMetric(float64(r.Len()), "live")
		})
	}
}

// BenchmarkMultiSet has ten replicas take turns; B/op-of shows what naming the
// ten authors costs.
func BenchmarkMultiSet(b *testing.B) {
	const n = 10
	var reps [n]*replicate.Replica
	var multis [n]*value.Multi[int]
	for i := range n {
		reps[i], multis[i] = openMulti[int](b)
		require.NoError(b, multis[i].Set(i))
		exchange(b, reps[0], reps[i])
	}
	require.NoError(b, multis[0].Set(0))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		require.NoError(b, multis[0].Set(i))
	}
	src := reps[0].Changes(0)
	batch, err := src(b.Context())
	require.NoError(b, err)
	b.ReportMetric(float64(len(batch[0].Op())), "op-bytes")
}
