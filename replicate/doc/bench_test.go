package doc

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchRows is how many rows the benchmarks have.
const benchRows = 10_000

// bench opens a doc, and a sequence that has been read once.
func bench(b *testing.B) (*Doc[int], *Sequence[int]) {
	_, d := open[int](b)
	q, err := d.Sequence("list", 1)
	require.NoError(b, err)
	q.Len()
	return d, q
}

// BenchmarkRows makes 10,000 rows of one field.
func BenchmarkRows(b *testing.B) {
	ids := make([]string, benchRows)
	for i := range ids {
		ids[i] = fmt.Sprintf("row%06d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, d := open[int](b)
		for i, id := range ids {
			require.NoError(b, d.Set(id, map[string]int{"n": i}))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

// BenchmarkSequence makes sequences of 10,000 rows of two fields.
func BenchmarkSequence(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, pattern := range []struct {
		name string
		at   func(i int) int
	}{
		{"push", func(i int) int { return i }},
		{"unshift", func(int) int { return 0 }},
		{"behind one", func(i int) int { return min(i, 1) }},
		{"middle", func(i int) int { return i / 2 }},
		{"spread", func(i int) int { return rnd.IntN(i + 1) }},
	} {
		b.Run(pattern.name, func(b *testing.B) {
			for b.Loop() {
				_, q := bench(b)
				for i := range benchRows {
					other := ""
					if at := pattern.at(i); at < i {
						row, err := q.At(at)
						require.NoError(b, err)
						other = row.ID
					}
					_, err := q.InsertBefore(other, map[string]int{"n": i})
					require.NoError(b, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}

// BenchmarkChange changes a row among many that sets of its field, and
// sequences, have been asked for: how many sets does not matter.
func BenchmarkChange(b *testing.B) {
	for _, sets := range []int{0, 1, 100} {
		b.Run(fmt.Sprint("sets=", sets), func(b *testing.B) {
			d, q := bench(b)
			var ids []string
			for i := range benchRows {
				id, err := q.Push(map[string]int{"n": i})
				require.NoError(b, err)
				ids = append(ids, id)
			}
			for i := range sets {
				s, err := d.Where("n", i)
				require.NoError(b, err)
				s.Len()
			}
			for i := 0; b.Loop(); i++ {
				require.NoError(b, d.Set(ids[i%benchRows], map[string]int{"n": i % 100}))
			}
		})
	}
}

// BenchmarkRead reads from a sequence of 10,000 rows.
func BenchmarkRead(b *testing.B) {
	_, q := bench(b)
	for i := range benchRows {
		_, err := q.Push(map[string]int{"n": i})
		require.NoError(b, err)
	}
	for i := 0; b.Loop(); i++ {
		row, err := q.At(i * 7919 % benchRows)
		require.NoError(b, err)
		_, err = q.Index(row.ID)
		require.NoError(b, err)
	}
}

// BenchmarkMemory reports what a row of two fields takes, its id of 24 bytes
// included, with and without a sequence that it is in.
func BenchmarkMemory(b *testing.B) {
	for _, indexed := range []bool{false, true} {
		b.Run(fmt.Sprint("sequence=", indexed), func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				_, d := open[int](b)
				for i := range benchRows {
					_, err := d.Add(map[string]int{"n": i, "list": 1})
					require.NoError(b, err)
				}
				if indexed {
					q, err := d.Sequence("list", 1)
					require.NoError(b, err)
					q.Len()
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(d)
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/benchRows, "B/row")
		})
	}
}
