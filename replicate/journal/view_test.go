package journal_test

import (
	"bytes"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

// readOnly is a file system on media that cannot be written.
type readOnly struct{ *disk }

func (r readOnly) OpenFile(name string, flag int, perm fs.FileMode) (files.File, error) {
	if flag != os.O_RDONLY {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EROFS}
	}
	return r.disk.OpenFile(name, flag, perm)
}

// What cannot be written can be viewed, torn and in use: what is whole is read,
// nothing is changed, and nothing can be written.
func TestView(t *testing.T) {
	for name, tail := range map[string]string{"closed": "", "torn": "\x30\x03 not whole"} {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			d.put(path, append(golden(t), tail...))
			before := bytes.Clone(d.names[path].data)
			cfg := d.config()
			cfg.FS = readOnly{d}
			_, err := journal.Open(t.Context(), path, cfg)
			var unwritable *journal.WriteError
			require.ErrorAs(t, err, &unwritable)
			require.ErrorIs(t, err, syscall.EROFS)

			steps := 0
			d.after = func(string) { steps++ }
			j, err := journal.View(t.Context(), path, cfg)
			require.NoError(t, err)
			assert.Equal(t, goldenStates[4], contents(t, j.Replica()))
			assert.Equal(t, "golden", j.Meta().Label)
			assert.EqualValues(t, len(tail), j.Recovery().TornBytes)
			assert.Contains(t, j.Replica().Clock(), goldenAuthor(t))
			require.ErrorAs(t, mapOf(t, j.Replica()).Set("new", 1), &unwritable)
			_, err = j.Compact(t.Context(), nil)
			require.ErrorAs(t, err, &unwritable)
			assert.NotContains(t, contents(t, j.Replica()), "new")
			copied := inMemory()
			require.NoError(t, copied.Write(t.Context(), j.Replica().Read(nil)))
			assert.Equal(t, goldenStates[4], contents(t, copied))
			require.NoError(t, j.Close())
			require.NoError(t, j.Close())
			require.Zero(t, steps)
			require.Zero(t, d.opened)
			require.Equal(t, before, d.names[path].data)
		})
	}
}

// Whoever writes is not kept from it by a view, nor a view by who writes.
func TestViewWhileInUse(t *testing.T) {
	path := t.TempDir() + "/r.weir"
	j := create(t, path, mapConfig())
	set(t, j, "a", 1)
	v, err := journal.View(t.Context(), path, mapConfig())
	require.NoError(t, err)
	assert.True(t, v.Recovery().InUse)
	set(t, j, "b", 1)
	require.NoError(t, j.Close())
	k := open(t, path, mapConfig())
	assert.Equal(t, map[string]int{"a": 1}, contents(t, v.Replica()), "as it was")
	require.NoError(t, v.Snapshot(t.Context(), path+".dump"))
	require.NoError(t, v.Close())
	require.NoError(t, k.Close())
	require.NoError(t, os.WriteFile(path, []byte("text"), 0o600))
	_, err = journal.View(t.Context(), path, mapConfig())
	require.ErrorIs(t, err, journal.ErrNotReplica)
	_, err = journal.View(t.Context(), path+".none", mapConfig())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A view verifies no less than an opening.
func TestViewOfDamage(t *testing.T) {
	d := newDisk()
	bad := golden(t)
	bad[len(bad)/2] ^= 1
	d.put(path, bad)
	_, err := journal.View(t.Context(), path, d.config())
	require.ErrorIs(t, err, replicate.ErrCorrupt)
}
