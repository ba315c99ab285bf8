package journal_test

import (
	"fmt"
	"path/filepath"
	"testing"

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
