package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

// A stranger is news once, and comes again at most once a minute.
func TestStrangersComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{e: &env{}}
		one, other := secure.PeerID{1}, secure.PeerID{2}
		assert.False(t, g.again(one), "before there was news")
		assert.True(t, g.news(one))
		assert.False(t, g.news(one))
		assert.False(t, g.again(one), "at once")
		time.Sleep(tellAgain)
		assert.True(t, g.again(one))
		assert.False(t, g.again(one))
		assert.False(t, g.again(other))
		assert.True(t, g.news(other))
	})
}

// Whoever does not trust us does not say who it is: it is told of once for each
// host, with the id to be trusted there, however often it connects.
func TestWhoDoesNotTrustUsIsToldOfOnce(t *testing.T) {
	self, err := secure.NewIdentity()
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		p := newPeering(&env{stderr: &said})
		p.gate.self, p.paths = self, []string{"r"}
		for _, from := range []string{"10.0.0.1:40001", "10.0.0.1:40002", "[fe80::1]:1", "10.0.0.1:40003"} {
			p.turnedAway(from, secure.ErrNoKey)
		}
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		require.Len(t, lines, 2)
		assert.Contains(t, lines[0], "10.0.0.1:40001 left: it does not trust this peer")
		assert.Contains(t, lines[0], "weir trust R "+self.ID().String())
		assert.Contains(t, lines[0], "'weir id' there")
		assert.Contains(t, lines[1], "[fe80::1]:1 left: ")
		time.Sleep(tellAgain)
		p.turnedAway("10.0.0.1:40004", secure.ErrNoKey)
		assert.Contains(t, said.String(), "10.0.0.1:40004")
	})
}

// What the system refuses is not a wrong line, nor distrust.
func TestListThatCannotBeRead(t *testing.T) {
	list := secure.AllowList{Path: filepath.Join(t.TempDir(), "r.peers")}
	full := &secure.FileError{Path: list.Path, Err: &os.PathError{Op: "open", Path: list.Path, Err: syscall.EMFILE}}
	f := explain(badList(list, full))
	assert.Equal(t, exitFailed, f.Code)
	assert.Contains(t, f.Hint, "ulimit -n")
	f = explain(badList(list, &os.PathError{Op: "open", Path: list.Path, Err: syscall.EIO}))
	assert.Equal(t, exitFailed, f.Code)
	assert.NotContains(t, f.Hint, "mend")

	require.NoError(t, os.WriteFile(list.Path, []byte("garbage\n"), 0o600))
	_, err := list.Entries()
	f = explain(badList(list, err))
	assert.Equal(t, exitIdentity, f.Code)
	assert.Contains(t, f.Hint, "a line is an id")

	// The other side is told to try again, and no more than that.
	self, err := secure.NewIdentity()
	require.NoError(t, err)
	g := &gate{e: &env{}, self: self}
	f = explain(g.explained(fmt.Errorf("dial: %w", &secure.RefusedError{}), "r"))
	assert.Equal(t, exitFailed, f.Code)
	assert.Contains(t, f.Hint, "try again")
	f = explain(g.explained(fmt.Errorf("dial: %w", &secure.RefusedError{Unknown: true}), "r"))
	assert.Equal(t, exitIdentity, f.Code)
	assert.Contains(t, f.Hint, "weir trust R")
}
