package replicate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// sizes of the benchmarks: updates in one dump.
const benchUpdates = 100_000

func benchReplica(b *testing.B, n int) (*replicate.Replica, *model.Model[string]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, err := model.Open[string](r, "")
	require.NoError(b, err)
	for i := range n {
		require.NoError(b, m.Set(fmt.Sprintf("key%06d", i), "value-of-it"))
	}
	return r, m
}

// BenchmarkDumpAndLoad moves 100,000 updates into an empty replica in memory;
// the floor is the same keys and values as JSON lines, encoded and decoded
// into a map.
func BenchmarkDumpAndLoad(b *testing.B) {
	r, m := benchReplica(b, benchUpdates)
	b.Run("weir", func(b *testing.B) {
		b.ReportAllocs()
		var bytes int64
		for b.Loop() {
			to := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
			stats, err := to.Load(context.Background(), r.Read(nil))
			require.NoError(b, err)
			bytes = stats.ReceivedBytes
		}
		b.ReportMetric(float64(benchUpdates)*float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		b.ReportMetric(float64(bytes)/benchUpdates, "B/update")
	})
	b.Run("jsonlines", func(b *testing.B) {
		b.ReportAllocs()
		size := 0
		for b.Loop() {
			to := map[string]string{}
			size = 0
			for e, err := range m.All("") {
				require.NoError(b, err)
				line, _ := json.Marshal(e)
				var back model.Entry[string]
				require.NoError(b, json.Unmarshal(line, &back))
				to[back.Key] = back.Value
				size += len(line) + 1
			}
		}
		b.ReportMetric(float64(benchUpdates)*float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		b.ReportMetric(float64(size)/benchUpdates, "B/update")
	})
}

func BenchmarkSet(b *testing.B) {
	_, m := benchReplica(b, 0)
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Set("key", "value")
	}
}

func BenchmarkRead(b *testing.B) {
	r, _ := benchReplica(b, benchUpdates)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, pull.Drain(context.Background(), r.Read(nil)))
	}
	b.ReportMetric(float64(benchUpdates)*float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}
