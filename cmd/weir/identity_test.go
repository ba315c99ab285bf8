package main

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

// Commands that need an identity for the first time, all at once, get the same.
func TestFirstIdentityIsOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "identity")
	ids := make([]*secure.Identity, 16)
	var running sync.WaitGroup
	var count atomic.Int32
	start := make(chan struct{})
	for i := range ids {
		running.Go(func() {
			<-start
			id, made, err := openIdentity(path)
			assert.NoError(t, err)
			ids[i] = id
			if made {
				count.Add(1)
			}
		})
	}
	close(start)
	running.Wait()
	require.Equal(t, int32(1), count.Load())
	for _, id := range ids {
		assert.True(t, ids[0].Equal(id))
	}
}
