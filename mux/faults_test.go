package mux_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// A read comes back with its context, also when the peer takes nothing from the
// connection and a window update would have to be sent first.
func TestReadPromptWhenPeerReadsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		la := newLink(a)
		client, server := connectWith(t, la, b, mux.Config{Idle: -1, WriteTimeout: -1})
		theirs, ours := pair(t, client, server, "read")
		stuck, _ := pair(t, server, client, "stuck")
		require.NoError(t, send(soon(t), theirs, noise(200_000), 50_000))
		settle()
		la.set(true) // the client takes nothing from now on
		sank := later(func() error { return send(soon(t), stuck, noise(1<<20), 1<<20) })
		settle()
		got, err := receive(soon(t), ours) // over half a window: an update is due
		require.Equal(t, io.EOF, err)
		require.True(t, bytes.Equal(noise(200_000), got))

		waiting, _ := pair(t, client, server, "wait")
		_ = waiting
		mine := errors.New("mine")
		ctx, cancel := context.WithTimeoutCause(context.Background(), 200*time.Millisecond, mine)
		defer cancel()
		start := time.Now()
		_, err = stuck.Duplex().Source(ctx)
		require.Equal(t, mine, err)
		require.Equal(t, 200*time.Millisecond, time.Since(start))
		require.NoError(t, server.Abort(mine))
		require.Equal(t, mine, <-sank)
	})
}

// A frame as long as a foreign yamux sends is read as it arrives, and takes no
// memory before.
func TestForeign16MiBFrame(t *testing.T) {
	r, server := rawClient(t, mux.Config{Window: 16 << 20})
	st := r.open(server, "")
	n := 16<<20 - len(head("raw"))
	body := noise(n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.write(append(frame(data, 0, 3, uint32(n)), body[:1000]...))
	src := st.Duplex().Source
	var got []byte
	for len(got) < 1000 {
		chunk, err := src(soon(t))
		require.NoError(t, err)
		got = append(got, chunk...)
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
	go func() { _, _ = r.conn.Write(body[1000:]) }()
	for len(got) < n {
		chunk, err := src(soon(t))
		require.NoError(t, err)
		got = append(got, chunk...)
	}
	require.True(t, bytes.Equal(body, got))
}

// A peer that stalls within a frame stops nobody: what has come is delivered,
// whatever waits can be stopped in time, streams can be written to; and the
// session ends when the stall has lasted.
func TestStallMidFrame(t *testing.T) {
	inCells(t, func(t *testing.T, c cell) {
		for name, says := range map[string]func(id uint32) []byte{
			"header":   func(uint32) []byte { return frame(data, 0, 3, 100)[:7] },
			"body":     func(uint32) []byte { return append(frame(data, 0, 3, 100), "fifty"...) },
			"update":   func(uint32) []byte { return frame(window, 0, 3, 1<<20)[:11] },
			"metadata": func(id uint32) []byte { return dataFrame(syn, id, head("metadata")[:4]) },
		} {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) { stallMidFrame(t, c, says, name == "body") })
			})
		}
	})
}

func stallMidFrame(t *testing.T, c cell, says func(id uint32) []byte, more bool) {
	r, s, st, id := victim(t, c, mux.Config{Window: 256 << 10})
	r.write(dataFrame(0, 3, []byte("hello ")))
	r.write(says(id))
	settle()
	want, got := "hello ", ""
	if more {
		want = "hello fifty"
	}
	src := st.Duplex().Source
	for len(got) < len(want) {
		chunk, err := src(soon(t))
		require.NoError(t, err)
		got += string(chunk)
	}
	require.Equal(t, want, got)
	start := time.Now()
	for _, wait := range []func(ctx context.Context) error{
		func(ctx context.Context) error { return send(ctx, st, stamped, 1000) }, // over the window
		func(ctx context.Context) error { _, err := src(ctx); return err },
		func(ctx context.Context) error { _, err := s.Accept(ctx); return err },
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		start := time.Now()
		require.Equal(t, context.DeadlineExceeded, wait(ctx))
		require.Equal(t, 100*time.Millisecond, time.Since(start))
		cancel()
	}
	<-s.Done()
	require.Equal(t, mux.ErrSilent, s.Err())
	require.LessOrEqual(t, time.Since(start), 16*time.Second)
}

// A stream is aborted by its opener before it is accepted: whoever accepts it
// learns of that, and it goes.
func TestAbortBeforeAccept(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		ours, err := client.Open(soon(t), "aborted", nil)
		require.NoError(t, err)
		mine := &mux.StreamError{Code: 77, Text: "never mind"}
		require.NoError(t, ours.Duplex().Close(mine))
		pair(t, server, client, "the abort has arrived by now")
		theirs, err := server.Accept(soon(t))
		require.NoError(t, err)
		want := &mux.StreamError{Code: 77, Text: "never mind", Remote: true}
		_, err = receive(soon(t), theirs)
		require.Equal(t, want, err)
		gone := make(chan error, 1)
		require.Equal(t, want, theirs.Duplex().Sink(soon(t), blocked("", gone)))
		require.Equal(t, want, <-gone)
		for _, s := range []*mux.Session{client, server} {
			for s.Stats().Streams > 1 {
				runtime.Gosched()
			}
			require.NoError(t, s.Err())
		}
	})
}

// A stream may be refused before Open has returned, by a peer that answers its
// SYN at once: many times over, so that it happens at every point.
func TestRejectBeforeOpenReturns(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		require.NoError(t, pull.Abort(server.Accept, nil))
		refusal := &mux.StreamError{Code: mux.CodeRefused, Remote: true}
		for range 2000 {
			st, err := client.Open(soon(t), "refused", nil)
			require.NoError(t, err)
			_, err = receive(soon(t), st)
			require.Equal(t, refusal, err)
			require.Equal(t, refusal, send(soon(t), st, []byte("x"), 1))
		}
		require.NoError(t, client.Close(soon(t)))
	})
}

// END and ABORT cross, in both orders: the direction has ended well for its
// writer, and for its reader as it wanted; the stream goes.
func TestEndCrossesAbort(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, server := rawClient(t, mux.Config{Idle: -1})
		st := r.open(server, "hello")
		n := uint64(len(head("raw")) + 5)
		require.NoError(t, send(soon(t), st, []byte("all of it"), 9)) // END is on its way
		r.write(control(wire.Message{Kind: wire.Abort, ID: 3, Code: 2}))
		require.NoError(t, pull.Abort(st.Duplex().Source, errors.New("no"))) // and ABORT
		r.write(control(wire.Message{Kind: wire.End, ID: 3, Offset: n}))
		settle()
		r.write(frame(window, fin, 3, 0))
		settle()
		require.NoError(t, server.Err())
		require.Zero(t, server.Stats().Streams)

		// Both ends do both at once.
		a, b := net.Pipe()
		client, server := connect(t, a, b)
		for range 200 {
			ours, theirs := pair(t, client, server, "cross")
			done := make(chan error, 4)
			for _, st := range []*mux.Stream{ours, theirs} {
				go func() { done <- send(soon(t), st, []byte("x"), 1) }()
				go func() { done <- pull.Abort(st.Duplex().Source, errors.New("no")) }()
			}
			for range 4 {
				if err := <-done; err != nil {
					require.Equal(t, "no", err.(*mux.StreamError).Text)
				}
			}
		}
		require.NoError(t, client.Close(soon(t)))
	})
}

// A write is torn by its context: the offset of the RESET is what was sent, the
// reader gets exactly that, and the session goes on.
func TestResetAfterTornWrite(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := connectWith(t, a, b, mux.Config{Window: 256 << 10})
		for round := range 20 {
			ours, theirs := pair(t, client, server, "torn")
			ctx, cancel := context.WithCancelCause(context.Background())
			sank := later(func() error { return send(ctx, ours, noise(1<<20), 1<<20) })
			settle() // the window is full in the middle of a chunk
			src, got := theirs.Duplex().Source, 0
			for got < round*20_000 {
				chunk, err := src(soon(t))
				require.NoError(t, err)
				got += len(chunk)
			}
			cancel(&mux.StreamError{Code: 78, Text: "torn"})
			require.Error(t, <-sank)
			rest, err := receive(soon(t), theirs)
			require.Equal(t, &mux.StreamError{Code: 78, Text: "torn", Remote: true}, err)
			require.True(t, bytes.Equal(noise(1 << 20)[got:got+len(rest)], rest))
			require.EqualValues(t, got+len(rest), ours.Stats().BytesOut)
			require.NoError(t, send(soon(t), theirs, nil, 1))
			_, err = receive(soon(t), ours)
			require.Equal(t, io.EOF, err)
		}
		require.NoError(t, client.Close(soon(t)))
	})
}

// The writer has ended and everybody else too, and the reader takes an hour.
// Nothing is cut short, as yamux does after its StreamCloseTimeout.
func TestSlowReaderOutlivesCloseTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "slow")
		payload := noise(200_000)
		require.NoError(t, send(soon(t), ours, payload, 10_000))
		require.NoError(t, send(soon(t), theirs, nil, 1))
		_, err := receive(soon(t), ours)
		require.Equal(t, io.EOF, err)
		closed := later(func() error { return client.Close(t.Context()) }) // for hours
		var got []byte
		for src := theirs.Duplex().Source; err == io.EOF; {
			time.Sleep(10 * time.Minute)
			chunk, rerr := src(soon(t))
			if rerr != nil {
				require.Equal(t, io.EOF, rerr)
				break
			}
			got = append(got, chunk...)
		}
		require.True(t, bytes.Equal(payload, got))
		require.NoError(t, <-closed)
		<-server.Done()
		require.NoError(t, server.Err())
	})
}

// A peer that grants the control stream nothing, but makes us answer on it, is
// given up when the bound passes.
func TestControlNeverRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, server := rawClient(t, mux.Config{Idle: -1})
		served := later(func() error {
			var router mux.Router
			router.Handle("/", func(ctx context.Context, st *mux.Stream) error {
				return &mux.StreamError{Code: 9, Text: string(bytes.Repeat([]byte("long "), 200))}
			})
			return router.Serve(t.Context(), server)
		})
		n := uint64(len(head("x")))
		sent := 0
		for id := uint32(3); ; id += 2 {
			_, err := r.conn.Write(join(frame(window, syn, id, 0), dataFrame(0, id, head("x")),
				control(wire.Message{Kind: wire.End, ID: id, Offset: n})))
			if err != nil {
				break
			}
			settle()
			_, _ = r.conn.Write(frame(window, fin, id, 0))
			sent++
		}
		<-server.Done()
		require.ErrorIs(t, server.Err(), mux.ErrProtocol)
		require.ErrorIs(t, <-served, mux.ErrProtocol)
		require.Greater(t, sent, 500, "a window and a mebibyte wait first")
		require.Less(t, sent, 1500)
	})
}

// Messages for a stream that may still come are errors, those for one that has
// gone are not.
func TestControlUnknownFutureId(t *testing.T) {
	gone := func(t *testing.T) (*raw, *mux.Session) {
		r, server := rawClient(t, mux.Config{Idle: -1})
		st := r.open(server, "")
		n := uint64(len(head("raw")))
		r.write(control(wire.Message{Kind: wire.End, ID: 3, Offset: n}))
		require.NoError(t, st.Duplex().Close(nil))
		settle()
		r.write(frame(window, fin, 3, 0))
		settle()
		require.Zero(t, server.Stats().Streams)
		return r, server
	}
	for _, kind := range []wire.Kind{wire.End, wire.Reset, wire.Abort} {
		for _, id := range []uint32{0, 1, 2, 3, 4, 5, 0xFFFFFFFF} {
			bubble(t, func(t *testing.T) {
				r, server := gone(t)
				r.write(control(wire.Message{Kind: kind, ID: id, Code: 1}))
				settle()
				if id == 3 {
					require.NoError(t, server.Err())
					return
				}
				require.ErrorIs(t, server.Err(), mux.ErrProtocol, "kind %d, id %d", kind, id)
			})
		}
	}
}

// A slow link that always moves is never taken for a dead one, though every
// timeout is short against the time that a window takes.
func TestSlowLinkNoFalseKill(t *testing.T) {
	inCells(t, func(t *testing.T, c cell) {
		bubble(t, func(t *testing.T) { slowLink(t, c) })
	})
}

func slowLink(t *testing.T, c cell) {
	slow, quick := chaos.Link{Rate: 64_000}, chaos.Link{Rate: 256_000}
	link := chaos.Config{Out: slow, In: quick}
	if c.sink {
		link = chaos.Config{Out: quick, In: slow}
	}
	a, b := chaos.Pair(link)
	x, y := c.wrapBoth(t, a, b)
	cfg := mux.Config{Idle: 3 * time.Second, WriteTimeout: time.Second}
	client, server := connectWith(t, x, y, cfg)
	start := time.Now()
	sent := make(chan error, 4)
	var ends []*mux.Stream
	for _, dir := range [][2]*mux.Session{{client, server}, {server, client}} {
		ours, theirs := pair(t, dir[0], dir[1], "bulk")
		ends = append(ends, ours, theirs)
		go func() { sent <- send(t.Context(), ours, stamped, 1<<20) }()
		go func() {
			got, err := receive(t.Context(), theirs)
			if err == io.EOF && !bytes.Equal(stamped, got) {
				err = errors.New("something else came")
			}
			sent <- err
		}()
	}
	for range 20 { // small ones get through meanwhile
		ours, theirs := pair(t, client, server, "small")
		require.NoError(t, ours.Duplex().Close(nil))
		require.NoError(t, theirs.Duplex().Close(nil))
		time.Sleep(time.Second)
	}
	for range 4 {
		if err := <-sent; err != nil {
			require.Equal(t, io.EOF, err)
		}
	}
	require.Greater(t, time.Since(start), time.Minute)
	for _, st := range ends {
		require.NoError(t, st.Duplex().Close(nil))
	}
	require.NoError(t, client.Close(soon(t)))
	synctest.Wait()
	require.NoError(t, server.Err())
}
