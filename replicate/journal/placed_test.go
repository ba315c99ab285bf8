package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through/frame"
)

// placedEnd is how much of a file was put in place whole, by its frames.
func placedEnd(t testing.TB, b []byte) int {
	at := 0
	for _, next := range ends(t, b) {
		payload, _, err := frame.Parse(b[at:], len(b))
		require.NoError(t, err)
		if at = next; payload[0] == 0x53 {
			return next
		}
	}
	return 0
}

// placings are the ways in which a file comes to its place, whole.
var placings = map[string]func(t testing.TB, d *disk){
	"created": func(t testing.TB, d *disk) {
		require.NoError(t, journal.Create(path, journal.Meta{}, d.config()))
	},
	"compacted": func(t testing.TB, d *disk) {
		d.put(path, golden(t))
		j := open(t, path, d.config())
		_, err := j.Compact(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, j.Close())
	},
	"forked": func(t testing.TB, d *disk) {
		d.put("original", golden(t))
		require.NoError(t, journal.Fork(t.Context(), "original", path, d.config()))
	},
	"repaired": func(t testing.TB, d *disk) {
		d.put(path, golden(t))
		require.NoError(t, journal.Fork(t.Context(), path, "fork", d.config()))
		forked := d.names["fork"].data
		delete(d.names, "fork")
		d.put(path, forked[:ends(t, forked)[2]])
		_, err := journal.Repair(t.Context(), path, d.config())
		require.NoError(t, err)
	},
}

// A file that was put in place whole is damaged if it is any shorter, and what
// is left of it can be repaired; also when the machine was restarted.
func TestPlacedFileIsShortened(t *testing.T) {
	for name, place := range placings {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			place(t, d)
			whole := d.names[path].data
			end := placedEnd(t, whole)
			require.Positive(t, end)
			for cut := range whole {
				d := newDisk()
				d.boot = cut % 2
				d.put(path, bytes.Clone(whole[:cut]))
				shortened(t, d, whole, cut, end)
			}
			rec, err := journal.Check(t.Context(), path, d.config())
			require.NoError(t, err)
			require.Zero(t, rec.TornBytes)
		})
	}
}

func shortened(t *testing.T, d *disk, whole []byte, cut, end int) {
	opened, err := journal.Open(t.Context(), path, d.config())
	if cut >= end {
		require.NoError(t, err, "cut at %d, behind what was placed", cut)
		require.NoError(t, opened.Close())
		return
	}
	if cut < 2 {
		require.ErrorIs(t, err, journal.ErrNotReplica)
		return
	}
	var corrupt *journal.CorruptError
	require.ErrorAs(t, err, &corrupt, "cut at %d of %d", cut, end)
	frames := ends(t, whole)
	last, _ := slices.BinarySearch(frames, cut+1)
	require.Equal(t, last < 2, corrupt.Head, "cut at %d", cut)
	if last == 0 {
		require.Zero(t, corrupt.Offset)
		return
	}
	require.EqualValues(t, frames[last-1], corrupt.Offset, "cut at %d", cut)
	require.Equal(t, whole[:cut], d.names[path].data, "it is not touched")
	require.Len(t, d.names, 1)
	rec, err := journal.Repair(t.Context(), path, d.config())
	if last < 2 {
		require.ErrorIs(t, err, replicate.ErrCorrupt)
		return
	}
	require.NoError(t, err)
	require.True(t, rec.Repaired)
	require.Equal(t, cut > frames[last-1], rec.Saved != "", "what is not there is not kept")
	j := open(t, path, d.config())
	require.Equal(t, rec.Live, j.Replica().Len())
	set(t, j, "new", 1)
	require.NoError(t, j.Close())
	rec, err = journal.Repair(t.Context(), path, d.config())
	require.NoError(t, err)
	require.False(t, rec.Repaired)
}

// Whatever bit is flipped in what was put in place, it is damage, be it the
// only batch, and be there no later opening to vouch for it.
func TestPlacedFileIsFlipped(t *testing.T) {
	for name, place := range placings {
		d := newDisk()
		place(t, d)
		good := d.names[path].data
		for bit := range 8 * placedEnd(t, good) {
			bad := bytes.Clone(good)
			bad[bit/8] ^= 1 << (bit % 8)
			d := newDisk()
			d.boot = bit % 2
			d.put(path, bad)
			_, err := journal.Check(t.Context(), path, d.config())
			require.True(t, errors.Is(err, replicate.ErrCorrupt) || bit < 40 && errors.Is(err, journal.ErrNotReplica),
				"%s, bit %d: %v", name, bit, err)
		}
	}
}

// A file of before there were placed frames is read and written as ever.
func TestFileThatWasNotPlaced(t *testing.T) {
	old, err := os.ReadFile("testdata/unplaced.weir")
	require.NoError(t, err)
	require.Zero(t, placedEnd(t, old))
	d := newDisk()
	d.put(path, old)
	j := open(t, path, d.config())
	assert.Equal(t, goldenStates[4], contents(t, j.Replica()))
	set(t, j, "c", 1)
	require.NoError(t, j.Close())
	require.Equal(t, old, d.names[path].data[:len(old)])
	for cut := ends(t, old)[1]; cut < len(old); cut++ {
		d.put(path, bytes.Clone(old[:cut]))
		require.NoError(t, open(t, path, d.config()).Close(), "cut at %d", cut)
	}
	j = open(t, path, d.config())
	_, err = j.Compact(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, j.Close())
	require.Positive(t, placedEnd(t, d.names[path].data))
}

// What is cut off a file is kept beside it, unless it is known to be of a write
// that a crash cut short, of which nobody was shown anything.
func TestTailIsKept(t *testing.T) {
	later := []byte("\x30\x03 the beginning of a frame")
	appended := func(t *testing.T, path string) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		require.NoError(t, err)
		_, err = f.Write(later)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	for name, c := range map[string]struct {
		tear func(t *testing.T, path string)
		kept bool
	}{
		"write cut short": {appended, false},
		"read since": {func(t *testing.T, path string) {
			appended(t, path)
			require.NoError(t, os.Chtimes(path, time.Now(), time.Time{}))
		}, true},
		"truncated": {func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			frames := ends(t, b)
			require.NoError(t, os.Truncate(path, int64(frames[len(frames)/2])+3))
		}, true},
		"by little": {func(t *testing.T, path string) {
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.NoError(t, os.Truncate(path, info.Size()-1))
		}, true},
		"copied, with its times, maybe while it was written": {func(t *testing.T, path string) {
			appended(t, path)
			require.NoError(t, exec.Command("cp", "-p", path, path+".new").Run())
			require.NoError(t, os.Rename(path+".new", path))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "r.weir")
			j := create(t, path, mapConfig())
			for i := range 10 {
				set(t, j, fmt.Sprint(i), i)
			}
			require.NoError(t, j.Close())
			info, err := os.Stat(path)
			require.NoError(t, err)
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			// As if nobody had read it: both times are the seal.
			require.NoError(t, os.Chtimes(path, info.ModTime(), time.Time{}))
			c.tear(t, path)
			info, err = os.Stat(path)
			require.NoError(t, err)
			j = open(t, path, mapConfig())
			rec := j.Recovery()
			require.NoError(t, j.Close())
			require.Positive(t, rec.TornBytes)
			require.Equal(t, c.kept, rec.Saved != "", "%+v", rec)
			names, err := filepath.Glob(path + ".cut*")
			require.NoError(t, err)
			if !c.kept {
				require.Empty(t, names)
				return
			}
			require.Equal(t, []string{rec.Saved}, names)
			rest, err := os.ReadFile(rec.Saved)
			require.NoError(t, err)
			now, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, append(whole, later...)[:info.Size()], append(now, rest...))
		})
	}
}

// A file that was last written long ago is sealed, too, by who writes it next.
func TestOldFileIsSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.weir")
	j := create(t, path, mapConfig())
	set(t, j, "a", 1)
	require.NoError(t, j.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(path, time.Time{}, info.ModTime().Add(-time.Hour)))
	j = open(t, path, mapConfig())
	set(t, j, "b", 1)
	require.NoError(t, j.Close())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var flags []byte
	at := 0
	for _, next := range ends(t, b) {
		payload, _, err := frame.Parse(b[at:], len(b))
		require.NoError(t, err)
		if at = next; payload[0] == 0x41 {
			flags = append(flags, payload[1])
		}
	}
	require.Equal(t, []byte{2, 2}, flags)
}
