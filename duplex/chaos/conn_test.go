package chaos_test

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
)

// tcp is a connection over the loopback.
func tcp(t testing.TB) (client, server net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
	})
	return client, server
}

func TestDeadlines(t *testing.T) {
	eachWay(t, chaos.Link{Latency: time.Hour, Buffer: 10, Rate: 1}, func(t *testing.T, w, r net.Conn) {
		start := time.Now()
		require.NoError(t, r.SetReadDeadline(start.Add(time.Second)))
		err := second(r.Read(make([]byte, 1)))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.True(t, isTimeout(err))
		assert.Equal(t, time.Second, time.Since(start))
		assert.ErrorIs(t, second(r.Read(make([]byte, 1))), os.ErrDeadlineExceeded, "it stays")

		require.NoError(t, r.SetDeadline(time.Time{}))
		reading := async(func() error { return second(r.Read(make([]byte, 1))) })
		synctest.Wait()
		require.NoError(t, r.SetReadDeadline(time.Unix(1, 0)))
		assert.ErrorIs(t, reading(), os.ErrDeadlineExceeded, "a call under way is ended")
		assert.Equal(t, time.Second, time.Since(start))

		require.NoError(t, w.SetWriteDeadline(time.Unix(1, 0)))
		assert.ErrorIs(t, second(w.Write([]byte("x"))), os.ErrDeadlineExceeded, "though there is room")
		require.NoError(t, w.SetWriteDeadline(time.Time{}))
		require.NoError(t, second(w.Write([]byte("x"))))
	})
}

func TestWriteDeadlineOfABlockedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Config{Out: chaos.Link{Buffer: 10}})
		start := time.Now()
		require.NoError(t, a.SetWriteDeadline(start.Add(time.Second)))
		blocked := async(func() error {
			n, err := a.Write(make([]byte, 25))
			assert.Equal(t, 10, n)
			return err
		})
		synctest.Wait()
		behind := async(func() error { return second(a.Write(make([]byte, 1))) })
		assert.ErrorIs(t, blocked(), os.ErrDeadlineExceeded)
		assert.ErrorIs(t, behind(), os.ErrDeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
		require.NoError(t, a.SetWriteDeadline(time.Time{}))
		require.NoError(t, second(b.Read(make([]byte, 10))))
		require.NoError(t, second(a.Write(make([]byte, 10))), "it can be used again")
	})
}

func TestHalfClose(t *testing.T) {
	eachWay(t, chaos.Link{Latency: latency}, func(t *testing.T, w, r net.Conn) {
		c := w.(*chaos.Conn)
		require.NoError(t, second(w.Write([]byte("all"))))
		require.NoError(t, c.CloseWrite())
		require.NoError(t, c.CloseWrite())
		assert.ErrorIs(t, second(w.Write([]byte("x"))), syscall.EPIPE)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, "all", string(got))
		require.NoError(t, second(r.Write([]byte("back"))))
		require.NoError(t, second(io.ReadFull(w, make([]byte, 4))))
		require.NoError(t, w.Close())
		assert.ErrorIs(t, c.CloseWrite(), net.ErrClosed)
	})
}

func TestCloseEndsEverything(t *testing.T) {
	eachWay(t, chaos.Link{Buffer: 10}, func(t *testing.T, w, r net.Conn) {
		require.NoError(t, second(w.Write([]byte("last"))))
		reading := async(func() error { return second(w.Read(make([]byte, 1))) })
		synctest.Wait()
		closed := async(w.Close)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, "last", string(got), "what was written arrives")
		require.NoError(t, closed())
		require.NoError(t, w.Close(), "twice")
		assert.ErrorIs(t, reading(), net.ErrClosed)
		assert.ErrorIs(t, second(w.Write([]byte("x"))), net.ErrClosed)
		assert.ErrorIs(t, w.SetDeadline(time.Time{}), net.ErrClosed)
		synctest.Wait()
		_ = second(r.Write([]byte("x"))) // beneath a Wrap, the first finds out
		synctest.Wait()
		assert.ErrorIs(t, second(r.Write([]byte("x"))), syscall.EPIPE)
	})
}

func TestCloseUnblocksAWrite(t *testing.T) {
	for _, who := range []string{"writer", "reader"} {
		eachWay(t, chaos.Link{Buffer: 10}, func(t *testing.T, w, r net.Conn) {
			blocked := async(func() error { return second(w.Write(make([]byte, 1<<20))) })
			synctest.Wait()
			if who == "writer" {
				require.NoError(t, w.Close())
				assert.ErrorIs(t, blocked(), net.ErrClosed)
				return
			}
			require.NoError(t, r.Close())
			assert.ErrorIs(t, blocked(), syscall.EPIPE)
		})
	}
}

func TestLingerZeroResets(t *testing.T) {
	// Not the last way, in which the bytes have left the connection at once.
	inWays(t, ways[:3], chaos.Link{Latency: latency}, func(t *testing.T, w, r net.Conn) {
		require.NoError(t, second(w.Write([]byte("lost"))))
		require.NoError(t, w.(*chaos.Conn).SetLinger(0))
		require.NoError(t, w.Close())
		got, err := io.ReadAll(r)
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		assert.Empty(t, got)
		assert.Error(t, second(r.Write([]byte("x"))))
	})
}

func TestWrapCloseDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := wrapped(t, chaos.Config{Out: chaos.Link{Latency: time.Second, Rate: 1000}})
		start := time.Now()
		require.NoError(t, second(near.Write(numbered(5000))))
		require.NoError(t, near.Close())
		assert.Equal(t, 6*time.Second, time.Since(start), "a second for 5,000 bytes each, and one to travel")
		got, err := io.ReadAll(far)
		require.NoError(t, err)
		assert.Equal(t, numbered(5000), got)
	})
}

func TestWrapCloseIsBounded(t *testing.T) {
	for name, stall := range map[string]bool{"stalled link": true, "nobody reads": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := wrapped(t, chaos.Config{})
				if stall {
					near.Out().Stall()
				}
				start := time.Now()
				_ = near.SetWriteDeadline(start.Add(ms))
				_ = second(near.Write(numbered(1 << 20)))
				require.NoError(t, near.Close())
				assert.LessOrEqual(t, time.Since(start), 2*time.Second)
				_, err := io.ReadAll(far)
				assert.ErrorIs(t, err, syscall.ECONNRESET, "not a clean end")
			})
		})
	}
}

func TestWrapPassesErrorsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := wrapped(t, chaos.Config{})
		require.NoError(t, second(far.Write([]byte("before"))))
		synctest.Wait()
		far.Reset(errBoom)
		got, err := io.ReadAll(near)
		assert.Equal(t, "before", string(got))
		assert.ErrorIs(t, err, errBoom)
		synctest.Wait()
		_ = second(near.Write([]byte("x")))
		synctest.Wait()
		assert.ErrorIs(t, second(near.Write([]byte("x"))), errBoom)
	})
}

func TestWrapOfAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, far := net.Pipe()
		near := chaos.Wrap(inner, chaos.Symmetric(chaos.Link{Latency: latency, Slice: 3}))
		sent := async(func() error { return second(near.Write(numbered(100))) })
		got := make([]byte, 100)
		require.NoError(t, second(io.ReadFull(far, got)))
		require.NoError(t, sent())
		assert.Equal(t, numbered(100), got)
		require.NoError(t, near.CloseWrite(), "which a pipe cannot say")
		require.NoError(t, second(far.Write([]byte("back"))))
		require.NoError(t, second(io.ReadFull(near, got[:4])))
		require.NoError(t, near.Close())
		assert.Equal(t, io.EOF, second(far.Read(got)))
		assert.Equal(t, "pipe", near.LocalAddr().String())
		assert.Equal(t, "pipe", near.RemoteAddr().Network())
	})
}

func TestWrapOfTCP(t *testing.T) {
	for kind, want := range map[chaos.Kind]error{
		chaos.End: nil, chaos.Cut: nil, chaos.Reset: syscall.ECONNRESET,
	} {
		t.Run(kind.String(), func(t *testing.T) {
			client, server := tcp(t)
			near := chaos.Wrap(client, chaos.Config{Out: at(1000, kind)})
			sent := async(func() error { return second(near.Write(numbered(2000))) })
			got, err := io.ReadAll(server)
			_ = sent()
			assert.ErrorIs(t, err, want)
			if kind != chaos.Reset { // which may overtake what it follows, as the system has it
				assert.Equal(t, numbered(1000), got)
			}
			require.NoError(t, near.Close())
		})
	}
}

func TestWrappedResetOfTCPStopsBothEnds(t *testing.T) {
	client, server := tcp(t)
	near := chaos.Wrap(client, chaos.Config{})
	reading := async(func() error { return second(near.Read(make([]byte, 1))) })
	near.Reset(nil)
	assert.ErrorIs(t, reading(), syscall.ECONNRESET)
	assert.ErrorIs(t, second(server.Read(make([]byte, 1))), syscall.ECONNRESET)
	require.NoError(t, near.Close())
}

// Everything at once, for the race detector; all of it ends.
func TestRaces(t *testing.T) {
	for range 50 {
		a, b := chaos.Pair(chaos.Symmetric(chaos.Link{Buffer: 100, Jitter: time.Microsecond, Slice: 9}))
		var all sync.WaitGroup
		for _, c := range []*chaos.Conn{a, b} {
			for range 2 {
				all.Go(func() { _, _ = io.Copy(io.Discard, c) })
				all.Go(func() {
					for second(c.Write(numbered(250))) == nil {
					}
				})
			}
			all.Go(func() {
				_ = c.SetDeadline(time.Now().Add(time.Hour))
				c.Out().Stall()
				c.Out().Resume()
				_, _ = c.In().Delivered(), c.Out().Written()
			})
		}
		all.Go(func() { b.Reset(nil) })
		all.Go(func() { _ = a.Close() })
		all.Go(func() { _ = a.Close() })
		all.Wait()
		require.NoError(t, b.Close())
	}
}

// Writes of several goroutines are not torn.
func TestWritesAreWhole(t *testing.T) {
	a, b := pair(t, chaos.Config{Out: chaos.Link{Buffer: 7}})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			line := make([]byte, 20)
			for j := range line {
				line[j] = byte(i)
			}
			_, _ = a.Write(line)
		})
	}
	got := make([]byte, 80)
	require.NoError(t, second(io.ReadFull(b, got)))
	all.Wait()
	for i := range got {
		assert.Equal(t, got[i/20*20], got[i], "byte %d", i)
	}
}
