package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/frame"
)

// The histories write as: W0x replica 0 writes x; J0 its journal takes a step;
// 0>1 u 1 receives u from 0. Each names what is lost without the rule.

// syncOnce runs one session between a and b.
func syncOnce(t testing.TB, a, b *replicate.Replica) {
	da, db := duplex.Pair[[]byte, []byte]()
	errs := make(chan error, 2)
	run := func(r *replicate.Replica, cfg replicate.SyncConfig, d duplex.Duplex[[]byte, []byte]) {
		errs <- replicate.NewSession(r, cfg).Run(context.Background(), d)
	}
	go run(a, replicate.SyncConfig{Once: true}, da)
	go run(b, replicate.SyncConfig{}, db)
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
}

func inMemory() *replicate.Replica { return replicate.New(mapConfig().Replica) }

// worst is the disk after a power loss that kept only what was synced.
func worst(d *disk) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lostPower()[0].disk
}

// requireEqual syncs two replicas and compares them.
func requireEqual(t testing.TB, a, b *replicate.Replica) {
	syncOnce(t, a, b)
	require.Equal(t, contents(t, a), contents(t, b))
}

// W0 x; 0>1 x; the power goes, and 0's file has lost x; W0 y. With the same
// author 0's own clock, moved by y, would cover x, and nobody would send it.
func TestSameAuthorAfterLostTail(t *testing.T) {
	d, peer := newDisk(), inMemory()
	cfg := d.config()
	cfg.Sync = journal.SyncNever
	j := create(t, path, cfg)
	set(t, j, "before", 1)
	set(t, j, "x", 1)
	requireEqual(t, j.Replica(), peer)
	d = worst(d)
	require.NoError(t, j.Close())

	k := open(t, path, d.config())
	require.NotContains(t, contents(t, k.Replica()), "x", "the history needs a loss")
	assert.True(t, k.Recovery().NewAuthor)
	assert.NotEqual(t, j.Replica().Author(), k.Replica().Author())
	set(t, k, "y", 1)
	requireEqual(t, k.Replica(), peer)
	assert.Equal(t, map[string]int{"before": 1, "x": 1, "y": 1}, contents(t, k.Replica()))
	require.NoError(t, k.Close())
}

// The file was closed; W0 x; 0>1 x; the power goes, and what was not synced is
// lost. If the clean mark's removal were not durable before x was shown, the
// file would end with it, and 0 go on as the same author without x.
func TestCleanMarkLeftThenPowerLoss(t *testing.T) {
	for _, policy := range []journal.Policy{journal.SyncEach, journal.SyncInterval, journal.SyncNever} {
		d, peer := newDisk(), inMemory()
		cfg := d.config()
		cfg.Sync = policy
		j := create(t, path, cfg)
		set(t, j, "a", 1)
		require.NoError(t, j.Close())
		j = open(t, path, cfg)
		require.True(t, j.Recovery().Clean)
		set(t, j, "x", 1)
		set(t, j, "y", 1)
		requireEqual(t, j.Replica(), peer)
		d = worst(d)
		require.NoError(t, j.Close())

		k := open(t, path, d.config())
		assert.False(t, k.Recovery().Clean)
		assert.True(t, k.Recovery().NewAuthor)
		set(t, k, "z", 1)
		requireEqual(t, k.Replica(), peer)
		assert.Len(t, contents(t, k.Replica()), 4)
		require.NoError(t, k.Close())
	}
}

// W0 x; the file is backed up; W0 y; 0>1 y; the backup is put back; W0 z. It
// ends with a clean mark and is on the same host: with the same author, 0's own
// clock would cover y.
func TestRestoredBackup(t *testing.T) {
	later := func(path string, d time.Duration) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Chtimes(path, time.Time{}, info.ModTime().Add(d))
	}
	for how, restore := range map[string]func(path, backup string) error{
		"as a new file": func(path, backup string) error {
			return os.Rename(backup, path)
		},
		"in place": func(path, backup string) error {
			b, err := os.ReadFile(backup)
			if err != nil {
				return err
			}
			return os.WriteFile(path, b, 0)
		},
		"in place, with the time of an hour ago": func(path, backup string) error {
			b, err := os.ReadFile(backup)
			if err != nil {
				return err
			}
			info, err := os.Stat(backup)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path, b, 0); err != nil {
				return err
			}
			return os.Chtimes(path, time.Time{}, info.ModTime())
		},
	} {
		t.Run(how, func(t *testing.T) {
			path, peer := filepath.Join(t.TempDir(), "r.weir"), inMemory()
			j := create(t, path, mapConfig())
			set(t, j, "x", 1)
			require.NoError(t, j.Close())
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			info, err := os.Stat(path)
			require.NoError(t, err)
			backup := path + ".bak"
			require.NoError(t, os.WriteFile(backup, b, 0o600))
			require.NoError(t, os.Chtimes(backup, time.Time{}, info.ModTime()))
			require.NoError(t, later(backup, -time.Hour))

			j = open(t, path, mapConfig())
			require.False(t, j.Recovery().NewAuthor, j.Recovery().Reason)
			set(t, j, "y", 1)
			requireEqual(t, j.Replica(), peer)
			require.NoError(t, j.Close())
			require.NoError(t, restore(path, backup))

			k := open(t, path, mapConfig())
			require.NotContains(t, contents(t, k.Replica()), "y")
			assert.True(t, k.Recovery().Clean)
			assert.True(t, k.Recovery().NewAuthor)
			set(t, k, "z", 1)
			requireEqual(t, k.Replica(), peer)
			assert.Len(t, contents(t, k.Replica()), 3)
			require.NoError(t, k.Close())
		})
	}
}

// W0 x₁ y₂ x₃; the journal's batch is y₂ x₃, since x₃ replaced x₁; it is cut
// behind y₂. A clock that moved with every update would say that x₁, or
// something newer in its place, is held.
func TestJournalConflatedThenCut(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	writer := replicate.New(replicate.Config{
		Types: []replicate.Type{model.JSON}, Now: func() time.Time { return now },
	})
	texts, err := model.Open[string](writer, "")
	require.NoError(t, err)
	long := strings.Repeat("long enough for a frame of its own ", 1000)
	for _, key := range []string{"x", "y", "x"} {
		require.NoError(t, texts.Set(key, key+long))
	}
	x1 := replicate.Stamp{Time: replicate.TimeOf(now), Author: writer.Author()}
	require.Equal(t, 2, writer.Len())

	d := newDisk()
	j := create(t, path, d.config())
	before := len(d.names[path].data)
	syncOnce(t, j.Replica(), writer)
	require.NoError(t, j.Close())
	whole := d.names[path].data

	frames := 0
	for at := before; at < len(whole); {
		_, n, err := frame.Parse(whole[at:], len(whole))
		require.NoError(t, err)
		at += n
		frames++
		d := newDisk()
		d.put(path, whole[:at])
		k := open(t, path, d.config())
		held := k.Replica().Len()
		covers := k.Replica().Clock().Covers(x1)
		assert.False(t, covers && held < 2, "cut at %d, %d updates", at, held)
		assert.True(t, covers || at < len(whole), "cut at %d, %d updates", at, held)
		syncOnce(t, k.Replica(), writer)
		assert.Equal(t, 2, k.Replica().Len(), "cut at %d", at)
		require.NoError(t, k.Close())
	}
	assert.GreaterOrEqual(t, frames, 5, "two frames of updates at least, and those of the batch")
}

// W1 x; 1>0 x; 0 is killed anywhere in writing x down. If 0 kept its place in
// 1's log before x was in the file, with the marker, 1 would never send x.
func TestTokenBeforeJournalMarker(t *testing.T) {
	d, peer := newDisk(), inMemory()
	j := create(t, path, d.config())
	set(t, j, "own", 1)
	before := len(d.names[path].data)
	require.NoError(t, mapOf(t, peer).Set("x", 1))
	requireEqual(t, j.Replica(), peer)
	whole := d.names[path].data
	require.NoError(t, j.Close())
	for cut := before; cut <= len(whole); cut++ {
		d := newDisk()
		d.put(path, whole[:cut])
		k := open(t, path, d.config())
		requireEqual(t, k.Replica(), peer)
		require.Equal(t, map[string]int{"own": 1, "x": 1}, contents(t, k.Replica()), "cut at %d", cut)
		require.NoError(t, k.Close())
	}
}

// Two replicas write and sync, one of them with a journal, which crashes after
// any step. Whatever is left, one more session makes both equal, and nothing
// is lost that either has shown.
func TestCrashAtEveryPointWithTokensAtMarkers(t *testing.T) {
	for _, policy := range []journal.Policy{journal.SyncEach, journal.SyncInterval, journal.SyncNever} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			d, peer := newDisk(), inMemory()
			cfg := d.config()
			cfg.Sync = policy
			j := create(t, path, cfg)
			e := explore(d)
			for i := range 3 {
				require.NoError(t, mapOf(t, peer).Set("x", i))
				require.NoError(t, mapOf(t, j.Replica()).Set("y", i))
				requireEqual(t, j.Replica(), peer)
				require.NoError(t, mapOf(t, peer).Set(fmt.Sprint("peer", i), i))
			}
			requireEqual(t, j.Replica(), peer)
			require.NoError(t, j.Close())
			d.after = nil

			want := contents(t, peer)
			for _, c := range e.cases {
				k := open(t, path, c.config())
				requireEqual(t, k.Replica(), peer)
				require.Equal(t, want, contents(t, peer), "step %d, %s", c.step, c.how)
				require.NoError(t, k.Close())
			}
		})
	}
}

// The file is compacted while opening, and crashes after any step of that. If
// the new file took the old one's place before its own marker is durable, what
// was durable would be lost.
func TestCompactionRenamedBeforeMarker(t *testing.T) {
	d := newDisk()
	cfg := d.config()
	j := create(t, path, quiet(cfg))
	cfg.Compact.Size = 8 << 10
	texts, err := model.OpenWith(j.Replica(), "", text)
	require.NoError(t, err)
	for i := range 4 {
		require.NoError(t, texts.Set("t", fmt.Sprint(i, strings.Repeat("x", 3<<10))))
		require.NoError(t, j.Replica().Flush(t.Context()))
	}
	set(t, j, "a", 1)
	author := j.Replica().Author()
	require.NoError(t, j.Close())

	size := len(d.names[path].data)
	e := explore(d)
	e.there, e.kept = true, map[string]int{"a": 1}
	j = open(t, path, cfg)
	assert.Equal(t, int64(size-len(d.names[path].data)), j.Recovery().Compacted)
	assert.Less(t, len(d.names[path].data), 4<<10)
	assert.Equal(t, author, j.Replica().Author())
	e.set(t, j, "b", 1)
	require.NoError(t, j.Close())
	e.verify(t, path, false)

	j = open(t, path, cfg)
	assert.Equal(t, author, j.Replica().Author())
	assert.Zero(t, j.Recovery().Compacted)
	texts, err = model.OpenWith(j.Replica(), "", text)
	require.NoError(t, err)
	last, err := texts.Get("t")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(last, "3x"))
	require.NoError(t, j.Close())
}
