//go:build unix

package registry_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/registry"
)

// A client that hangs, whose connection stays, is freed after three heartbeats,
// though it has never sent one.
func TestNodeHangs(t *testing.T) {
	cfg := registry.Config{Heartbeat: 300 * time.Millisecond, Linger: -1}
	s, h := startSeaport(t), startHub(t, cfg)
	s.do(nil, "connect", "a", h.port, none)
	s.do(nil, "register", "a", "web", none)
	h.waits(t, "web", 1)
	stopped := time.Now()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
	h.waits(t, "web", 0)
	took := time.Since(stopped)
	t.Logf("freed after %v, of %v", took, 3*cfg.Heartbeat)
	assert.Greater(t, took, 2*cfg.Heartbeat)
}
