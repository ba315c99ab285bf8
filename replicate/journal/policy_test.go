package journal_test

import (
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate/journal"
)

// What each policy can lose, when the power goes at any of 50 moments and the
// disk has kept only what was synced: nothing, at most the last interval, or all
// behind the opening's first commit. A killed process loses nothing.
func TestWhatPoliciesLose(t *testing.T) {
	const step = 100 * time.Millisecond
	for policy, want := range map[journal.Policy]time.Duration{
		journal.SyncEach: 0, journal.SyncInterval: time.Second - step, journal.SyncNever: 49 * step,
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newDisk()
			cfg := d.config()
			cfg.Sync = policy
			j := create(t, path, cfg)
			start, lost := time.Now(), time.Duration(0)
			confirmed := map[int]time.Time{}
			for i := range 50 {
				set(t, j, fmt.Sprint(i), i)
				confirmed[i] = time.Now()
				time.Sleep(step)
				synctest.Wait()
				lost = max(lost, oldestLost(t, worst(d), confirmed))
				assert.Zero(t, oldestLost(t, d.killed()[0].disk, confirmed), "policy %d, killed", policy)
			}
			assert.Equal(t, want, lost, "policy %d after %v", policy, time.Since(start))
			require.NoError(t, j.Close())
			assert.Zero(t, oldestLost(t, worst(d), confirmed), "what was closed is synced")
		})
	}
}

// oldestLost is how long ago the first write was confirmed that a disk has not.
func oldestLost(t *testing.T, d *disk, confirmed map[int]time.Time) (age time.Duration) {
	j := open(t, path, d.config())
	got := contents(t, j.Replica())
	require.NoError(t, j.Close())
	for i, at := range confirmed {
		if _, ok := got[fmt.Sprint(i)]; !ok {
			age = max(age, time.Since(at))
		}
	}
	return age
}

// The interval is the Config's, an idle replica syncs nothing, and a failing
// fsync ends the journal though nobody waits for it.
func TestSyncInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		cfg := d.config()
		cfg.Sync, cfg.Interval = journal.SyncInterval, time.Minute
		j := create(t, path, cfg)
		set(t, j, "first", 1)
		syncs := 0
		d.mu.Lock()
		d.before = func(op string) error {
			if op == "sync" {
				syncs++
			}
			return nil
		}
		d.mu.Unlock()
		for i := range 600 {
			set(t, j, "a", i)
			time.Sleep(time.Second)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		assert.InDelta(t, 10, syncs, 1, "in ten minutes of writes and a day without")

		failOn(d, "sync", syscall.EIO)
		set(t, j, "b", 1)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.ErrorIs(t, mapOf(t, j.Replica()).Set("c", 1), syscall.EIO)
		require.ErrorIs(t, j.Close(), syscall.EIO)
	})
}
