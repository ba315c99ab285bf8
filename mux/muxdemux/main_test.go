package muxdemux_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

// connect makes two sessions over a duplex in memory.
func connect(t *testing.T, cfg muxdemux.Config) (a, b *muxdemux.Session) {
	t.Helper()
	x, y := duplex.Pair[[]byte, []byte]()
	a, b = muxdemux.New(x, cfg), muxdemux.New(y, cfg)
	t.Cleanup(func() {
		_ = a.Abort(nil)
		_ = b.Abort(nil)
	})
	return a, b
}

// bubble runs f in a synctest bubble with two sessions.
func bubble(t *testing.T, cfg muxdemux.Config, f func(t *testing.T, a, b *muxdemux.Session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := connect(t, cfg)
		f(t, a, b)
	})
}

// settle waits until every goroutine of the bubble waits.
func settle() { synctest.Wait() }

// soon is a context that no test is meant to use up.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// open opens a stream and accepts it.
func open(
	t *testing.T, from, to *muxdemux.Session, meta any, kind muxdemux.Kind,
) (opened, accepted *muxdemux.Stream) {
	t.Helper()
	opened, err := from.Open(soon(t), meta, kind)
	require.NoError(t, err)
	accepted, err = to.Accept(soon(t))
	require.NoError(t, err)
	require.Equal(t, opened.ID(), accepted.ID())
	return opened, accepted
}

// send sends values, each JSON, and the end.
func send(ctx context.Context, st *muxdemux.Stream, values ...string) error {
	return st.Duplex().Sink(ctx, raws(values...))
}

func raws(values ...string) pull.Source[json.RawMessage] {
	var all []json.RawMessage
	for _, v := range values {
		all = append(all, json.RawMessage(v))
	}
	return pull.Values(all...)
}

// receive reads a stream to its end.
func receive(ctx context.Context, st *muxdemux.Stream) (got []string, err error) {
	for {
		v, err := st.Duplex().Source(ctx)
		if err != nil {
			return got, err
		}
		got = append(got, string(v))
	}
}

// numbers are n values.
func numbers(n int) (values []string) {
	for i := range n {
		values = append(values, strconv.Itoa(i))
	}
	return values
}

// later runs f and hands out what it returns.
func later(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// A byHand is the other end of a session, line by line.
type byHand struct {
	in  *pull.Pushable[[]byte] // what the session reads
	out chan string            // what it sends, a line each
}

// hand makes a session and the other end of it.
func hand(t *testing.T, cfg muxdemux.Config) (*muxdemux.Session, *byHand) {
	t.Helper()
	h := &byHand{in: pull.NewPushable[[]byte](10_000, nil), out: make(chan string, 1000)}
	s := muxdemux.New(duplex.Duplex[[]byte, []byte]{Source: h.in.Source(), Sink: h.sink}, cfg)
	t.Cleanup(func() { _ = s.Abort(nil) })
	return s, h
}

func (h *byHand) sink(ctx context.Context, src pull.Source[[]byte]) error {
	defer close(h.out)
	return pull.Each(ctx, frame.Lines(src, 1<<24), func(line frame.Msg) error {
		select {
		case h.out <- string(line):
			return nil
		case <-ctx.Done():
			return pull.Cause(ctx)
		}
	})
}

// say has the session read lines.
func (h *byHand) say(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		require.NoError(t, h.in.Push(t.Context(), []byte(line+"\n")))
	}
	settle()
}

// said returns what the session has sent since.
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
