package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// quiet never compacts by itself.
func quiet(cfg journal.Config) journal.Config {
	cfg.Compact.Off = true
	return cfg
}

// gated is a file system in which writes to some files wait.
type gated struct {
	files.FS
	temp    bool          // to new files, or else to old ones
	reached chan struct{} // receives when a write waits
	gate    chan struct{} // closed to let them pass
}

func gate(fsys files.FS, temp bool) *gated {
	return &gated{FS: fsys, temp: temp, reached: make(chan struct{}, 1), gate: make(chan struct{})}
}

func (g *gated) OpenFile(name string, flag int, perm fs.FileMode) (files.File, error) {
	file, err := g.FS.OpenFile(name, flag, perm)
	if err == nil && strings.HasSuffix(name, ".tmp") == g.temp {
		return gatedFile{file, g}, nil
	}
	return file, err
}

type gatedFile struct {
	files.File
	g *gated
}

func (f gatedFile) Write(p []byte) (int, error) {
	select {
	case f.g.reached <- struct{}{}:
	default:
	}
	<-f.g.gate
	return f.File.Write(p)
}

// While a file is compacted, however slowly, writes are committed, read and
// shown as ever. What was written meanwhile is in the new file.
func TestWritersGoOnWhileCompacting(t *testing.T) {
	d := newDisk()
	cfg := quiet(d.config())
	g := gate(d, true)
	j := create(t, path, cfg)
	for i := range 50 {
		set(t, j, "a", i)
		set(t, j, fmt.Sprint("b", i), i)
	}
	require.NoError(t, j.Close())
	cfg.FS = g
	j = open(t, path, cfg)
	author := j.Replica().Author()
	set(t, j, "first", 1)
	compacted := make(chan journal.Compaction)
	go func() {
		c, err := j.Compact(t.Context(), nil)
		assert.NoError(t, err)
		compacted <- c
	}()
	<-g.reached
	peer := inMemory()
	for i := range 100 {
		set(t, j, "a", 1000+i)
		set(t, j, fmt.Sprint("c", i), i)
	}
	requireEqual(t, j.Replica(), peer)
	want := contents(t, j.Replica())
	require.Len(t, want, 152)
	close(g.gate)
	c := <-compacted
	assert.Less(t, c.After, c.Before/2)
	assert.Equal(t, 152, j.Replica().Len())
	assert.GreaterOrEqual(t, c.Updates, 152)
	assert.Len(t, d.names, 1, "nothing is left beside it")
	set(t, j, "after", 1)
	want["after"] = 1
	require.NoError(t, j.Close())

	j = open(t, path, cfg)
	assert.Equal(t, want, contents(t, j.Replica()))
	assert.False(t, j.Recovery().NewAuthor, j.Recovery().Reason)
	assert.Equal(t, author, j.Replica().Author())
	assert.True(t, j.Recovery().Clean)
	require.NoError(t, j.Close())
}

// What is written while a long round is copied comes in the next round, so that
// the swap has little to do.
func TestCompactInRounds(t *testing.T) {
	d := newDisk()
	g := gate(d, true)
	cfg := quiet(d.config())
	cfg.FS = g
	d.put(path, golden(t))
	j := open(t, path, cfg)
	texts, err := model.OpenWith(j.Replica(), "", text)
	require.NoError(t, err)
	write := func(prefix string) {
		for i := range 10 {
			require.NoError(t, texts.Set(fmt.Sprint(prefix, i), strings.Repeat(prefix, 50<<10)))
		}
		require.NoError(t, j.Replica().Flush(t.Context()))
	}
	write("a")
	copied, done := int64(0), make(chan journal.Compaction)
	go func() {
		c, err := j.Compact(t.Context(), func(done, _ int64) { copied = done })
		assert.NoError(t, err)
		done <- c
	}()
	<-g.reached
	write("b")
	close(g.gate)
	c := <-done
	assert.EqualValues(t, 22, copied)
	assert.Equal(t, 22, c.Updates)
	require.NoError(t, j.Close())
	rec, err := journal.Check(t.Context(), path, cfg)
	require.NoError(t, err)
	assert.Equal(t, 22, rec.Updates)
}

// A write comes just before the swap: whether that succeeds or fails, the write
// is committed with it.
func TestWriteBeforeSwap(t *testing.T) {
	for i := range 40 { // whether the write or the swap is first is chance
		synctest.Test(t, func(t *testing.T) {
			d := newDisk()
			g := gate(d, false)
			cfg := quiet(d.config())
			require.NoError(t, journal.Create(path, journal.Meta{}, cfg))
			cfg.FS = g
			j := open(t, path, cfg)
			m := mapOf(t, j.Replica())
			require.NoError(t, m.Set("a", 1))
			<-g.reached
			compacted := make(chan error)
			go func() {
				_, err := j.Compact(t.Context(), nil)
				compacted <- err
			}()
			synctest.Wait()
			require.NoError(t, m.Set("late", 1))
			if i%2 == 0 {
				failOn(d, "rename", syscall.EACCES)
			}
			close(g.gate)
			require.NoError(t, j.Replica().Flush(t.Context()))
			err := <-compacted
			require.Equal(t, i%2 == 0, errors.Is(err, syscall.EACCES), "%v", err)
			killed := d.killed()[0].disk
			require.NoError(t, j.Close())
			k := open(t, path, killed.config())
			require.Len(t, contents(t, k.Replica()), 2)
			require.NoError(t, k.Close())
		})
	}
}

// Writers go on while a file is compacted, and a crash comes after any step:
// what was confirmed is in whichever file is left.
func TestCrashWhileCompacting(t *testing.T) {
	for _, policy := range []journal.Policy{journal.SyncEach, journal.SyncInterval, journal.SyncNever} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			d := newDisk()
			d.grain = 3
			cfg := quiet(d.config())
			cfg.Sync = policy
			j := create(t, path, cfg)
			e := explore(d)
			e.created()
			for i := range 3 {
				e.set(t, j, fmt.Sprint("a", i), i)
				e.set(t, j, "hot", i)
			}
			var writing sync.WaitGroup
			for w := range 2 {
				writing.Go(func() {
					for i := range 5 {
						e.set(t, j, fmt.Sprint("w", w, i%3), i)
					}
				})
			}
			for range 2 {
				_, err := j.Compact(t.Context(), nil)
				require.NoError(t, err)
			}
			writing.Wait()
			require.NoError(t, j.Close())
			e.verify(t, path, policy != journal.SyncEach)
			t.Logf("%d crash states", len(e.cases))
		})
	}
}

// Whatever step of a compaction fails, the old file goes on, with what was
// written meanwhile, and nothing is left beside it.
func TestCompactFails(t *testing.T) {
	for _, op := range []string{"create", "write", "sync", "rename"} {
		d := newDisk()
		j := create(t, path, quiet(d.config()))
		set(t, j, "a", 1)
		failing := true
		d.mu.Lock()
		d.before = func(step string) error {
			if step == op && failing {
				failing = false
				return syscall.ENOSPC
			}
			return nil
		}
		d.mu.Unlock()
		_, err := j.Compact(t.Context(), nil)
		require.ErrorIs(t, err, syscall.ENOSPC, op)
		var failed *journal.WriteError
		require.ErrorAs(t, err, &failed, op)
		set(t, j, "b", 2)
		_, err = j.Compact(t.Context(), nil)
		require.NoError(t, err, op)
		set(t, j, "c", 3)
		require.NoError(t, j.Close(), op)
		assert.Len(t, d.names, 1, op)
		j = open(t, path, d.config())
		assert.Equal(t, map[string]int{"a": 1, "b": 2, "c": 3}, contents(t, j.Replica()), op)
		require.NoError(t, j.Close())
	}
	// Nobody knows which file a power loss would leave: the journal ends.
	d := newDisk()
	j := create(t, path, quiet(d.config()))
	set(t, j, "a", 1)
	failOn(d, "syncdir", syscall.EIO)
	_, err := j.Compact(t.Context(), nil)
	require.ErrorIs(t, err, syscall.EIO)
	require.ErrorIs(t, mapOf(t, j.Replica()).Set("b", 1), syscall.EIO)
	_, err = j.Compact(t.Context(), nil)
	require.ErrorIs(t, err, syscall.EIO)
	require.ErrorIs(t, j.Close(), syscall.EIO)
	_, err = j.Compact(t.Context(), nil)
	require.ErrorIs(t, err, replicate.ErrClosed)
}

// Compacting ends with its context, and with the journal, which waits for it.
func TestCompactIsInterrupted(t *testing.T) {
	d := newDisk()
	g := gate(d, true)
	cfg := quiet(d.config())
	j := create(t, path, cfg)
	set(t, j, "a", 1)
	require.NoError(t, j.Close())
	cfg.FS = g
	j = open(t, path, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	go func() {
		_, err := j.Compact(ctx, nil)
		errs <- err
	}()
	<-g.reached
	go func() {
		_, err := j.Compact(ctx, nil)
		errs <- err
	}()
	cancel()
	require.ErrorIs(t, <-errs, context.Canceled, "the one that waits for the other")
	go func() { errs <- j.Close() }()
	close(g.gate)
	require.ErrorIs(t, <-errs, context.Canceled)
	require.NoError(t, <-errs)
	assert.Len(t, d.names, 1)
}

// A file compacts itself when it is too many times as long as it has to be, and after a
// day if that saves anything; small ones and idle ones are left alone.
func TestTriggers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		cfg := d.config()
		var done []journal.Compaction
		// A commit of its own for each write makes a file that is all needed twice as long.
		cfg.Compact = journal.Trigger{Size: 10 << 10, Ratio: 4}
		cfg.Compacted = func(c journal.Compaction, err error) {
			assert.NoError(t, err)
			done = append(done, c)
		}
		j := create(t, path, cfg)
		set(t, j, "a", 1)
		time.Sleep(48 * time.Hour)
		set(t, j, "a", 2)
		synctest.Wait()
		assert.Empty(t, done, "it is small")
		for i := range 1000 {
			set(t, j, "a", i)
		}
		synctest.Wait()
		require.NotEmpty(t, done, "by size")
		for _, c := range done {
			assert.Greater(t, c.Before, int64(10<<10))
			assert.Less(t, c.After, c.Before/2)
		}
		assert.Less(t, len(d.names[path].data), 25<<10)

		for i := range 2000 { // all of this is needed
			require.NoError(t, mapOf(t, j.Replica()).Set(fmt.Sprint(i), i))
		}
		require.NoError(t, j.Replica().Flush(t.Context()))
		for i := range 800 {
			require.NoError(t, mapOf(t, j.Replica()).Set(fmt.Sprint(i), i))
		}
		require.NoError(t, j.Replica().Flush(t.Context()))
		done = nil
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		require.Empty(t, done, "nothing was written")
		set(t, j, "a", 1)
		synctest.Wait()
		require.Len(t, done, 1, "by time")
		require.NoError(t, j.Close())
		rec, err := journal.Check(t.Context(), path, cfg)
		require.NoError(t, err)
		assert.Equal(t, 2001, rec.Live)
	})
}

// A real file's compaction lets many writers through, and its lock is the new
// file's.
func TestCompactRealFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.weir")
	j := create(t, path, quiet(mapConfig()))
	set(t, j, "first", 1)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	for w := range 4 {
		writing.Go(func() {
			for i := 0; ; i++ {
				set(t, j, fmt.Sprint("key ", w, i%100), i)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range 10 {
		copied, total := int64(0), int64(0)
		c, err := j.Compact(t.Context(), func(done, of int64) { copied, total = done, of })
		require.NoError(t, err)
		assert.LessOrEqual(t, c.Paused, c.Took)
		assert.Positive(t, total)
		assert.Positive(t, copied)
	}
	close(stop)
	writing.Wait()
	cfg := mapConfig()
	cfg.LockWait = time.Millisecond
	_, err := journal.Open(t.Context(), path, cfg)
	require.ErrorIs(t, err, journal.ErrLocked)
	want := contents(t, j.Replica())
	require.NoError(t, j.Close())
	k := open(t, path, mapConfig())
	assert.Equal(t, want, contents(t, k.Replica()))
	assert.False(t, k.Recovery().NewAuthor, k.Recovery().Reason)
	require.NoError(t, k.Close())
	names, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	assert.Equal(t, []string{path}, names)
}
