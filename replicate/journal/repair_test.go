package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through/frame"
)

// goldenStates are what the golden file has held, one write after the other.
var goldenStates = []map[string]int{
	{}, {"a": 0}, {"a": 10}, {"a": 10, "b": 1}, {"a": 11, "b": 1},
}

// stateAt is what the golden file holds up to an offset: by counting writes,
// without reading them.
func stateAt(t testing.TB, b []byte, offset int) map[string]int {
	n := 0
	for at, end := range ends(t, b[:offset]) {
		start := 0
		if at > 0 {
			start = ends(t, b[:offset])[at-1]
		}
		msg, _, err := frame.Parse(b[start:end], end)
		require.NoError(t, err)
		if msg[0] == 3 {
			n++
		}
	}
	return goldenStates[n]
}

// goldenAuthor is who has written the golden file.
func goldenAuthor(t testing.TB) replicate.Author {
	d := newDisk()
	d.put(path, golden(t))
	j := open(t, path, d.config())
	defer func() { require.NoError(t, j.Close()) }()
	var author replicate.Author
	for author = range j.Replica().Clock() {
	}
	require.Len(t, j.Replica().Clock(), 1)
	return author
}

// repaired checks what Repair has made of a file that is good up to an offset.
func repaired(t testing.TB, d *disk, bad []byte, good int, want map[string]int, old replicate.Author) {
	rec, err := journal.Repair(t.Context(), path, d.config())
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%s.cut-%d", path, good), rec.Saved)
	require.True(t, rec.NewAuthor)
	require.Equal(t, int64(good), rec.Bytes)
	require.Equal(t, bad[:good], d.names[path].data[:good])
	require.Equal(t, bad[good:], d.names[rec.Saved].data)
	require.Len(t, d.names, 2)
	for _, n := range d.names {
		require.Equal(t, n.data, n.synced)
	}
	j := open(t, path, d.config())
	require.Equal(t, want, contents(t, j.Replica()))
	require.NotEqual(t, old, j.Replica().Author())
	require.False(t, j.Recovery().NewAuthor, "the repaired file says who writes")
	set(t, j, "new", 1)
	require.NoError(t, j.Close())
	rec, err = journal.Repair(t.Context(), path, d.config())
	require.NoError(t, err)
	require.True(t, rec.Clean)
	require.Empty(t, rec.Saved, "nothing is wrong any more")
}

// Whatever bit is flipped, repairing keeps exactly what is before it, and the
// rest in another file.
func TestRepairEveryFlippedBit(t *testing.T) {
	good, old, n := golden(t), goldenAuthor(t), 0
	frames := ends(t, good)
	for bit := range 8 * len(good) {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		d := newDisk()
		d.put(path, bad)
		i, _ := slices.BinarySearch(frames, bit/8+1)
		if i < 2 { // greeting or meta: there is nothing to keep
			_, err := journal.Repair(t.Context(), path, d.config())
			isEither := errors.Is(err, replicate.ErrCorrupt) || errors.Is(err, journal.ErrNotReplica)
			require.True(t, isEither, "bit %d: %v", bit, err)
			require.Equal(t, bad, d.names[path].data)
			require.Len(t, d.names, 1)
			continue
		}
		repaired(t, d, bad, frames[i-1], stateAt(t, good, frames[i-1]), old)
		n++
	}
	t.Logf("%d of %d flips repaired", n, 8*len(good))
}

// A file cut anywhere holds just what was whole, when it is opened and when it
// is repaired.
func TestEveryTornPrefix(t *testing.T) {
	good, old := golden(t), goldenAuthor(t)
	frames := ends(t, good)
	for cut := range good {
		if cut < frames[2] { // what was put in place whole
			d := newDisk()
			d.put(path, bytes.Clone(good[:cut]))
			_, err := journal.Open(t.Context(), path, d.config())
			isEither := errors.Is(err, replicate.ErrCorrupt) || errors.Is(err, journal.ErrNotReplica)
			require.True(t, isEither, "cut at %d: %v", cut, err)
			continue
		}
		last := frames[2]
		for _, end := range frames {
			if end <= cut {
				last = end
			}
		}
		want := stateAt(t, good, last)
		d := newDisk()
		d.put(path, bytes.Clone(good[:cut]))
		j := open(t, path, d.config())
		require.Equal(t, want, contents(t, j.Replica()), "cut at %d", cut)
		require.Equal(t, int64(cut-last), j.Recovery().TornBytes)
		require.Equal(t, int64(last), j.Recovery().Bytes)
		require.Len(t, d.names[path].data, last, "the torn tail is cut off")
		if last < cut {
			require.Equal(t, good[last:cut], d.names[j.Recovery().Saved].data, "and kept")
		}
		require.NoError(t, j.Close())
		if last == cut {
			continue
		}
		d = newDisk()
		d.put(path, bytes.Clone(good[:cut]))
		repaired(t, d, good[:cut], last, want, old)
	}
}

const goldenDumpPath = "testdata/replica.dump"

// goldenDump is a snapshot of the golden file.
func goldenDump(t testing.TB) []byte {
	d := newDisk()
	d.put(path, golden(t))
	j := open(t, path, d.config())
	require.NoError(t, j.Snapshot(t.Context(), "dump"))
	require.NoError(t, j.Close())
	return d.names["dump"].data
}

func TestGoldenDump(t *testing.T) {
	asBefore(t, goldenDumpPath, goldenDump(t))
}

// A dump that was cut anywhere, or has any bit flipped, ends with a typed error,
// and what was taken in of it is what it holds, or nothing.
func TestEveryTornAndFlippedDump(t *testing.T) {
	good := goldenDump(t)
	load := func(b []byte) (*replicate.Replica, error) {
		r := inMemory()
		_, err := r.Load(t.Context(), pull.Values(b))
		return r, err
	}
	check := func(b []byte, what string, of ...error) {
		r, err := load(b)
		require.True(t, slices.ContainsFunc(of, func(e error) bool { return errors.Is(err, e) }), "%s: %v", what, err)
		if got := contents(t, r); len(got) > 0 {
			require.Equal(t, goldenStates[4], got, what)
		}
	}
	r, err := load(good)
	require.NoError(t, err)
	require.Equal(t, goldenStates[4], contents(t, r))
	for cut := range good {
		check(good[:cut], fmt.Sprintf("cut at %d", cut), io.ErrUnexpectedEOF)
	}
	for bit := range 8 * len(good) {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		check(bad, fmt.Sprintf("bit %d", bit), replicate.ErrCorrupt, replicate.ErrNotWeir, io.ErrUnexpectedEOF)
	}
}

// The file is repaired, and a crash comes after any step: it is as it was, or
// repaired.
func TestCrashWhileRepairing(t *testing.T) {
	bad := golden(t)
	frames := ends(t, bad)
	good := frames[len(frames)-4]
	bad[good+3] ^= 1
	d := newDisk()
	d.put(path, bad)
	e := explore(d)
	_, err := journal.Repair(t.Context(), path, d.config())
	require.NoError(t, err)
	d.after = nil
	fixed := 0
	for _, c := range e.cases {
		what := fmt.Sprintf("step %d (%s), %s", c.step, c.op, c.how)
		j, err := journal.Open(t.Context(), path, c.config())
		if err == nil {
			fixed++
			require.Equal(t, stateAt(t, golden(t), good), contents(t, j.Replica()), what)
			require.Equal(t, bad[good:], c.names[fmt.Sprintf("%s.cut-%d", path, good)].data, what)
			require.NoError(t, j.Close())
			continue
		}
		require.ErrorIs(t, err, replicate.ErrCorrupt, what)
		require.Equal(t, bad, c.names[path].data, what)
		_, err = journal.Repair(t.Context(), path, c.config())
		require.NoError(t, err, what)
		require.NoError(t, open(t, path, c.config()).Close(), what)
	}
	require.Positive(t, fixed)
	require.Less(t, fixed, len(e.cases))
}

// What was cut off comes back from who has seen it, and the new author's writes
// go with it.
func TestRepairThenSync(t *testing.T) {
	d, peer := newDisk(), inMemory()
	j := create(t, path, d.config())
	for i := range 10 {
		set(t, j, fmt.Sprint("key ", i), i)
	}
	requireEqual(t, j.Replica(), peer)
	want := contents(t, j.Replica())
	require.NoError(t, j.Close())
	d.names[path].data[len(d.names[path].data)/2] ^= 1
	_, err := journal.Open(t.Context(), path, d.config())
	require.ErrorIs(t, err, replicate.ErrCorrupt)
	rec, err := journal.Check(t.Context(), path, d.config())
	require.ErrorIs(t, err, replicate.ErrCorrupt)
	assert.Equal(t, int64(len(d.names[path].data)), rec.Bytes+rec.Damaged)
	_, err = journal.Repair(t.Context(), path, d.config())
	require.NoError(t, err)

	j = open(t, path, d.config())
	require.Less(t, len(contents(t, j.Replica())), 10)
	set(t, j, "new", 1)
	requireEqual(t, j.Replica(), peer)
	want["new"] = 1
	assert.Equal(t, want, contents(t, peer))
	require.NoError(t, j.Close())
}

// A file in use is not repaired, nor what is no replica's; a name that is taken
// is left alone.
func TestRepairRefuses(t *testing.T) {
	real := t.TempDir() + "/r.weir"
	j := create(t, real, mapConfig())
	cfg := mapConfig()
	cfg.LockWait = 1
	_, err := journal.Repair(t.Context(), real, cfg)
	require.ErrorIs(t, err, journal.ErrLocked)
	require.NoError(t, j.Close())
	_, err = journal.Repair(t.Context(), real+".none", cfg)
	require.ErrorIs(t, err, fs.ErrNotExist)

	d := newDisk()
	bad := append(golden(t), 1, 2, 3)
	d.put(path, bad)
	taken := fmt.Sprintf("%s.cut-%d", path, len(bad)-3)
	d.put(taken, []byte("of an earlier time"))
	rec, err := journal.Repair(t.Context(), path, d.config())
	require.NoError(t, err)
	assert.Equal(t, taken+".2", rec.Saved)
	assert.Equal(t, []byte{1, 2, 3}, d.names[rec.Saved].data)
}
