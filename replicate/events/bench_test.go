package events_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/events"
)

// BenchmarkEmit emits one event after the other.
func BenchmarkEmit(b *testing.B) {
	_, e := open[int](b)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = e.Emit("name", 7)
	}
}

// BenchmarkResume finds the place of an event among 100,000.
func BenchmarkResume(b *testing.B) {
	_, e := open[int](b)
	last := emitted(b, e, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = e.Resume(last)
	}
}

// BenchmarkHeld says what an event takes in memory, its op of 7 bytes included.
func BenchmarkHeld(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		before := inUse()
		_, e := open[int](b)
		emitted(b, e, n)
		b.ReportMetric(float64(inUse()-before)/n, "B/event")
		require.Equal(b, n, e.Len())
	}
}

// BenchmarkTrim trims 100,000 events down to 10.
func BenchmarkTrim(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		_, e := open[int](b)
		emitted(b, e, 100_000)
		b.StartTimer()
		gone, err := e.Trim(10)
		require.NoError(b, err)
		require.Equal(b, 100_000-10, gone)
	}
}

func emitted(b *testing.B, e *events.Emitter[int], n int) (last replicate.Stamp) {
	var err error
	for range n {
		last, err = e.Emit("name", 7)
		require.NoError(b, err)
	}
	return last
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
