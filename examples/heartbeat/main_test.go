package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a row of three, where the ends never meet, all know of all, and both that
// stay notice that one has gone; neither is alarmed by a beat that is late.
func TestAliveIsKnownToAll(t *testing.T) {
	require.NoError(t, beats().Check(map[string]int64{}, map[string]int64{"a": 1},
		map[string]int64{"a": 2}, map[string]int64{"a": 1, "b": 5}))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		leave, left := context.WithCancel(ctx)
		var all sync.WaitGroup
		var outs [3]strings.Builder
		a := newPeer("a", time.Second, &outs[0], io.Discard)
		b := newPeer("b", time.Second, &outs[1], io.Discard)
		c := newPeer("c", time.Second, &outs[2], io.Discard)
		join := func(ctx context.Context, x, y *peer) {
			dx, dy := duplex.Pair[[]byte, []byte]()
			all.Go(func() { _ = x.gossip(ctx, dx) })
			all.Go(func() { _ = y.gossip(ctx, dy) })
		}
		join(leave, a, b)
		join(ctx, b, c)
		all.Go(func() { a.live(leave) })
		all.Go(func() { b.live(ctx) })
		all.Go(func() { c.live(ctx) })
		time.Sleep(10 * time.Second) // virtual
		left()
		time.Sleep(10 * time.Second)
		cancel()
		all.Wait()
		require.True(t, strings.HasSuffix(outs[0].String(), "alive: a b c\n"), outs[0].String())
		require.True(t, strings.HasSuffix(outs[1].String(), "alive: a b c\nalive: b c\n"), outs[1].String())
		require.True(t, strings.HasSuffix(outs[2].String(), "alive: a b c\nalive: b c\n"), outs[2].String())
		require.LessOrEqual(t, strings.Count(outs[1].String(), "\n"), 5)
		require.Equal(t, 3, b.r.Len(), "one update for each peer")
	})
}

// A host is a peer that runs over TCP, as a person sees it.
type host struct {
	stop context.CancelFunc
	done chan error
	out  *bufio.Scanner
}

func start(t *testing.T, at string, peers ...string) (h host, address string) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := netconn.Listen(ctx, "tcp", at)
	require.NoError(t, err)
	r, w := io.Pipe()
	h = host{cancel, make(chan error, 1), bufio.NewScanner(r)}
	p := newPeer(l.Addr().String(), 100*time.Millisecond, w, io.Discard)
	go func() {
		h.done <- p.run(ctx, l, peers)
		_ = w.Close()
	}()
	return h, l.Addr().String()
}

// shows waits for a line.
func (h host) shows(t *testing.T, match func(line string) bool) {
	t.Helper()
	for h.out.Scan() {
		if match(h.out.Text()) {
			return
		}
	}
	t.Fatal("it ended")
}

// ends interrupts a peer, whose output nobody waits for.
func (h host) ends(t *testing.T) {
	go func() {
		for h.out.Scan() {
		}
	}()
	h.stop()
	require.ErrorIs(t, <-h.done, context.Canceled)
}

// Over TCP: a peer that comes back at its port is dialled again.
func TestOverTCP(t *testing.T) {
	a, at := start(t, "127.0.0.1:0")
	b, _ := start(t, "127.0.0.1:0", at)
	both := func(line string) bool { return strings.Count(line, "127.0.0.1:") == 2 }
	a.shows(t, both)
	b.shows(t, both)
	a.ends(t)
	b.shows(t, func(line string) bool { return !strings.Contains(line, at) })
	a, _ = start(t, at)
	b.shows(t, both)
	a.shows(t, both)
	a.ends(t)
	b.ends(t)
}

// A port that is taken is an error at once.
func TestPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	var refused *net.OpError
	require.ErrorAs(t, run(t.Context(), []string{port}, io.Discard, io.Discard), &refused)
	require.Equal(t, "listen", refused.Op)
}
