package journal_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate/journal"
)

const benchKeys = 100_000

// fill writes 100,000 keys with one Flush per 1,000.
func fill(b *testing.B, j *journal.Journal) {
	m := mapOf(b, j.Replica())
	for i := range benchKeys {
		require.NoError(b, m.Set(fmt.Sprintf("folder/file-%06d", i), i))
		if i%1000 == 999 {
			require.NoError(b, j.Replica().Flush(b.Context()))
		}
	}
}

// BenchmarkImport is 100,000 writes, synced a thousand at a time.
func BenchmarkImport(b *testing.B) {
	for b.Loop() {
		j := create(b, filepath.Join(b.TempDir(), "r.weir"), mapConfig())
		fill(b, j)
		require.NoError(b, j.Close())
	}
	b.ReportMetric(benchKeys*float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

// BenchmarkOpen is opening a file of 100,000 updates.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "r.weir")
	j := create(b, path, mapConfig())
	fill(b, j)
	require.NoError(b, j.Close())
	for b.Loop() {
		require.NoError(b, open(b, path, mapConfig()).Close())
	}
	b.ReportMetric(benchKeys*float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

// BenchmarkSet is one write in an opening of its own: what a command does.
func BenchmarkSet(b *testing.B) {
	path := filepath.Join(b.TempDir(), "r.weir")
	require.NoError(b, journal.Create(path, journal.Meta{}, mapConfig()))
	for b.Loop() {
		j := open(b, path, mapConfig())
		set(b, j, "key", b.N)
		require.NoError(b, j.Close())
	}
}

// BenchmarkCompact is compacting a file of 1,000,000 updates, a tenth of them
// live, while another goroutine writes and waits for the disk. It says how long
// nothing could be committed, and what a write waited for at most.
func BenchmarkCompact(b *testing.B) {
	cfg := mapConfig()
	cfg.Compact.Off = true
	path := filepath.Join(b.TempDir(), "r.weir")
	j := create(b, path, cfg)
	for range 10 {
		fill(b, j)
	}
	var c journal.Compaction
	var worst time.Duration
	for b.Loop() {
		stop, ended := make(chan struct{}), make(chan time.Duration)
		go func() { ended <- writeUntil(b, j, stop) }()
		var err error
		c, err = j.Compact(b.Context(), nil)
		require.NoError(b, err)
		close(stop)
		worst = <-ended
	}
	b.ReportMetric(float64(c.Paused.Microseconds())/1e3, "ms-paused")
	b.ReportMetric(float64(worst.Microseconds())/1e3, "ms-worst-write")
	require.NoError(b, j.Close())
}

// writeUntil writes durably until it is stopped, and returns what the slowest
// write took.
func writeUntil(b *testing.B, j *journal.Journal, stop <-chan struct{}) (worst time.Duration) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return worst
		default:
		}
		start := time.Now()
		set(b, j, "hot", i)
		worst = max(worst, time.Since(start))
	}
}

// BenchmarkOpenMillion is opening a file of 1,000,000 updates of as many keys,
// and the floor beside it: reading the same keys and values as bare varints and
// strings, and setting them in a Go map that was not presized.
func BenchmarkOpenMillion(b *testing.B) {
	const n = 1_000_000
	path := filepath.Join(b.TempDir(), "r.weir")
	j := create(b, path, mapConfig())
	m, plain := mapOf(b, j.Replica()), []byte(nil)
	for i := range n {
		key := fmt.Sprintf("key-%07d", i)
		require.NoError(b, m.Set(key, i))
		value := strconv.Itoa(i)
		plain = append(binary.AppendUvarint(plain, uint64(len(key))), key...)
		plain = append(binary.AppendUvarint(plain, uint64(len(value))), value...)
		plain = binary.AppendUvarint(plain, uint64(i))
	}
	require.NoError(b, j.Close())
	other := path + ".plain"
	require.NoError(b, os.WriteFile(other, plain, 0o600))
	m, j, plain = nil, nil, nil
	var opening, floor time.Duration
	for b.Loop() {
		runtime.GC()
		start := time.Now()
		k := open(b, path, mapConfig())
		opening += time.Since(start)
		require.Equal(b, n, k.Replica().Len())
		require.NoError(b, k.Close())
		k = nil
		runtime.GC()
		start = time.Now()
		require.Len(b, readPlain(b, other), n)
		floor += time.Since(start)
	}
	b.ReportMetric(opening.Seconds()/float64(b.N), "s-open")
	b.ReportMetric(opening.Seconds()/floor.Seconds(), "x-floor")
}

func readPlain(b *testing.B, path string) map[string]string {
	plain, err := os.ReadFile(path)
	require.NoError(b, err)
	text := func() string {
		length, n := binary.Uvarint(plain)
		s := string(plain[n : n+int(length)])
		plain = plain[n+int(length):]
		return s
	}
	state := map[string]string{}
	for len(plain) > 0 {
		key := text()
		state[key] = text()
		_, n := binary.Uvarint(plain)
		plain = plain[n:]
	}
	return state
}
