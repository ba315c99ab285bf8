package rpc_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

// connect makes two Peers over a duplex in memory.
func connect(t *testing.T, forA, forB any, cfg rpc.Config) (a, b *rpc.Peer) {
	t.Helper()
	x, y := duplex.Pair[frame.Msg, frame.Msg]()
	a, b = rpc.New(x, forA, cfg), rpc.New(y, forB, cfg)
	t.Cleanup(func() {
		_ = a.Abort(nil)
		_ = b.Abort(nil)
	})
	return a, b
}

// bubble runs f in a synctest bubble with two Peers, once as Peers and once as
// dnode speaks.
func bubble(t *testing.T, forB any, f func(t *testing.T, a, b *rpc.Peer)) {
	t.Helper()
	bubbleOf(t, forB, rpc.Config{ErrFirst: true}, f)
}

func bubbleOf(t *testing.T, forB any, cfg rpc.Config, f func(t *testing.T, a, b *rpc.Peer)) {
	t.Helper()
	for name, plain := range map[string]bool{"peers": false, "plain": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg.Plain = plain
				a, b := connect(t, nil, forB, cfg)
				f(t, a, b)
			})
		})
	}
}

// settle waits until every goroutine of the bubble waits.
func settle() { synctest.Wait() }

// soon is a context that no test is meant to use up.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// later runs f and hands out what it returns.
func later(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// A byHand is the other end of a Peer, line by line.
type byHand struct {
	in  *pull.Pushable[frame.Msg] // what the Peer reads
	out chan string               // what it sends
}

// hand makes a Peer and the other end of it.
func hand(t *testing.T, methods any, cfg rpc.Config) (*rpc.Peer, *byHand) {
	t.Helper()
	h := &byHand{in: pull.NewPushable[frame.Msg](10_000, nil), out: make(chan string, 1000)}
	p := rpc.New(duplex.Duplex[frame.Msg, frame.Msg]{Source: h.in.Source(), Sink: h.sink}, methods, cfg)
	t.Cleanup(func() { _ = p.Abort(nil) })
	return p, h
}

func (h *byHand) sink(ctx context.Context, src pull.Source[frame.Msg]) error {
	defer close(h.out)
	return pull.Each(ctx, src, func(line frame.Msg) error {
		select {
		case h.out <- string(line):
			return nil
		case <-ctx.Done():
			return pull.Cause(ctx)
		}
	})
}

// say has the Peer read lines.
func (h *byHand) say(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		require.NoError(t, h.in.Push(t.Context(), frame.Msg(line)))
	}
	settle()
}

// said returns what the Peer has sent since.
func (h *byHand) said() (lines []string) {
	settle()
	for {
		select {
		case line, ok := <-h.out:
			if !ok {
				return lines
			}
			lines = append(lines, line)
		default:
			return lines
		}
	}
}

func is(err, target error) bool { return errors.Is(err, target) }
