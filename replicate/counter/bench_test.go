package counter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
)

// BenchmarkAdd adds again and again; live shows that the log stays as long as
// there are authors, op-bytes what an update costs on the wire beside its stamp.
func BenchmarkAdd(b *testing.B) {
	r, c := open(b, replicate.Config{})
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, c.Add(1))
	}
	src := r.Changes(0)
	batch, err := src(b.Context())
	require.NoError(b, err)
	b.ReportMetric(float64(r.Len()), "live")
	b.ReportMetric(float64(len(batch[0].Op())), "op-bytes")
}
