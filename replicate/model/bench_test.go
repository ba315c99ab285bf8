package model_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// BenchmarkExpiring writes ever new keys into a model that shows 1,000, beside
// one that keeps them all; live is what the log holds in the end.
func BenchmarkExpiring(b *testing.B) {
	keys := make([]string, 1<<16)
	for i := range keys {
		keys[i] = fmt.Sprintf("key%06d", i)
	}
	run := func(b *testing.B, r *replicate.Replica, m *model.Model[int]) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			require.NoError(b, m.Set(keys[i%len(keys)], i))
		}
		b.ReportMetric(float64(r.Len()), "live")
	}
	b.Run("all", func(b *testing.B) {
		r, m := open[int](b)
		run(b, r, m)
	})
	b.Run("count=1000", func(b *testing.B) {
		r, m := openExpiring[int](b, newWall(), model.Limits{MaxCount: 1000})
		run(b, r, m)
	})
}
