package reduce_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/reduce"
)

// contributed is a collection to whose one key so many authors contributed.
func contributed(b *testing.B, authors int) *reduce.Collection[beat] {
	r, c := open(b, beats)
	for i := range authors {
		from, peer := open(b, beats)
		update(b, peer, beat{"all", i})
		give(b, from, r)
	}
	return c
}

// BenchmarkUpdate contributes what is news each time.
func BenchmarkUpdate(b *testing.B) {
	for _, authors := range []int{1, 100} {
		b.Run(fmt.Sprint("authors=", authors), func(b *testing.B) {
			c := contributed(b, authors)
			at := 1000
			b.ReportAllocs()
			for b.Loop() {
				at++
				update(b, c, beat{"all", at})
			}
		})
	}
}

// BenchmarkGet reads what so many authors contributed to.
func BenchmarkGet(b *testing.B) {
	for _, authors := range []int{1, 100} {
		b.Run(fmt.Sprint("authors=", authors), func(b *testing.B) {
			c := contributed(b, authors)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.Get("all")
			}
		})
	}
}

// BenchmarkHeld says what a key with one contribution takes in memory, its op of
// about 35 bytes included.
func BenchmarkHeld(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		before := inUse()
		r, c := open(b, beats)
		for i := range n {
			update(b, c, beat{fmt.Sprintf("key%06d", i), i})
		}
		b.ReportMetric(float64(inUse()-before)/n, "B/key")
		require.Equal(b, n, c.Len())
		runtime.KeepAlive(r)
	}
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
