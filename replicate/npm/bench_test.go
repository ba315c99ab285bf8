package npm_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/npm"
)

const benchKeys = 10_000

func dumped(b *testing.B, n int) []byte {
	chunks, err := pull.Collect(b.Context(), filled(b, n).Dump())
	require.NoError(b, err)
	return bytes.Join(chunks, nil)
}

// BenchmarkLoad takes in lines, by the update.
func BenchmarkLoad(b *testing.B) {
	text := dumped(b, benchKeys)
	b.SetBytes(int64(len(text)) / benchKeys)
	for i := 0; i < b.N; i += benchKeys {
		s := openKind(b, newReplica(), "model", "B")
		_, err := s.Load(b.Context(), pull.Reader(bytes.NewReader(text)))
		require.NoError(b, err)
	}
}

// BenchmarkDump makes lines, by the update.
func BenchmarkDump(b *testing.B) {
	s := filled(b, benchKeys)
	b.ResetTimer()
	for i := 0; i < b.N; i += benchKeys {
		require.NoError(b, pull.Drain(b.Context(), s.Dump()))
	}
}

func BenchmarkSet(b *testing.B) {
	s := openKind(b, newReplica(), "model", "A")
	m, err := npm.NewModel[string](s)
	require.NoError(b, err)
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprint("key", i)
	}
	for i := range b.N {
		_ = m.Set(keys[i%len(keys)], "value")
	}
}

// BenchmarkPush appends to a sequence of growing length.
func BenchmarkPush(b *testing.B) {
	_, q := openSeq(b)
	for i := range b.N {
		_ = q.Push(strconv.Itoa(i), nil)
	}
	b.ReportMetric(float64(q.Len()), "rows")
}

// BenchmarkMemory says how many bytes a key takes, of 40 bytes in a line.
func BenchmarkMemory(b *testing.B) {
	for _, kind := range []string{"model", "events", "doc"} {
		b.Run(kind, func(b *testing.B) {
			const n = 100_000
			for range b.N {
				s := openKind(b, newReplica(), kind, "A")
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				for i := range n {
					change := fmt.Sprintf(`["key%06d",{"f":%d}]`, i, i)
					_, _ = s.Write([]byte(change))
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/key")
				runtime.KeepAlive(s)
			}
		})
	}
}
