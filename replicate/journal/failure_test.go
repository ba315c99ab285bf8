package journal_test

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate/journal"
)

// failOn makes the disk fail every step of one kind.
func failOn(d *disk, op string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = func(step string) error {
		if step == op {
			return err
		}
		return nil
	}
}

// A full disk is named, what was confirmed stays, and the half-written batch
// is cut off.
func TestDiskFull(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	size := len(d.names[path].data)
	d.short = 20
	failOn(d, "write", syscall.ENOSPC)
	require.NoError(t, mapOf(t, j.Replica()).Set("b", 1))
	err := j.Replica().Flush(t.Context())
	require.ErrorIs(t, err, syscall.ENOSPC)
	var failed *journal.WriteError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, journal.WriteError{Path: path, Op: "write", Err: syscall.ENOSPC}, *failed)
	assert.EqualError(t, err, "journal: write folder/r.weir: no space left on device")
	assert.Len(t, d.names[path].data, size)

	failOn(d, "write", nil)
	assert.ErrorIs(t, mapOf(t, j.Replica()).Set("c", 1), syscall.ENOSPC, "no writing after a failure")
	assert.ErrorIs(t, j.Close(), syscall.ENOSPC)
	assert.Len(t, d.names[path].data, size, "nor a clean mark")

	k := open(t, path, d.config())
	assert.Equal(t, map[string]int{"a": 1}, contents(t, k.Replica()))
	assert.Zero(t, k.Recovery().TornBytes)
	assert.False(t, k.Recovery().NewAuthor, "nothing was lost that others have seen")
	require.NoError(t, k.Close())
}

// Where the torn batch cannot be cut off, the next opening does it.
func TestDiskFullAndNoTruncate(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	d.short = 15
	d.before = func(op string) error {
		if op == "write" || op == "truncate" {
			return syscall.ENOSPC
		}
		return nil
	}
	require.NoError(t, mapOf(t, j.Replica()).Set("b", 1))
	require.Error(t, j.Replica().Flush(t.Context()))
	require.Error(t, j.Close())
	d.before = nil
	k := open(t, path, d.config())
	assert.Equal(t, int64(15), k.Recovery().TornBytes)
	assert.False(t, k.Recovery().NewAuthor, "a killed process loses nothing that others have seen")
	assert.Equal(t, map[string]int{"a": 1}, contents(t, k.Replica()))
	require.NoError(t, k.Close())
}

// After a failed fsync nobody knows what is on disk: it is not tried again,
// and nothing more is written.
func TestFailedSyncSticks(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	failOn(d, "sync", syscall.EIO)
	require.NoError(t, mapOf(t, j.Replica()).Set("b", 1))
	require.ErrorIs(t, j.Replica().Flush(t.Context()), syscall.EIO)
	steps := 0
	d.mu.Lock()
	d.before = func(op string) error {
		if op != "close" {
			steps++
		}
		return nil
	}
	d.mu.Unlock()
	require.Error(t, mapOf(t, j.Replica()).Set("c", 1))
	require.ErrorIs(t, j.Replica().Flush(t.Context()), syscall.EIO)
	var failed *journal.WriteError
	require.ErrorAs(t, j.Close(), &failed)
	assert.Equal(t, "sync", failed.Op)
	assert.Zero(t, steps)
}

// Creating fails at any step: with the error, and without a file, or with a
// whole one.
func TestCreateFails(t *testing.T) {
	boom := errors.New("boom")
	for _, op := range []string{"create", "write", "sync", "syncdir"} {
		d := newDisk()
		failOn(d, op, boom)
		err := journal.Create(path, journal.Meta{}, d.config())
		require.ErrorIs(t, err, boom, op)
		assert.LessOrEqual(t, len(d.names), 1, "nothing is left beside it")
		if d.names[path] != nil {
			require.Equal(t, "syncdir", op)
			_, err = journal.Check(t.Context(), path, d.config())
			require.NoError(t, err)
		}
	}
	// Without links, the name is given by renaming.
	d := newDisk()
	failOn(d, "link", errors.ErrUnsupported)
	require.NoError(t, journal.Create(path, journal.Meta{}, d.config()))
	assert.Len(t, d.names, 1)
	assert.ErrorIs(t, journal.Create(path, journal.Meta{}, d.config()), fs.ErrExist)
	failOn(d, "rename", boom)
	require.NoError(t, d.Remove(path))
	d.before = func(op string) error {
		return map[string]error{"link": errors.ErrUnsupported, "rename": boom}[op]
	}
	require.ErrorIs(t, journal.Create(path, journal.Meta{}, d.config()), boom)
	assert.Empty(t, d.names)
}
