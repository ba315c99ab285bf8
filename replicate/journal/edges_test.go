package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

// What a killed process had written, but not synced, counts as durable once
// another has opened it: so it must be.
func TestKilledThenPowerLoss(t *testing.T) {
	d := newDisk()
	var killed *disk
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	d.after = func(op string) {
		if op == "write" {
			killed = d.killed()[0].disk
			d.after = nil
		}
	}
	set(t, j, "b", 1)
	require.NoError(t, j.Close())

	k := open(t, path, killed.config())
	require.Contains(t, contents(t, k.Replica()), "b")
	require.NoError(t, k.Replica().Flush(t.Context()))
	after := worst(killed)
	require.NoError(t, k.Close())
	k = open(t, path, after.config())
	assert.Contains(t, contents(t, k.Replica()), "b")
	require.NoError(t, k.Close())
}

// So must its clean mark before there is anything behind it: a hole in it, with
// a commit behind, would be damage.
func TestKilledAtCleanMarkThenPowerLoss(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	var killed *disk
	d.after = func(op string) {
		if op == "write" {
			killed = d.killed()[0].disk
			d.after = nil
		}
	}
	require.NoError(t, j.Close())

	var lost []crashed
	killed.after = func(op string) {
		if op == "write" {
			lost = killed.lostPower()
		}
	}
	k := open(t, path, killed.config())
	require.True(t, k.Recovery().Clean)
	set(t, k, "b", 1)
	killed.after = nil
	require.NoError(t, k.Close())
	require.NotEmpty(t, lost)
	for _, c := range lost {
		k := open(t, path, c.config())
		require.Equal(t, 1, contents(t, k.Replica())["a"], c.how)
		require.NoError(t, k.Close())
	}
}

// So must the file's name: the process that gave it may not have come to that.
func TestKilledWhileCreatingThenPowerLoss(t *testing.T) {
	d := newDisk()
	var killed *disk
	d.after = func(op string) {
		if op == "link" {
			killed = d.killed()[0].disk
		}
	}
	require.NoError(t, journal.Create(path, journal.Meta{}, d.config()))
	j := open(t, path, killed.config())
	set(t, j, "a", 1)
	after := worst(killed)
	require.NoError(t, j.Close())
	j = open(t, path, after.config())
	assert.Equal(t, map[string]int{"a": 1}, contents(t, j.Replica()))
	require.NoError(t, j.Close())
}

// racing is a file system where, once a file was opened, another takes its name.
type racing struct {
	files.FS
	once        sync.Once
	other, path string
}

func (r *racing) OpenFile(name string, flag int, perm fs.FileMode) (file files.File, err error) {
	file, err = r.FS.OpenFile(name, flag, perm)
	r.once.Do(func() { err = errors.Join(err, os.Rename(r.other, r.path)) })
	return file, err
}

// Compaction and restoring replace the file while others wait for its lock.
func TestReplacedWhileLocking(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "r.weir"), filepath.Join(dir, "other.weir")
	require.NoError(t, journal.Create(path, journal.Meta{}, mapConfig()))
	require.NoError(t, journal.Create(other, journal.Meta{Label: "other"}, mapConfig()))
	cfg := mapConfig()
	cfg.FS = &racing{FS: files.OS(), other: other, path: path}
	k := open(t, path, cfg)
	assert.Equal(t, "other", k.Meta().Label)
	require.NoError(t, k.Close())
}

// Two may create one file at the same moment: one of them is refused.
func TestCreateNeverReplaces(t *testing.T) {
	d := newDisk()
	other := &inode{data: []byte("someone else's")}
	d.before = func(op string) error {
		if op == "link" {
			d.names[path] = other
		}
		return nil
	}
	assert.ErrorIs(t, journal.Create(path, journal.Meta{}, d.config()), fs.ErrExist)
	assert.Same(t, other, d.names[path])
	assert.Len(t, d.names, 1)
}

func TestMetaIsBounded(t *testing.T) {
	long := strings.Repeat("x", replicate.MaxName+1)
	d := newDisk()
	for _, meta := range []journal.Meta{{Label: long}, {Set: long}} {
		assert.ErrorIs(t, journal.Create(path, meta, d.config()), replicate.ErrTooLarge)
	}
	meta := journal.Meta{Label: long[1:], Set: long[1:]}
	require.NoError(t, journal.Create(path, meta, d.config()))
	j := open(t, path, d.config())
	assert.Equal(t, meta, j.Meta())
	require.NoError(t, j.Close())
}

// Stamps go on above all that was seen before, whatever the clock says.
func TestStampsGoOn(t *testing.T) {
	d := newDisk()
	cfg := d.config()
	cfg.Replica.Now = func() time.Time { return time.UnixMilli(1) }
	j := create(t, path, cfg)
	writing, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	d.mu.Lock()
	d.before = func(op string) error {
		once.Do(func() {
			close(writing)
			<-release
		})
		return nil
	}
	d.mu.Unlock()
	m := mapOf(t, j.Replica())
	require.NoError(t, m.Set("a", 1))
	<-writing
	require.NoError(t, m.Set("b", 1))
	seen := replicate.TimeOf(time.UnixMilli(1000))
	j.Replica().Witness(seen)
	close(release)
	require.NoError(t, j.Close())

	k := open(t, path, cfg)
	require.Equal(t, j.Replica().Author(), k.Replica().Author())
	set(t, k, "c", 1)
	assert.Greater(t, k.Replica().Clock()[k.Replica().Author()], seen)
	require.NoError(t, k.Close())
}

// What is written while a write is under way goes into one next batch.
func TestGroupCommit(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	writing, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	writes, syncs := 0, 0
	d.mu.Lock()
	d.before = func(op string) error {
		switch op {
		case "write":
			writes++
		case "sync":
			syncs++
		}
		once.Do(func() {
			close(writing)
			<-release
		})
		return nil
	}
	d.mu.Unlock()
	m := mapOf(t, j.Replica())
	require.NoError(t, m.Set("first", 1))
	<-writing
	for i := range 500 {
		require.NoError(t, m.Set("hot", i))
	}
	close(release)
	require.NoError(t, j.Replica().Flush(t.Context()))
	d.mu.Lock()
	assert.Equal(t, [2]int{2, 2}, [2]int{writes, syncs})
	d.mu.Unlock()
	require.NoError(t, j.Close())
	rec, err := journal.Check(t.Context(), path, d.config())
	require.NoError(t, err)
	assert.Equal(t, 2, rec.Updates, "what was replaced before it was written is not written")
}

// Closing while others write: each write is in the file, or was refused.
func TestCloseWhileWriting(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	m := mapOf(t, j.Replica())
	written, started := make(chan int), make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			if err := m.Set("n", n); err != nil {
				assert.ErrorIs(t, err, replicate.ErrClosed)
				written <- n - 1
				return
			}
			if n == 10 {
				close(started)
			}
		}
	}()
	<-started
	require.NoError(t, j.Close())
	last := <-written
	k := open(t, path, d.config())
	assert.Equal(t, map[string]int{"n": last}, contents(t, k.Replica()))
	assert.True(t, k.Recovery().Clean)
	require.NoError(t, k.Close())
}

// A second closing says what the first said.
func TestCloseAfterFailure(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	boom := errors.New("boom")
	failOn(d, "write", boom)
	require.NoError(t, mapOf(t, j.Replica()).Set("a", 1))
	require.ErrorIs(t, j.Close(), boom)
	require.ErrorIs(t, j.Close(), boom)
}
