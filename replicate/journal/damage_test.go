package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through/frame"
)

var update = flag.Bool("update", false, "write testdata anew")

const goldenPath = "testdata/replica.weir"

// counting is a source of ids that repeat from run to run.
type counting struct{ n byte }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		c.n++
		p[i] = c.n
	}
	return len(p), nil
}

// golden makes a small file: two openings, the second closed.
func golden(t testing.TB) []byte {
	d := newDisk()
	cfg := d.config()
	cfg.Replica.Rand = &counting{}
	now := time.UnixMilli(1_700_000_000_000)
	cfg.Replica.Now = func() time.Time { return now }
	require.NoError(t, journal.Create(path, journal.Meta{Label: "golden", Set: "set"}, cfg))
	for i, key := range []string{"a", "b"} {
		j := open(t, path, cfg)
		set(t, j, key, i)
		set(t, j, "a", 10+i)
		require.NoError(t, j.Close())
	}
	return d.names[path].data
}

// asBefore wants got to be what the file holds, and returns that.
func asBefore(t *testing.T, path string, got []byte) []byte {
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	return want
}

// The format is that of files that last: it must not change by accident.
func TestGolden(t *testing.T) {
	want := asBefore(t, goldenPath, golden(t))
	d := newDisk()
	d.put(path, want)
	rec, err := journal.Check(t.Context(), path, d.config())
	require.NoError(t, err)
	assert.True(t, rec.Clean)
	assert.Equal(t, journal.Meta{Label: "golden", Set: "set"}, rec.Meta)
	assert.Equal(t, [3]int{4, 2, 4}, [3]int{rec.Updates, rec.Live, rec.Markers})
	assert.Equal(t, int64(len(want)), rec.Bytes)
	j := open(t, path, d.config())
	assert.Equal(t, map[string]int{"a": 11, "b": 1}, contents(t, j.Replica()))
	require.NoError(t, j.Close())
}

// ends lists where the frames of a file end.
func ends(t testing.TB, b []byte) (at []int) {
	for end := 0; end < len(b); {
		_, n, err := frame.Parse(b[end:], len(b))
		require.NoError(t, err)
		end += n
		at = append(at, end)
	}
	return at
}

// Whatever bit is flipped, it is noticed: as damage, with the frame it is in;
// in the last frame, which may as well have been torn, that is cut off.
func TestEveryFlippedBitIsNoticed(t *testing.T) {
	good := golden(t)
	frames := ends(t, good)
	for bit := range 8 * len(good) {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		d := newDisk()
		d.put(path, bad)
		rec, err := journal.Check(t.Context(), path, d.config())
		start := 0
		for _, end := range frames {
			if end <= bit/8 {
				start = end
			}
		}
		var corrupt *journal.CorruptError
		switch {
		case start == frames[len(frames)-2]:
			require.NoError(t, err, "bit %d", bit)
			require.Equal(t, int64(len(good)-start), rec.TornBytes)
			require.False(t, rec.Clean)
		case start == 0 && errors.Is(err, journal.ErrNotReplica):
		default:
			require.ErrorAs(t, err, &corrupt, "bit %d", bit)
			require.ErrorIs(t, err, replicate.ErrCorrupt)
			require.Equal(t, int64(start), corrupt.Offset, "bit %d", bit)
			require.Equal(t, bad, d.names[path].data, "a damaged file is not touched")
		}
	}
}

// Bytes that look like a commit are none unless they name their own place.
func TestTornInsideOfWhatLooksLikeACommit(t *testing.T) {
	commit := frame.Append(nil, binary.AppendUvarint([]byte{0x43, 1}, 0))
	update := frame.Append(nil, append(bytes.Repeat([]byte{3}, 50), commit...))
	d := newDisk()
	d.put(path, append(golden(t), update[:len(update)-1]...))
	rec, err := journal.Check(t.Context(), path, d.config())
	require.NoError(t, err)
	assert.Equal(t, int64(len(update)-1), rec.TornBytes)
}

// A frame that is whole and makes no sense is damage, also at the end.
func TestWholeFrameWithoutSense(t *testing.T) {
	good := golden(t)
	for name, payload := range map[string][]byte{
		"empty":           {},
		"a greeting":      []byte("weir"),
		"unknown kind":    {0x44},
		"short open":      {0x41, 0},
		"misplaced clean": {0x42, 1, 1},
		"marker":          {4, 0, 1, 9},
		"partial":         {0x50, 1, 2, 3},
	} {
		d := newDisk()
		d.put(path, frame.Append(bytes.Clone(good), payload))
		_, err := journal.Check(t.Context(), path, d.config())
		var corrupt *journal.CorruptError
		require.ErrorAs(t, err, &corrupt, name)
		assert.Equal(t, int64(len(good)), corrupt.Offset, name)
	}
	d := newDisk()
	d.put(path, frame.Append(bytes.Clone(good), []byte{0x5f, 1, 2, 3}))
	rec, err := journal.Check(t.Context(), path, d.config())
	require.NoError(t, err, "what may be skipped is skipped")
	assert.True(t, rec.Clean)
}

func TestVersionsAndDumps(t *testing.T) {
	good := golden(t)
	payload, _, err := frame.Parse(good, 100)
	require.NoError(t, err)
	later := bytes.Clone(payload)
	later[4]++
	d := newDisk()
	d.put(path, frame.Append(nil, later))
	_, err = journal.Open(t.Context(), path, d.config())
	assert.ErrorIs(t, err, replicate.ErrVersion)

	src := replicate.New(replicate.Config{}).Read(nil)
	chunk, err := src(t.Context())
	require.NoError(t, err)
	d.put("dump", chunk)
	_, err = journal.Open(t.Context(), "dump", d.config())
	assert.ErrorIs(t, err, journal.ErrNotReplica)
	assert.ErrorContains(t, err, "dump")

	d.put(path, good)
	cfg := d.config()
	cfg.Replica.Types = nil
	_, err = journal.Open(t.Context(), path, cfg)
	assert.ErrorIs(t, err, replicate.ErrUnknownType)
	assert.NotErrorIs(t, err, replicate.ErrCorrupt)
}

// A few bytes may claim 60 MB: only what is there may be held.
func TestLengthAllocatesNothing(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.weir")
	good := golden(t)
	claim := binary.AppendUvarint(bytes.Clone(good), 60<<20)
	require.NoError(t, os.WriteFile(name, append(claim, make([]byte, 1000)...), 0o600))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rec, err := journal.Check(t.Context(), name, mapConfig())
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, int64(1004), rec.TornBytes)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

// Whatever a file holds, looking at it ends with what is good or one of the
// errors that are documented, and opening it agrees.
func FuzzCheck(f *testing.F) {
	good := golden(f)
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add(append(bytes.Clone(good), 0, 0, 0, 0))
	flipped := bytes.Clone(good)
	flipped[len(good)/2] ^= 4
	f.Add(flipped)
	f.Add([]byte("6weir"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := newDisk()
		d.put(path, data)
		rec, err := journal.Check(t.Context(), path, d.config())
		known := false
		for _, want := range []error{
			nil, replicate.ErrCorrupt, replicate.ErrVersion, replicate.ErrUnknownType, journal.ErrNotReplica,
		} {
			known = known || errors.Is(err, want)
		}
		require.True(t, known, "%v", err)
		if err != nil {
			return
		}
		require.Equal(t, int64(len(data)), rec.Bytes+rec.TornBytes)
		j := open(t, path, d.config())
		require.Equal(t, rec.Live, j.Replica().Len())
		require.NoError(t, j.Close())
	})
}
