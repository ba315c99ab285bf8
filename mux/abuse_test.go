package mux_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
)

// live is the memory in use, stacks included, after a collection.
func live() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// running is how many goroutines there are, told while the world stands still.
// At any other time runtime.NumGoroutine counts some that have ended, up to half
// a list of 64 for each processor that is moving them between two lists.
func running() int {
	n, _ := runtime.GoroutineProfile(make([]runtime.StackRecord, 1))
	return n
}

// flood writes says again and again until the server has hung up, and returns
// how many times it could, and the most goroutines there were.
func flood(t *testing.T, r *raw, server *mux.Session, says func(i int) []byte) (n, goroutines int) {
	for ; n < 1<<20; n++ {
		if _, err := r.conn.Write(says(n)); err != nil {
			break
		}
		goroutines = max(goroutines, running())
	}
	select {
	case <-server.Done():
	case <-soon(t).Done():
		t.Fatal("the server lets it pass")
	}
	return n, goroutines
}

// abuses are what a peer may say again and again; each returns the n-th write.
// next is the first id the peer has free, and stream 3 is open.
func abuses(next uint32) map[string]func(n int) []byte {
	same := func(p []byte) func(int) []byte {
		p = bytes.Repeat(p, 20)
		return func(int) []byte { return p }
	}
	each := func(f func(id uint32) []byte) func(int) []byte {
		return func(n int) []byte { return f(next + 2*uint32(n)) }
	}
	whole := func(id uint32) wire.Message {
		return wire.Message{Kind: wire.End, ID: id, Offset: uint64(len(head("x")))}
	}
	return map[string]func(n int) []byte{
		"pings":         same(frame(ping, syn, 0, 7)),
		"control pings": same(control(wire.Message{Kind: wire.Ping, Nonce: 7})),
		"pongs":         same(control(wire.Message{Kind: wire.Pong, Nonce: 7})),
		"unknown kinds": same(control(wire.Message{Kind: 200})),
		"aborts":        same(control(wire.Message{Kind: wire.Abort, ID: 3, Code: 1})),
		"zeros":         same(make([]byte, 4096)),
		"empty frames":  same(frame(data, 0, 3, 0)),
		"SYN":           each(func(id uint32) []byte { return frame(window, syn, id, 0) }),
		"SYN and RST": each(func(id uint32) []byte {
			return join(frame(window, syn, id, 0), frame(window, rst, id, 0))
		}),
		"SYN and FIN": each(func(id uint32) []byte {
			return join(dataFrame(syn|fin, id, head("x")), control(whole(id)))
		}),
		"id again": same(join(dataFrame(syn, next, head("x")))),
		"FIN twice": same(join(control(wire.Message{Kind: wire.Reset, ID: 3, Offset: 5, Code: 1}),
			frame(window, fin, 3, 0), frame(window, fin, 3, 0))),
		"wrong parity":         each(func(id uint32) []byte { return frame(window, syn, id+1, 0) }),
		"long frames":          same(frame(data, 0, 3, 0xFFFFFFFF)),
		"long frames unopened": each(func(id uint32) []byte { return frame(data, 0, id, 0xFFFFFFFF) }),
		"long SYN":             same(frame(data, syn, next, 256<<10+1)),
		"window overflow":      same(frame(window, 0, 3, 0xFFFFFFFF)),
		"window by ones":       same(frame(window, 0, 3, 1)),
		"data over the window": same(dataFrame(0, 3, make([]byte, 32<<10))),
	}
}

// An abusive peer is cut off soon: meanwhile it costs no goroutines, next to no
// memory and a log line, and another session goes on.
func TestAbusivePeer(t *testing.T) {
	a, b := tcp(t)
	other, server := connect(t, a, b)
	go func() { _ = echo(t.Context(), server) }()
	inCells(t, func(t *testing.T, c cell) {
		for name := range abuses(0) {
			t.Run(name, func(t *testing.T) {
				abused(t, c, name)
				got, err := askBytes(soon(t), other, []byte("still there?"))
				require.NoError(t, err)
				require.Equal(t, "still there?", string(got))
			})
		}
	})
}

func abused(t *testing.T, c cell, name string) {
	lines := &logLines{}
	r, s, st, next := victim(t, c, mux.Config{Logger: lines.logger()})
	memory, goroutines := live(), running()
	n, most := flood(t, r, s, abuses(next)[name])
	require.ErrorIs(t, s.Err(), mux.ErrProtocol)
	assert.LessOrEqual(t, most-goroutines, 8)
	assert.Less(t, live()-memory, int64(4<<20))
	assert.LessOrEqual(t, lines.count(), 10)
	assert.Less(t, n, 1000)
	_, err := receive(t.Context(), st)
	assert.ErrorIs(t, err, mux.ErrProtocol)
	runtime.KeepAlive(s)
}

// askBytes sends a question to an echo and returns what comes back.
func askBytes(ctx context.Context, s *mux.Session, question []byte) ([]byte, error) {
	st, err := s.Open(ctx, "echo", nil)
	if err != nil {
		return nil, err
	}
	sank := later(func() error { return send(ctx, st, question, 1000) })
	got, err := receive(ctx, st)
	if serr := <-sank; err == io.EOF {
		err = serr
	}
	return got, err
}

// Unfinished handshakes cost their caller's goroutine and little memory, until
// the deadline; then nothing, and they are not logged.
func TestUnfinishedHandshakes(t *testing.T) {
	preface := wire.AppendPreface(nil, wire.RoleClient)
	says := func(p []byte) func(c net.Conn) error {
		return func(c net.Conn) error { _, err := c.Write(p); return err }
	}
	greets := func(c net.Conn) error { return greet(c, wire.Hello{}) }
	for name, begin := range map[string]func(c net.Conn) error{
		"silent": says(nil), "preface": says(preface[:11]), "hello": says(preface),
		"control stream": greets,
		"its SYN": func(c net.Conn) error {
			return errors.Join(greets(c), says(frame(window, syn, 1, 0)[:11])(c))
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) { unfinished(t, begin) })
		})
	}
}

func unfinished(t *testing.T, begin func(c net.Conn) error) {
	const n = 1000
	lines := &logLines{}
	memory, goroutines := live(), running()
	errs := make(chan error, n)
	start := time.Now()
	for range n {
		a, b := net.Pipe()
		go func() {
			_, err := mux.Server(context.Background(), b, mux.Config{Logger: lines.logger()})
			errs <- err
		}()
		require.NoError(t, begin(a))
	}
	settle()
	// The runtime may have one of its own at any time.
	assert.InDelta(t, n, running()-goroutines, 2)
	each := (live() - memory) / n
	t.Logf("%d bytes each", each)
	assert.True(t, raceEnabled || each < 10<<10)
	for range n {
		require.Equal(t, mux.ErrSilent, <-errs)
	}
	require.Equal(t, 5*time.Second, time.Since(start))
	assert.LessOrEqual(t, lines.count(), 10)
	settle()
	assert.LessOrEqual(t, running()-goroutines, 2, "are left")
}

// A peer that has a key that is accepted, and then says nothing, costs a
// goroutine too, and what its channel holds, at both ends here.
func TestUnfinishedHandshakesOverTLS(t *testing.T) {
	leavesNothing(t, "all", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			const n = 100
			conns := make([][2]net.Conn, n)
			before := heap()
			for i := range conns {
				conns[i][0], conns[i][1] = cell{tls: true}.pipe(t)
			}
			goroutines, start := running(), time.Now()
			errs := make(chan error, n)
			for _, c := range conns {
				go func() { errs <- second(mux.Server(context.Background(), c[1], mux.Config{})) }()
			}
			settle()
			assert.LessOrEqual(t, running()-goroutines, n)
			each := (heap() - before) / n
			t.Logf("%d bytes each, both ends", each)
			assert.True(t, raceEnabled || each < 64<<10)
			for _, c := range conns { // a pipe has no room for TLS's goodbye
				go func() { _, _ = io.Copy(io.Discard, c[0]) }()
			}
			for range n {
				require.Equal(t, mux.ErrSilent, <-errs)
			}
			require.Equal(t, 5*time.Second, time.Since(start))
			runtime.KeepAlive(conns)
		})
	})
}

func second[T any](_ T, err error) error { return err }

// TestRapidResetBounded has a peer open streams and end them at once, as fast
// as it can. One that keeps to the limits makes no more handlers run than
// streams may be open; one that does not is cut off.
func TestRapidResetBounded(t *testing.T) {
	t.Run("within the limits", func(t *testing.T) {
		const limit = 16
		var r mux.Router
		var now, most, served atomic.Int32
		r.Handle("x", func(ctx context.Context, st *mux.Stream) error {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			served.Add(1)
			_, err := receive(ctx, st)
			return err
		})
		client, server, done := routed(t, &r, mux.Config{MaxStreams: limit})
		goroutines, crowd := running(), 0
		for range 5000 {
			st, err := client.Open(t.Context(), "x", nil)
			require.NoError(t, err)
			require.NoError(t, st.Duplex().Close(nil))
			crowd = max(crowd, running()-goroutines)
		}
		require.NoError(t, client.Close(soon(t)))
		require.NoError(t, <-done)
		require.EqualValues(t, 5000, served.Load())
		require.LessOrEqual(t, most.Load(), int32(limit))
		require.LessOrEqual(t, crowd, 2*limit+8, "some are on their way out")
		require.Zero(t, server.Stats().Streams)
	})
	t.Run("beyond", func(t *testing.T) {
		r, server := rawClient(t, mux.Config{})
		goroutines := running()
		n, most := flood(t, r, server, func(i int) []byte {
			id := uint32(3 + 2*i)
			return join(frame(window, syn, id, 0), dataFrame(0, id, head("x")), control(
				wire.Message{Kind: wire.Reset, ID: id, Offset: uint64(len(head("x"))), Code: 1},
				wire.Message{Kind: wire.Abort, ID: id, Code: 1}))
		})
		require.ErrorContains(t, server.Err(), "over 256 streams")
		require.LessOrEqual(t, n, 300)
		require.LessOrEqual(t, most-goroutines, 8)
	})
}
