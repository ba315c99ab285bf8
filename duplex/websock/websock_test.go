package websock_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestEcho(t *testing.T) {
	a, b := dialled(t, websock.Config{}, websock.Config{})
	near, far := a.Chunks(), b.Chunks()
	data := random(1 << 20)
	echoed := async(func() error { return far.Sink(t.Context(), far.Source) })
	sent := async(func() error { return near.Sink(t.Context(), sliced(data, 777)) })
	got, err := collect(t.Context(), near.Source)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
	require.NoError(t, sent())
	require.NoError(t, echoed())
}

// Each direction ends by itself, in both modes and from both sides.
func TestHalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, swap := range []bool{false, true} {
			a, b := inMemory(t, websock.Config{}, websock.Config{})
			if swap {
				a, b = b, a
			}
			halfClose(t, a.Chunks(), b.Chunks())
			a, b = inMemory(t, websock.Config{Text: true}, websock.Config{Text: true})
			if swap {
				a, b = b, a
			}
			halfClose(t, a.Messages(), b.Messages())
		}
	})
}

func halfClose[T ~[]byte](t *testing.T, a, b duplex.Duplex[T, T]) {
	began := time.Now()
	sent := async(func() error { return a.Sink(t.Context(), pull.Values(T("ping"))) })
	got, err := pull.Collect(t.Context(), b.Source)
	require.NoError(t, err)
	assert.Equal(t, []T{T("ping")}, got)
	require.NoError(t, sent())
	synctest.Wait()
	answered := async(func() error { return b.Sink(t.Context(), pull.Values(T("pong"))) })
	got, err = pull.Collect(t.Context(), a.Source)
	require.NoError(t, err)
	assert.Equal(t, []T{T("pong")}, got)
	require.NoError(t, answered())
	assert.Zero(t, time.Since(began), "nobody waits for a timeout")
}

// The peer's sink learns why its reader left; the other direction goes on.
func TestSourceAborted(t *testing.T) {
	for _, cause := range []error{errBoom, pull.ErrStopped, context.DeadlineExceeded} {
		synctest.Test(t, func(t *testing.T) {
			a, b := inMemory(t, websock.Config{}, websock.Config{})
			near, far := a.Chunks(), b.Chunks()
			var aborted error
			sent := async(func() error { return far.Sink(t.Context(), stalled[[]byte](&aborted)) })
			require.NoError(t, pull.Abort(near.Source, cause))
			err := sent()
			assert.Equal(t, err, aborted)
			switch cause {
			case pull.ErrStopped:
				assert.Equal(t, pull.ErrStopped, err, "no failure to Connect")
			case errBoom:
				assert.Equal(t, &websock.CloseError{Code: websock.CodeFailed, Reason: "boom"}, err)
			default:
				assert.Equal(t, &websock.CloseError{Code: websock.CodeDeadline}, err)
			}
			sent = async(func() error { return near.Sink(t.Context(), pull.Values([]byte("more"))) })
			got, err := collect(t.Context(), far.Source)
			require.NoError(t, err)
			assert.Equal(t, "more", string(got))
			require.NoError(t, sent())
		})
	}
}

// What the peer is sending meanwhile is dropped, and does not keep it.
func TestSourceAbortedWhilePeerSends(t *testing.T) {
	a, b := dialled(t, websock.Config{}, websock.Config{})
	near, far := a.Chunks(), b.Chunks()
	sent := async(func() error { return far.Sink(t.Context(), endless) })
	_, err := near.Source(t.Context())
	require.NoError(t, err)
	require.NoError(t, pull.Abort(near.Source, errBoom))
	assert.ErrorContains(t, sent(), "closed with code 4002: boom")
	require.NoError(t, near.Sink(t.Context(), pull.Empty[[]byte]()))
	assert.Equal(t, io.EOF, second(far.Source(t.Context())))
}

// endless gives data for ever.
func endless(ctx context.Context) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, pull.Cause(ctx)
	}
	return make([]byte, 4096), nil
}

// A failed sink closes the connection: no clean end on either side, and what
// came before is delivered.
func TestSinkFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inMemory(t, websock.Config{}, websock.Config{})
		near, far := a.Messages(), b.Messages()
		vals := []frame.Msg{frame.Msg("one"), frame.Msg("two")}
		src := pull.From(func(context.Context) (m frame.Msg, err error) {
			if len(vals) == 0 {
				return nil, errBoom
			}
			m, vals = vals[0], vals[1:]
			return m, nil
		}, nil)
		sent := async(func() error { return near.Sink(t.Context(), src) })
		got, err := pull.Collect(t.Context(), far.Source)
		assert.Len(t, got, 2)
		assert.Equal(t, &websock.CloseError{Code: websock.CodeFailed, Reason: "boom"}, err)
		assert.Equal(t, errBoom, sent())
		_, err = near.Source(t.Context())
		assert.ErrorIs(t, err, websock.ErrCut)
		assert.ErrorIs(t, err, errBoom)
		var aborted error
		err = far.Sink(t.Context(), stalled[frame.Msg](&aborted))
		assert.Equal(t, &websock.CloseError{Code: websock.CodeFailed, Reason: "boom"}, err)
		assert.Equal(t, err, aborted)
	})
}

// A cause may say which code to close with; texts are cut to what fits.
func TestCloseError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inMemory(t, websock.Config{}, websock.Config{})
		near, far := a.Chunks(), b.Chunks()
		closed := async(func() error {
			return near.Close(&websock.CloseError{Code: 1001, Reason: string(bytes.Repeat([]byte("é"), 100))})
		})
		_, err := far.Source(t.Context())
		var ce *websock.CloseError
		require.ErrorAs(t, err, &ce)
		assert.Equal(t, websock.Code(1001), ce.Code)
		assert.Equal(t, string(bytes.Repeat([]byte("é"), 61)), ce.Reason)
		require.NoError(t, far.Close(nil))
		require.NoError(t, closed())
	})
}

func TestTooLarge(t *testing.T) {
	for name, swap := range map[string]bool{"to server": false, "to client": true} {
		t.Run(name, func(t *testing.T) {
			small := websock.Config{MaxMessage: 100}
			client, server := websock.Config{}, small
			if swap {
				client, server = server, client
			}
			a, b := dialled(t, client, server)
			if swap {
				a, b = b, a
			}
			near, far := a.Messages(), b.Messages()
			sent := async(func() error {
				return near.Sink(t.Context(), then(pull.Values(make(frame.Msg, 100), make(frame.Msg, 101))))
			})
			got, err := pull.Collect(t.Context(), far.Source)
			assert.Len(t, got, 1)
			assert.ErrorIs(t, err, frame.ErrTooLarge)
			assert.Equal(t, &websock.TooLargeError{Max: 100, Remote: true}, err)
			var ce *websock.CloseError
			require.ErrorAs(t, sent(), &ce)
			assert.Equal(t, websock.CodeTooLarge, ce.Code)
		})
	}
}

func TestMayNotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, m := range map[error]frame.Msg{
			frame.ErrTooLarge: make(frame.Msg, 101),
			websock.ErrText:   frame.Msg("\xff"),
		} {
			a, b := inMemory(t, websock.Config{Text: true, MaxMessage: 100}, websock.Config{Text: true})
			near, far := a.Messages(), b.Messages()
			read := async(func() error { return second(far.Source(t.Context())) })
			err := near.Sink(t.Context(), pull.Values(m))
			assert.ErrorIs(t, err, want)
			assert.NotEqual(t, io.EOF, read())
			_ = near.Close(nil)
			_ = far.Close(nil)
		}
	})
}

func TestSecondView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inMemory(t, websock.Config{}, websock.Config{})
		first, second := a.Chunks(), a.Messages()
		_, err := second.Source(t.Context())
		assert.Equal(t, duplex.ErrUsed, err)
		assert.Equal(t, duplex.ErrUsed, second.Sink(t.Context(), pull.Empty[frame.Msg]()))
		_, err = a.NetConn().Read(make([]byte, 1))
		assert.Equal(t, net.ErrClosed, err)
		go func() { _ = b.Chunks().Close(nil) }()
		_ = first.Close(nil)
		a.Close(nil)
		b.Close(nil)
	})
}

// Many small chunks that come while a message is under way share the next one.
func TestCoalesced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inMemory(t, websock.Config{}, websock.Config{})
		near, far := a.Chunks(), b.Chunks()
		sent := async(func() error { return near.Sink(t.Context(), sliced(make([]byte, 20_000), 10)) })
		synctest.Wait() // the first is with the peer, the rest fills up behind the second
		got, err := pull.Collect(t.Context(), far.Source)
		require.NoError(t, err)
		require.NoError(t, sent())
		assert.Len(t, bytes.Join(got, nil), 20_000)
		assert.Less(t, len(got), 20)
		require.NoError(t, far.Close(nil))
		_ = pull.Abort(near.Source, nil)
	})
}

// A reader that stalls holds the sender back, for ever: what both hold is a few
// chunks, here where no kernel holds any.
func TestStalledReaderHoldsSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inMemory(t, websock.Config{}, websock.Config{})
		near, far := a.Chunks(), b.Chunks()
		ctx, cancel := context.WithCancelCause(t.Context())
		pulled := 0
		sent := async(func() error {
			return near.Sink(ctx, pull.From(func(context.Context) ([]byte, error) {
				pulled++
				return make([]byte, 4096), nil
			}, nil))
		})
		_, err := far.Source(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Hour) // pings go both ways meanwhile
		synctest.Wait()
		assert.LessOrEqual(t, pulled*4096, 4*(32<<10), "bytes pulled")
		assert.NoError(t, second(far.Source(t.Context())), "nobody was taken for dead")
		cancel(errBoom)
		assert.Equal(t, errBoom, sent())
		assert.Error(t, pull.Drain(t.Context(), far.Source), "no clean end")
		_ = near.Close(nil)
		_ = far.Close(nil)
	})
}

// A sink that waits for its end to be written heeds its context, and says so
// although the end has left by then.
func TestEndInterrupted(t *testing.T) {
	for name, sink := range map[string]func(ctx context.Context, c *websock.Conn) error{
		"chunks": func(ctx context.Context, c *websock.Conn) error {
			return c.Chunks().Sink(ctx, pull.Empty[[]byte]())
		},
		"messages": func(ctx context.Context, c *websock.Conn) error {
			return c.Messages().Sink(ctx, pull.Empty[frame.Msg]())
		},
	} {
		t.Run(name+", nobody reads", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				raw, c := rawClient(t, websock.Config{CloseTimeout: time.Second})
				ctx, cancel := context.WithCancelCause(t.Context())
				sent := async(func() error { return sink(ctx, c) })
				synctest.Wait()
				began := time.Now()
				cancel(errBoom)
				assert.Equal(t, errBoom, sent())
				assert.LessOrEqual(t, time.Since(began), time.Second)
				c.Close(nil)
				_ = raw.Close()
			})
		})
		t.Run(name+", written meanwhile", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				raw, c := rawClient(t, websock.Config{CloseTimeout: time.Second})
				sent := async(func() error { return sink(ctx, c) })
				synctest.Wait()
				cancel(errBoom)
				synctest.Wait()
				heard := answers(raw)
				assert.Equal(t, errBoom, sent())
				c.Close(nil)
				assert.Contains(t, string(heard()), "end")
			})
		})
	}
}
