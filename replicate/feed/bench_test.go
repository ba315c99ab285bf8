package feed_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
)

const benchItems = 100_000

func filled(b *testing.B) (f *feed.Feed[int], ids []replicate.Stamp) {
	_, f = open[int](b)
	for range benchItems {
		ids = append(ids, add(b, f, 7))
	}
	return f, ids
}

// BenchmarkAppend appends one item after the other.
func BenchmarkAppend(b *testing.B) {
	_, f := open[int](b)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = f.Append(7)
	}
}

// BenchmarkAll reads 100,000 items in order; per item.
func BenchmarkAll(b *testing.B) {
	f, _ := filled(b)
	n := 0
	for b.Loop() {
		for range f.All(replicate.Stamp{}) {
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/item")
}

// BenchmarkRemove removes the oldest of 100,000 items; per item.
func BenchmarkRemove(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		f, ids := filled(b)
		b.StartTimer()
		for _, id := range ids {
			_, _ = f.Remove(id)
		}
		require.Zero(b, f.Len())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchItems, "ns/item")
}

// BenchmarkHeld says what an item takes in memory, its op of 2 bytes included,
// and what is left of it when it was removed.
func BenchmarkHeld(b *testing.B) {
	for b.Loop() {
		before := inUse()
		f, ids := filled(b)
		b.ReportMetric(float64(inUse()-before)/benchItems-40, "B/item") // ids has 40
		for _, id := range ids {
			_, _ = f.Remove(id)
		}
		b.ReportMetric(float64(inUse()-before)/benchItems-40, "B/removed")
		require.Zero(b, f.Len())
		runtime.KeepAlive(ids)
	}
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
