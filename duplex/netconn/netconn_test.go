package netconn_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
)

var errBoom = errors.New("boom")

// tcp returns both ends of a connection over loopback.
func tcp(t *testing.T) (net.Conn, net.Conn) { return dialled(t, "tcp", "127.0.0.1:0") }

func unix(t *testing.T) (net.Conn, net.Conn) {
	return dialled(t, "unix", filepath.Join(t.TempDir(), "s"))
}

func dialled(t *testing.T, network, address string) (net.Conn, net.Conn) {
	t.Helper()
	l, err := netconn.Listen(t.Context(), network, address)
	require.NoError(t, err)
	defer l.Close()
	a, err := net.Dial(network, l.Addr().String())
	require.NoError(t, err)
	b, err := l.Accept(t.Context())
	require.NoError(t, err)
	return a, b
}

func async(f func() error) (result func() error) {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return func() error { return <-c }
}

func second[T any](_ T, err error) error { return err }

func collect(ctx context.Context, src pull.Source[[]byte]) ([]byte, error) {
	got, err := pull.Collect(ctx, src)
	return bytes.Join(got, nil), err
}

// endless gives data for ever.
func endless(ctx context.Context) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, pull.Cause(ctx)
	}
	return make([]byte, 4096), nil
}

// stalled gives nothing until it is aborted, and says so then.
func stalled(aborted *error) pull.Source[[]byte] {
	return pull.From(func(ctx context.Context) ([]byte, error) {
		<-ctx.Done()
		return nil, pull.Cause(ctx)
	}, func(cause error) error {
		*aborted = cause
		return nil
	})
}

// each runs f over every kind of connection that can close one direction.
func each(t *testing.T, f func(t *testing.T, a, b net.Conn)) {
	t.Run("tcp", func(t *testing.T) {
		a, b := tcp(t)
		f(t, a, b)
	})
	t.Run("unix", func(t *testing.T) {
		a, b := unix(t)
		f(t, a, b)
	})
}

func TestCarriesBothWays(t *testing.T) {
	each(t, func(t *testing.T, ca, cb net.Conn) {
		a, b := netconn.New(ca), netconn.New(cb)
		big := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
		// Both write 4 MiB, far more than the system holds, before they read.
		sentA := async(func() error { return a.Sink(t.Context(), pull.Values(big, []byte("tail"))) })
		sentB := async(func() error { return b.Sink(t.Context(), sliced(big, 1000)) })
		gotB, err := collect(t.Context(), b.Source)
		require.NoError(t, err)
		gotA, err := collect(t.Context(), a.Source)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(big, gotA))
		assert.True(t, bytes.Equal(append(big, "tail"...), gotB))
		require.NoError(t, sentA())
		require.NoError(t, sentB())
		assert.Equal(t, io.EOF, second(a.Source(t.Context())), "the end is final")
		assert.ErrorIs(t, second(ca.Read(nil)), net.ErrClosed)
		assert.ErrorIs(t, second(cb.Read(nil)), net.ErrClosed)
	})
}

// sliced gives b in pieces of n bytes.
func sliced(b []byte, n int) pull.Source[[]byte] {
	return pull.From(func(context.Context) ([]byte, error) {
		if len(b) == 0 {
			return nil, io.EOF
		}
		piece := b[:min(n, len(b))]
		b = b[len(piece):]
		return piece, nil
	}, nil)
}

func TestLargeChunksAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a := netconn.New(ca)
		big := bytes.Repeat([]byte("x"), 64<<10)
		give := make(chan []byte)
		sent := async(func() error { return a.Sink(t.Context(), pull.FromChan(give)) })
		give <- big
		_, err := io.ReadFull(cb, make([]byte, len(big)))
		require.NoError(t, err)
		for _, small := range []string{"one", "two", "three"} {
			synctest.Wait() // the next joins while this one is written
			give <- []byte(small)
		}
		_, err = io.ReadFull(cb, make([]byte, len("onetwothree")))
		require.NoError(t, err)
		close(give)
		require.NoError(t, sent())
		assert.Equal(t, 64<<10, bytes.Count(big, []byte("x")), "used as a buffer")
		require.NoError(t, a.Close(nil))
		require.NoError(t, cb.Close())
	})
}

// row: F8
func TestHalfClose(t *testing.T) {
	each(t, func(t *testing.T, ca, cb net.Conn) {
		a, b := netconn.New(ca), netconn.New(cb)
		require.NoError(t, a.Sink(t.Context(), pull.Values([]byte("ques"), []byte("tion"))))
		got, err := collect(t.Context(), b.Source)
		require.NoError(t, err)
		assert.Equal(t, "question", string(got))
		require.NoError(t, b.Sink(t.Context(), pull.Values([]byte("answer"))))
		got, err = collect(t.Context(), a.Source)
		require.NoError(t, err)
		assert.Equal(t, "answer", string(got))
	})
}

func TestFailedSinkCutsTheConnection(t *testing.T) {
	ca, cb := tcp(t)
	a, b := netconn.New(ca), netconn.New(cb)
	reading := async(func() error { return second(collect(t.Context(), a.Source)) })
	fail := make(chan struct{})
	n := 0
	src := func(context.Context) ([]byte, error) {
		if n++; n == 1 {
			return []byte("before"), nil
		}
		<-fail
		return nil, errBoom
	}
	sent := async(func() error { return a.Sink(t.Context(), src) })
	first, err := b.Source(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "before", string(first), "what came before is delivered")
	close(fail)
	assert.Equal(t, errBoom, sent())
	err = reading()
	assert.ErrorIs(t, err, netconn.ErrCut)
	assert.ErrorIs(t, err, errBoom)

	err = second(b.Source(t.Context()))
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF, "a cut is not an end")
	require.NoError(t, b.Close(nil))
}

func TestCancelledSinkCutsTheConnection(t *testing.T) {
	for name, src := range map[string]pull.Source[[]byte]{
		"while it waits for its source": stalled(new(error)),
		"while it writes":               endless,
	} {
		t.Run(name, func(t *testing.T) {
			ca, cb := tcp(t)
			a, b := netconn.New(ca), netconn.New(cb)
			ctx, cancel := context.WithCancelCause(t.Context())
			called := make(chan struct{}, 1<<20)
			sent := async(func() error {
				return a.Sink(ctx, func(ctx context.Context) ([]byte, error) {
					called <- struct{}{}
					return src(ctx)
				})
			})
			<-called
			cancel(errBoom)
			assert.Equal(t, errBoom, sent())
			assert.ErrorIs(t, second(a.Source(t.Context())), errBoom)
			_, err := collect(t.Context(), b.Source)
			require.Error(t, err)
			require.NoError(t, b.Close(nil))
		})
	}
}

func TestCancelledSinkIsPromptInABlockedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a := netconn.New(ca)
		ctx, cancel := context.WithCancelCause(t.Context())
		sent := async(func() error { return a.Sink(ctx, endless) })
		_, err := cb.Read(make([]byte, 1))
		require.NoError(t, err)
		synctest.Wait()
		cancel(errBoom)
		assert.Equal(t, errBoom, sent())
		assert.ErrorIs(t, second(a.Source(t.Context())), netconn.ErrCut)
		require.NoError(t, cb.Close())
	})
}

func TestSinkCancelledAtItsEnd(t *testing.T) {
	ca, cb := net.Pipe()
	a := netconn.New(ca)
	ctx, cancel := context.WithCancelCause(t.Context())
	err := a.Sink(ctx, func(context.Context) ([]byte, error) {
		cancel(errBoom)
		return nil, io.EOF
	})
	assert.Equal(t, errBoom, err)
	assert.ErrorIs(t, second(a.Source(t.Context())), netconn.ErrCut)
	require.NoError(t, cb.Close())
}

func TestAbortedReadLeavesTheSink(t *testing.T) {
	each(t, func(t *testing.T, ca, cb net.Conn) {
		a, b := netconn.New(ca), netconn.New(cb)
		ctx, cancel := context.WithCancelCause(t.Context())
		reading := async(func() error { return second(a.Source(ctx)) })
		cancel(errBoom)
		assert.Equal(t, errBoom, reading())
		assert.Equal(t, errBoom, second(a.Source(t.Context())), "final")
		require.NoError(t, a.Sink(t.Context(), pull.Values([]byte("still here"))))
		got, err := collect(t.Context(), b.Source)
		require.NoError(t, err)
		assert.Equal(t, "still here", string(got))
		require.NoError(t, b.Close(nil))
	})
}

func TestPeerResetStopsBothHalves(t *testing.T) {
	ca, cb := tcp(t)
	a := netconn.New(ca)
	var aborted error
	src, called := stalled(&aborted), make(chan struct{}, 2)
	sent := async(func() error {
		return a.Sink(t.Context(), func(ctx context.Context) ([]byte, error) {
			called <- struct{}{}
			return src(ctx)
		})
	})
	<-called
	require.NoError(t, cb.(*net.TCPConn).SetLinger(0))
	require.NoError(t, cb.Close())
	read := second(a.Source(t.Context()))
	var op *net.OpError
	require.ErrorAs(t, read, &op)
	assert.Equal(t, read, sent(), "a sink that waits for its source is stopped too")
	assert.Equal(t, read, aborted)
}

func TestSinkOfADeadConnection(t *testing.T) {
	ca, cb := tcp(t)
	a := netconn.New(ca)
	require.NoError(t, cb.(*net.TCPConn).SetLinger(0))
	require.NoError(t, cb.Close())
	read := second(a.Source(t.Context()))
	var aborted error
	assert.Equal(t, read, a.Sink(t.Context(), stalled(&aborted)))
	assert.Equal(t, read, aborted)
}

func TestFailedWriteStillReads(t *testing.T) {
	ca, cb := tcp(t)
	a := netconn.New(ca)
	// The peer says something and leaves with our bytes unread: it resets.
	_, err := cb.Write([]byte("farewell"))
	require.NoError(t, err)
	first, err := a.Source(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "farewell", string(first))
	_, err = ca.Write([]byte("unread"))
	require.NoError(t, err)
	require.NoError(t, cb.Close())
	var op *net.OpError
	require.ErrorAs(t, a.Sink(t.Context(), endless), &op)
	assert.Equal(t, "write", op.Op)
	_, err = collect(t.Context(), a.Source)
	require.ErrorIs(t, err, syscall.ECONNRESET, "also when the system told the write of it")
	assert.ErrorIs(t, second(ca.Read(nil)), net.ErrClosed)
}

// Both halves wait for the system, which tells of the reset once.
// row: F8
func TestResetIsNoEnd(t *testing.T) {
	for range 20 {
		ca, cb := tcp(t)
		a := netconn.New(ca)
		sent := async(func() error { return a.Sink(t.Context(), endless) })
		read := async(func() error { return second(a.Source(t.Context())) })
		_, err := io.ReadFull(cb, make([]byte, 1<<20))
		require.NoError(t, err)
		require.NoError(t, cb.(*net.TCPConn).SetLinger(0))
		require.NoError(t, cb.Close())
		require.ErrorIs(t, read(), syscall.ECONNRESET)
		require.Error(t, sent())
		require.ErrorIs(t, second(ca.Read(nil)), net.ErrClosed)
	}
}

// A peer that ended its direction and then left has ended it all the same.
func TestResetAfterTheEnd(t *testing.T) {
	ca, cb := tcp(t)
	a := netconn.New(ca)
	sent := async(func() error { return a.Sink(t.Context(), endless) })
	_, err := cb.Write([]byte("farewell"))
	require.NoError(t, err)
	require.NoError(t, cb.(*net.TCPConn).CloseWrite())
	_, err = io.ReadFull(cb, make([]byte, 1<<20))
	require.NoError(t, err)
	require.NoError(t, cb.Close())
	require.ErrorIs(t, sent(), syscall.EPIPE)
	got, err := collect(t.Context(), a.Source)
	require.NoError(t, err)
	assert.Equal(t, "farewell", string(got))
	assert.ErrorIs(t, second(ca.Read(nil)), net.ErrClosed)
}

func TestFailedWriteIsNoEndForThePeer(t *testing.T) {
	ca, cb := tcp(t)
	a := netconn.New(ca)
	require.NoError(t, ca.SetWriteDeadline(time.Unix(1, 0))) // a failure, though all is well
	assert.ErrorIs(t, a.Sink(t.Context(), endless), os.ErrDeadlineExceeded)
	_, err := cb.Write([]byte("farewell"))
	require.NoError(t, err)
	got, err := a.Source(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "farewell", string(got), "what the peer had to say can be read")
	require.NoError(t, pull.Abort(a.Source, nil))
	_, err = cb.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
	require.NoError(t, cb.Close())
}

func TestCloseOfUnusedResets(t *testing.T) {
	ca, cb := tcp(t)
	a := netconn.New(ca)
	require.NoError(t, a.Close(nil))
	require.NoError(t, a.Close(nil), "twice")
	_, err := cb.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
	require.NoError(t, cb.Close())
}

func TestOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a := netconn.New(ca)
		reading := async(func() error { return second(a.Source(t.Context())) })
		synctest.Wait()
		assert.Equal(t, pull.ErrOverlap, second(a.Source(t.Context())))
		_, err := cb.Write([]byte("x"))
		require.NoError(t, err)
		assert.NoError(t, reading(), "an overlap is not the end")
		require.NoError(t, a.Close(nil))
		require.NoError(t, cb.Close())
	})
}

// row: B6
// rule: 2.5
func TestSinkIsUsedOnce(t *testing.T) {
	ca, cb := tcp(t)
	a, b := netconn.New(ca), netconn.New(cb)
	require.NoError(t, a.Sink(t.Context(), pull.Empty[[]byte]()))
	var aborted error
	assert.Equal(t, duplex.ErrUsed, a.Sink(t.Context(), stalled(&aborted)))
	assert.Equal(t, duplex.ErrUsed, aborted)
	require.NoError(t, a.Close(nil))
	require.NoError(t, b.Close(nil))
}

func canceled(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

func TestPanickingSourceCuts(t *testing.T) {
	ca, cb := net.Pipe() // nobody reads: the write is blocked when it panics
	a := netconn.New(ca)
	n := 0
	var aborted error
	src := func(ctx context.Context) ([]byte, error) {
		if ctx.Err() != nil {
			aborted = pull.Cause(ctx)
			return nil, aborted
		}
		if n++; n == 3 {
			panic(errBoom)
		}
		return []byte("x"), nil
	}
	assert.PanicsWithValue(t, errBoom, func() { _ = a.Sink(t.Context(), src) })
	var p *pull.PanicError
	require.ErrorAs(t, aborted, &p)
	err := second(a.Source(t.Context()))
	assert.ErrorIs(t, err, errBoom)
	assert.ErrorIs(t, err, netconn.ErrCut)
	require.NoError(t, cb.Close())
}
