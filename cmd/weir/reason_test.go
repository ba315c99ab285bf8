package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// streamPair is a stream, open at both its ends.
func streamPair(t *testing.T) (ours, theirs *mux.Stream) {
	t.Helper()
	a, b := net.Pipe()
	accepted := make(chan *mux.Stream, 1)
	go func() {
		session, err := mux.Server(t.Context(), b, mux.Config{})
		if assert.NoError(t, err) {
			t.Cleanup(func() { _ = session.Abort(nil) })
			st, err := session.Accept(t.Context())
			assert.NoError(t, err)
			accepted <- st
		}
	}()
	session, err := mux.Client(t.Context(), a, mux.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Abort(nil) })
	ours, err = session.Open(t.Context(), "x", nil)
	require.NoError(t, err)
	return ours, <-accepted
}

// Each reason is known at the other end by the stream alone, however the stream
// ends; whoever ends it gets back what it gave.
func TestReasonsTravel(t *testing.T) {
	endless := func(ctx context.Context) ([]byte, error) {
		<-ctx.Done()
		return nil, pull.Cause(ctx)
	}
	for _, reason := range reasons {
		mine := fmt.Errorf("replicate: in vain: %w", reason)
		for name, end := range map[string]func(st *mux.Stream) error{
			"abort": func(st *mux.Stream) error {
				_, err := telling(st.Duplex()).Source(doneBy(mine))
				return err
			},
			"failure": func(st *mux.Stream) error {
				return telling(st.Duplex()).Sink(t.Context(), pull.Error[[]byte](mine))
			},
			"cancelled": func(st *mux.Stream) error {
				ctx, cancel := context.WithCancelCause(t.Context())
				go cancel(mine)
				return telling(st.Duplex()).Sink(ctx, endless)
			},
		} {
			ours, theirs := streamPair(t)
			require.Equal(t, mine, end(ours), name)
			d := telling(theirs.Duplex())
			var err error
			if name == "abort" {
				err = d.Sink(t.Context(), endless)
			} else {
				_, err = d.Source(t.Context())
			}
			here := meansHere(reason)
			require.ErrorIs(t, err, here, name)
			require.True(t, errors.As(err, new(*mux.StreamError)))
			want, got := explain(here), explain(err)
			assert.Equal(t, want.Code, got.Code, "%s, %v", name, reason)
			assert.Equal(t, want.Hint, got.Hint)
			if here == reason {
				want.What = "peer: in vain: " + plain(reason)
			}
			assert.Equal(t, want.What, got.What)
		}
	}
}

// Other failures travel as they do without it, and so does a code that nobody
// here knows.
func TestOtherFailuresTravel(t *testing.T) {
	for _, c := range []struct {
		sent error
		code mux.Code
	}{
		{errors.New("mine"), mux.CodeFailed},
		{pull.ErrStopped, mux.CodeStopped},
		{&mux.StreamError{Code: 77, Text: "passed on"}, 77},
		{&mux.StreamError{Code: firstReason + mux.Code(len(reasons))}, firstReason + mux.Code(len(reasons))},
	} {
		ours, theirs := streamPair(t)
		require.Equal(t, c.sent, telling(ours.Duplex()).Sink(t.Context(), pull.Error[[]byte](c.sent)))
		_, err := telling(theirs.Duplex()).Source(t.Context())
		var got *mux.StreamError
		require.True(t, errors.As(err, &got))
		assert.Equal(t, c.code, got.Code)
		assert.False(t, errors.As(err, new(toldReason)))
	}
	ours, theirs := streamPair(t)
	require.NoError(t, telling(ours.Duplex()).Sink(t.Context(), pull.Values([]byte("all"))))
	got, err := pull.Collect(t.Context(), telling(theirs.Duplex()).Source)
	require.NoError(t, err)
	assert.Equal(t, "all", string(bytes.Join(got, nil)))
}

// Who is turned away hangs up before its holder has said why, for which there
// is a moment.
func TestLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		own, end := lingering(ctx)
		cancel(mux.ErrClosed)
		time.Sleep(goodbye - 1)
		require.NoError(t, own.Err())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, mux.ErrClosed, context.Cause(own))
		end()
	})
}

func doneBy(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

// A peer that resets the stream before it has said who it is, or why in a frame
// of its own, is understood all the same: twenty times over.
func TestReasonBeforeTheFirstFrame(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	const rounds = 20
	served := make(chan error, 1)
	go func() {
		for range rounds {
			if err := refuseAsFork(t.Context(), ln); err != nil {
				served <- err
				return
			}
		}
		served <- nil
	}()
	path := filepath.Join(t.TempDir(), "r")
	require.Equal(t, exitOK, run(t.Context(), []string{"init", path}, strings.NewReader(""), io.Discard, io.Discard))
	for range rounds {
		var log bytes.Buffer
		args := []string{"sync", "--insecure", path, "tcp://" + ln.Addr().String()}
		status := run(t.Context(), args, strings.NewReader(""), io.Discard, &log)
		require.Equal(t, exitIdentity, status, log.String())
		require.Contains(t, log.String(), "weir fork COPY NEW")
	}
	require.NoError(t, <-served)
}

// refuseAsFork accepts a connection, and resets its first stream.
func refuseAsFork(ctx context.Context, ln net.Listener) error {
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	session, err := mux.Server(ctx, conn, mux.Config{})
	if err != nil {
		return err
	}
	st, err := session.Accept(ctx)
	if err != nil {
		return err
	}
	d := telling(st.Duplex())
	_ = d.Sink(ctx, pull.Error[[]byte](&replicate.ForkError{}))
	for _, err := range d.Source.All(ctx) { // the caller's greeting, and its end
		if err != nil {
			break
		}
	}
	return session.Close(ctx)
}
