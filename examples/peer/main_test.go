package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A host is a peer that runs, as a person sees it.
type host struct {
	t   *testing.T
	p   *peer
	out *bufio.Reader
	log *bufio.Reader
}

func newHost(t *testing.T) *host {
	t.Helper()
	id, err := secure.NewIdentity()
	require.NoError(t, err)
	outR, out := io.Pipe()
	logR, log := io.Pipe()
	t.Cleanup(func() { _, _ = outR.Close(), logR.Close() })
	return &host{t: t, p: newPeer(id, out, log), out: bufio.NewReader(outR), log: bufio.NewReader(logR)}
}

func (h *host) typed(line string) { h.p.typed(strings.NewReader(line + "\n")) }

func (h *host) shows(want string) {
	h.t.Helper()
	got, err := h.out.ReadString('\n')
	require.NoError(h.t, err)
	require.Equal(h.t, want+"\n", got)
}

// says returns what is in parentheses in the next line of the log, which is to
// match.
func (h *host) says(pattern string) []string {
	h.t.Helper()
	line, err := h.log.ReadString('\n')
	require.NoError(h.t, err)
	match := regexp.MustCompile("^" + pattern + "\n$").FindStringSubmatch(line)
	require.NotNil(h.t, match, "%q is not %q", line, pattern)
	return match[1:]
}

// What is typed on one side appears on the other, both ways, once both sides
// have typed what they were told to.
func TestTypedLinesAppearThere(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	a, b := newHost(t), newHost(t)
	go func() { done <- a.p.listen(ctx, "127.0.0.1:0") }()
	there := a.says(`on the other host, type: go run ./examples/peer --join (\S+) --peer (\S+)`)
	require.NoError(t, b.p.trust(there[1]))
	go func() { done <- b.p.join(ctx, there[0]) }()
	told := b.says(`not connected: on the other host, type: (trust \S+)`)
	asked := a.says(`not connected: if that is the right one, type: (trust \S+)`)
	require.Equal(t, told, asked)
	a.typed(asked[0])
	a.says("connected")
	b.says("connected")

	a.typed("from=here")
	b.shows("from=here")
	b.typed("from=there=so")
	a.shows("from=there=so")

	// What is no string is shown too, and so is what is no more.
	require.NoError(t, a.p.m.Set("list", []int{1, 2}))
	b.shows("list=[1 2]")
	_, err := a.p.m.Delete("list")
	require.NoError(t, err)
	b.shows("list deleted")

	go func() { _, _ = io.Copy(io.Discard, a.log) }()
	go func() { _, _ = io.Copy(io.Discard, b.log) }()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.ErrorIs(t, <-done, context.Canceled)
}

// One who syncs once gets all of it, and is told so, each time; one who asks
// for something else is refused.
func TestSyncOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	a := newHost(t)
	go func() { _, _ = io.Copy(io.Discard, a.out) }()
	go func() { done <- a.p.listen(ctx, "127.0.0.1:0") }()
	there := a.says(`on the other host, type: go run ./examples/peer --join (\S+) --peer \S+`)
	go func() { _, _ = io.Copy(io.Discard, a.log) }()
	require.NoError(t, a.p.m.Set("from", "there"))
	for range 20 {
		b := newPeer(a.p.id, io.Discard, io.Discard)
		conn, err := secure.Dial(ctx, "tcp", there[0], b.config())
		require.NoError(t, err)
		session, err := mux.Client(ctx, conn, mux.Config{})
		require.NoError(t, err)
		other, err := session.Open(ctx, "other", nil)
		require.NoError(t, err)
		_, err = other.Duplex().Source(ctx)
		var refused *mux.StreamError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, mux.CodeRefused, refused.Code)
		require.Error(t, other.Duplex().Sink(ctx, pull.Values([]byte("x"))))
		stream, err := session.Open(ctx, "sync", nil)
		require.NoError(t, err)
		once := replicate.SyncConfig{Once: true}
		require.NoError(t, replicate.NewSession(b.r, once).Run(ctx, stream.Duplex()))
		require.Equal(t, 1, b.m.Len())
		require.NoError(t, session.Close(ctx))
	}
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

// What makes no sense is said.
func TestTypedNonsense(t *testing.T) {
	h := newHost(t)
	go h.typed("nonsense\ntrust nobody")
	h.says("type key=value, or trust and a peer's id")
	h.says("secure: peer id: wrong length: .*")
}

// A listener at all addresses is found at one of them.
func TestReachable(t *testing.T) {
	assert.Equal(t, "127.0.0.1:1", reachable(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}))
	host, port, err := net.SplitHostPort(reachable(&net.TCPAddr{IP: net.IPv4zero, Port: 8000}))
	require.NoError(t, err)
	assert.Equal(t, "8000", port)
	assert.NotEqual(t, "0.0.0.0", host)
}

// The identity is made once, and then read.
func TestIdentity(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AppData", t.TempDir())
	first, err := identity()
	require.NoError(t, err)
	again, err := identity()
	require.NoError(t, err)
	assert.True(t, first.Equal(again))
}
