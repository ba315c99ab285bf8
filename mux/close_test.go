package mux_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

func TestCloseIsClean(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		for _, byClient := range []bool{true, false} {
			if !byClient {
				a, b = tcp(t)
			}
			client, server := connect(t, a, b)
			closer, other := client, server
			if !byClient {
				closer, other = server, client
			}
			accepted := make(chan error, 2)
			for _, s := range []*mux.Session{closer, other} {
				go func() { _, err := s.Accept(soon(t)); accepted <- err }()
			}
			require.NoError(t, closer.Close(soon(t)))
			require.NoError(t, closer.Close(soon(t)), "again")
			<-other.Done()
			require.NoError(t, other.Err())
			require.NoError(t, other.Close(soon(t)))
			require.Equal(t, io.EOF, <-accepted)
			require.Equal(t, io.EOF, <-accepted)
			for _, s := range []*mux.Session{closer, other} {
				_, err := s.Open(soon(t), "late", nil)
				require.Equal(t, mux.ErrClosed, err)
				_, err = s.Accept(soon(t))
				require.Equal(t, io.EOF, err)
			}
			require.NoError(t, client.Abort(errors.New("too late")))
			require.NoError(t, client.Err())
		}
	})
}

// Both ends close while both send on streams of their own: everything arrives,
// forty times over; four hundred where WEIR_LONG is set.
func TestCloseWhileSending(t *testing.T) {
	t.Parallel()
	rounds := 40
	if long {
		rounds = 400
	}
	payload := noise(300_000)
	for round := range rounds {
		a, b := net.Pipe()
		if round%2 == 0 {
			a, b = tcp(t)
		}
		closeWhileSending(t, a, b, payload)
		if t.Failed() {
			return
		}
	}
}

func closeWhileSending(t *testing.T, a, b net.Conn, payload []byte) {
	client, server := connect(t, a, b)
	var work sync.WaitGroup
	for _, dir := range [][2]*mux.Session{{client, server}, {server, client}} {
		st, err := dir[0].Open(soon(t), "bulk", nil)
		require.NoError(t, err)
		got, err := dir[1].Accept(soon(t))
		require.NoError(t, err)
		work.Go(func() {
			assert.NoError(t, send(soon(t), st, payload, 10_000))
			_, err := receive(soon(t), st)
			assert.Equal(t, io.EOF, err)
		})
		work.Go(func() {
			all, err := receive(soon(t), got)
			assert.Equal(t, io.EOF, err)
			assert.True(t, bytes.Equal(payload, all))
			assert.NoError(t, send(soon(t), got, nil, 1))
		})
	}
	work.Go(func() { assert.NoError(t, client.Close(soon(t))) })
	work.Go(func() { assert.NoError(t, server.Close(soon(t))) })
	work.Wait()
}

func TestCloseRefusesWhatWaits(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		st, err := client.Open(soon(t), "waits", nil)
		require.NoError(t, err)
		closed := make(chan error, 1)
		go func() { closed <- server.Close(soon(t)) }()
		want := &mux.StreamError{Code: mux.CodeClosing, Remote: true}
		_, err = receive(soon(t), st)
		require.Equal(t, want, err)
		require.Equal(t, want, send(soon(t), st, []byte("x"), 1))
		require.NoError(t, <-closed)
		<-client.Done()
		require.NoError(t, client.Err())
	})
}

func TestCloseIsCutShort(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := connect(t, a, b)
		ours, theirs := pair(t, client, server, "endless")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		require.Equal(t, context.DeadlineExceeded, client.Close(ctx))
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, mux.ErrClosed, client.Err())
		_, err := receive(soon(t), ours)
		require.Equal(t, mux.ErrClosed, err)
		_, err = receive(soon(t), theirs)
		require.ErrorIs(t, err, mux.ErrLost)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Error(t, client.Close(context.Background()))
	})
}

func TestAcceptEnds(t *testing.T) {
	over(t, func(t *testing.T, a, b net.Conn) {
		client, server := connect(t, a, b)
		waits, err := client.Open(soon(t), "waits", nil)
		require.NoError(t, err)
		cause := errors.New("enough")
		require.NoError(t, pull.Abort(server.Accept, cause))
		_, err = server.Accept(soon(t))
		require.Equal(t, cause, err)
		late, err := client.Open(soon(t), "late", nil)
		require.NoError(t, err)
		for _, st := range []*mux.Stream{waits, late} {
			want := &mux.StreamError{Code: mux.CodeRefused, Remote: true}
			_, err = receive(soon(t), st)
			require.Equal(t, want, err)
			require.Equal(t, want, st.Duplex().Sink(soon(t), pull.Empty[[]byte]()))
		}
		back, theirs := pair(t, server, client, "the session goes on")
		require.NoError(t, back.Duplex().Close(nil))
		require.NoError(t, theirs.Duplex().Close(nil))
		require.NoError(t, client.Close(soon(t)))
	})
}

// A session is ended in every way there is: everything in it gets the cause.
func TestSessionCauseNeverEOF(t *testing.T) {
	mine := errors.New("mine")
	wrapped := &net.OpError{Op: "read", Err: io.EOF}
	abort := func(cause error) func(client *mux.Session, _, _ net.Conn) {
		return func(client *mux.Session, _, _ net.Conn) { _ = client.Abort(cause) }
	}
	cases := map[string]struct {
		end  func(client *mux.Session, a, b net.Conn)
		want error
	}{
		"abort":             {abort(mine), mine},
		"abort for nothing": {abort(nil), pull.ErrStopped},
		"abort with EOF":    {abort(io.EOF), pull.ErrStopped},
		"wrapped EOF":       {abort(wrapped), nil},
		"own end cut":       {func(_ *mux.Session, a, _ net.Conn) { _ = a.Close() }, mux.ErrLost},
		"peer's end cut":    {func(_ *mux.Session, _, b net.Conn) { _ = b.Close() }, mux.ErrLost},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			over(t, func(t *testing.T, a, b net.Conn) {
				client, server := connect(t, a, b)
				reading, _ := pair(t, client, server, "reading")
				writing, _ := pair(t, client, server, "writing")
				full, _ := pair(t, client, server, "full")
				errs := make(chan error, 4)
				gone := make(chan error, 1)
				go func() { _, err := receive(soon(t), reading); errs <- err }()
				go func() { errs <- writing.Duplex().Sink(soon(t), blocked("x", gone)) }()
				go func() { errs <- send(soon(t), full, make([]byte, 4<<20), 1<<20) }()
				go func() { _, err := client.Accept(soon(t)); errs <- err }()
				c.end(client, a, b)
				<-client.Done()
				require.Error(t, client.Err())
				require.Equal(t, client.Err(), <-gone)
				for range 4 {
					require.Equal(t, client.Err(), <-errs)
				}
				late, err := client.Open(soon(t), "late", nil)
				require.Nil(t, late)
				require.Equal(t, client.Err(), err)
				require.NotErrorIs(t, client.Err(), io.EOF)
				if c.want != nil {
					require.ErrorIs(t, client.Err(), c.want)
				}
				require.NoError(t, pull.Abort(reading.Duplex().Source, nil))
				require.Equal(t, client.Err(), client.Close(soon(t)))
				<-server.Done()
				require.ErrorIs(t, server.Err(), mux.ErrLost)
			})
		})
	}
}

// A session that ends says no more, so that its peer's streams all end with what
// the connection came to, and not some of them by a RESET that was quick enough.
func TestEndedSessionIsSilent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := plan{}
		for i := range 64 {
			p[string(rune('A'+i))] = [2]half{{sends: 10, waits: true}, {sends: 10, waits: true}}
		}
		rounds := 50
		if long {
			rounds = 1000
		}
		for range rounds {
			a, b := chaos.Pair(chaos.Config{})
			k := startTalk(t.Context(), cell{}, a, b, p)
			settle()
			require.NoError(t, k.client.session.Abort(errors.New("private")))
			k.over.Wait()
			for _, h := range k.server.halves {
				require.Equal(t, k.server.err, h.read)
				require.Equal(t, k.server.err, h.cause)
			}
			require.ErrorIs(t, k.server.err, mux.ErrLost)
		}
	})
}
