package journal_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate/journal"
)

// A session that runs once does not end before what was written before it
// began is durable and sent, however slow the disk is.
func TestSessionWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, peer := newDisk(), inMemory()
		j := create(t, path, d.config())
		set(t, j, "a", 1)
		release := make(chan struct{})
		var once sync.Once
		d.mu.Lock()
		d.before = func(string) error {
			once.Do(func() { <-release })
			return nil
		}
		d.mu.Unlock()
		require.NoError(t, mapOf(t, j.Replica()).Set("b", 1))
		synced := make(chan struct{})
		go func() {
			defer close(synced)
			syncOnce(t, j.Replica(), peer)
		}()
		synctest.Wait()
		assert.Equal(t, map[string]int{"a": 1}, contents(t, peer), "only what is durable is shown")
		close(release)
		<-synced
		assert.Equal(t, map[string]int{"a": 1, "b": 1}, contents(t, peer))
		require.NoError(t, j.Close())
		_, err := journal.Check(t.Context(), path, d.config())
		require.NoError(t, err)
	})
}
