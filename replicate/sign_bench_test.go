package replicate_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// BenchmarkSetSigned is what a write costs that is signed; see BenchmarkSet.
func BenchmarkSetSigned(b *testing.B) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}, Key: keyOfNo(0)})
	m, err := model.Open[string](r, "")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Set("key", "value")
	}
}

// BenchmarkLoadSigned loads 2,000 updates: unsigned, signed on one core, and on
// all.
func BenchmarkLoadSigned(b *testing.B) {
	const updates = 2000
	load := func(b *testing.B, cfg replicate.Config, cores int) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		cfg.Types = []replicate.Type{model.JSON}
		r := replicate.New(cfg)
		m, err := model.Open[string](r, "")
		require.NoError(b, err)
		for i := range updates {
			require.NoError(b, m.Set(fmt.Sprintf("key%06d", i), "value-of-it"))
		}
		dump, err := pull.Collect(context.Background(), r.Read(nil))
		require.NoError(b, err)
		bytes := 0
		for _, chunk := range dump {
			bytes += len(chunk)
		}
		for b.Loop() {
			to := replicate.New(replicate.Config{Types: cfg.Types})
			require.NoError(b, to.Write(context.Background(), pull.Values(dump...)))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/updates, "ns/update")
		b.ReportMetric(float64(bytes)/updates, "B/update")
	}
	all := runtime.GOMAXPROCS(0)
	b.Run("unsigned", func(b *testing.B) { load(b, replicate.Config{}, all) })
	b.Run("one core", func(b *testing.B) { load(b, replicate.Config{Key: keyOfNo(0)}, 1) })
	b.Run("all cores", func(b *testing.B) { load(b, replicate.Config{Key: keyOfNo(0)}, all) })
}
