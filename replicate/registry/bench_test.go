package registry_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// fill registers n services.
func fill(b *testing.B, g *registry.Registry, n int) (last *registry.Registration) {
	for i := range n {
		reg, err := g.Register(registry.Service{
			ID: fmt.Sprintf("%032X", i), Role: fmt.Sprint("role", i%100), Version: "1.2.3", Host: "10.0.0.7",
			Port: 1 + i%60_000, Meta: map[string]any{"zone": "b"},
		})
		require.NoError(b, err)
		last = reg
	}
	return last
}

// BenchmarkRegister shows what a service costs, and what it takes to register it.
func BenchmarkRegister(b *testing.B) {
	g := open(b, replicate.Config{}, registry.Config{})
	before := heap()
	b.ReportAllocs()
	b.ResetTimer()
	fill(b, g, b.N)
	b.StopTimer()
	b.ReportMetric(float64(heap()-before)/float64(b.N), "held-B/op")
	_, err := g.Query("role1@1.x")
	require.NoError(b, err)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkQuery(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := open(b, replicate.Config{}, registry.Config{})
			fill(b, g, n)
			b.ReportAllocs()
			for b.Loop() {
				found, err := g.Query("role7@~1.2")
				require.NoError(b, err)
				require.Len(b, found, n/100)
			}
		})
	}
}

// BenchmarkUpdate changes one service of many, with as many watchers.
func BenchmarkUpdate(b *testing.B) {
	for _, watchers := range []int{0, 100} {
		b.Run(fmt.Sprint("watchers=", watchers), func(b *testing.B) {
			g := open(b, replicate.Config{}, registry.Config{})
			reg := fill(b, g, 1000)
			for range watchers {
				src := g.Watch("role1")
				_, err := src(b.Context())
				require.NoError(b, err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				require.NoError(b, reg.Update(registry.Service{Role: "role1", Host: fmt.Sprint(i), Port: 1}))
			}
		})
	}
}
