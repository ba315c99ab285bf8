package websock_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

func netConns(t *testing.T) (a, b net.Conn) {
	ca, cb := inMemory(t, websock.Config{}, websock.Config{})
	return ca.NetConn(), cb.NetConn()
}

func TestNetConnEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(c net.Conn)
		want error
	}{
		"half-close": {func(c net.Conn) { _ = c.(interface{ CloseWrite() error }).CloseWrite() }, nil},
		"close":      {func(c net.Conn) { _ = c.Close() }, nil},
		"reset": {func(c net.Conn) {
			_ = c.(interface{ SetLinger(int) error }).SetLinger(0)
			_ = c.Close()
		}, pull.ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := netConns(t)
				data := random(100_000)
				go func() {
					_, _ = a.Write(data)
					test.end(a)
				}()
				got, err := io.ReadAll(b)
				if test.want == nil {
					require.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, test.want)
				}
				assert.True(t, bytes.Equal(data, got))
				_, _ = a.Close(), b.Close()
				_, err = a.Read(make([]byte, 1))
				assert.Equal(t, net.ErrClosed, err)
				_, err = a.Write(make([]byte, 1))
				assert.Equal(t, net.ErrClosed, err)
			})
		})
	}
}

// A read deadline disturbs nothing, a write deadline cuts.
func TestNetConnDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netConns(t)
		p := make([]byte, 10)
		require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Second)))
		_, err := a.Read(p)
		assert.Equal(t, os.ErrDeadlineExceeded, err)
		_, err = a.Read(p)
		assert.Equal(t, os.ErrDeadlineExceeded, err, "until it is moved")
		require.NoError(t, a.SetReadDeadline(time.Time{}))
		go func() { _, _ = b.Write([]byte("hello")) }()
		n, err := a.Read(p)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(p[:n]))

		blocked := async(func() error { return second(a.Read(p)) })
		synctest.Wait()
		require.NoError(t, a.SetDeadline(time.Unix(1, 0)))
		assert.Equal(t, os.ErrDeadlineExceeded, blocked(), "one under way")
		_, err = a.Write(p)
		assert.Equal(t, os.ErrDeadlineExceeded, err, "nothing was written")

		require.NoError(t, a.SetDeadline(time.Now().Add(time.Second)))
		_, err = a.Write(make([]byte, 1<<20)) // nobody reads
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		_, err = io.ReadAll(b)
		assert.Error(t, err, "no clean end")
		_, _ = a.Close(), b.Close()
	})
}

// Two Writes follow each other, each with its deadline.
func TestNetConnTwoWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netConns(t)
		x, y := bytes.Repeat([]byte("x"), 100_000), bytes.Repeat([]byte("y"), 100_000)
		one := async(func() error { return second(a.Write(x)) })
		two := async(func() error { return second(a.Write(y)) })
		got := make([]byte, len(x)+len(y))
		_, err := io.ReadFull(b, got)
		require.NoError(t, err)
		require.NoError(t, one())
		require.NoError(t, two())
		assert.Equal(t, 1, bytes.Count(got, []byte("xy"))+bytes.Count(got, []byte("yx")))
		_, _ = a.Close(), b.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		raw, c := rawClient(t, websock.Config{CloseTimeout: time.Second})
		n := c.NetConn()
		began := time.Now()
		require.NoError(t, n.SetDeadline(began.Add(time.Second)))
		one := async(func() error { return second(n.Write([]byte("1"))) })
		synctest.Wait()
		two := async(func() error { return second(n.Write([]byte("2"))) })
		synctest.Wait()
		_, err := io.ReadFull(raw, make([]byte, 3)) // the first
		require.NoError(t, err)
		require.NoError(t, one())
		assert.ErrorIs(t, two(), os.ErrDeadlineExceeded)
		assert.LessOrEqual(t, time.Since(began), 2*time.Second)
		_ = n.Close()
		_ = raw.Close()
	})
}

// The end is sent once, and is the last that is written.
func TestNetConnCloseWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netConns(t)
		half := a.(interface{ CloseWrite() error })
		ended := async(func() error { return errors.Join(half.CloseWrite(), half.CloseWrite()) })
		got, err := io.ReadAll(b)
		require.NoError(t, err)
		assert.Empty(t, got)
		require.NoError(t, ended())
		_, err = a.Write([]byte("more"))
		assert.Equal(t, io.ErrClosedPipe, err)
		sent := async(func() error { return second(b.Write([]byte("answer"))) })
		got = make([]byte, 6)
		_, err = io.ReadFull(a, got)
		require.NoError(t, err, "the connection lives")
		assert.Equal(t, "answer", string(got))
		require.NoError(t, sent())
		_, _ = a.Close(), b.Close()
		assert.Equal(t, net.ErrClosed, half.CloseWrite())
	})
	synctest.Test(t, func(t *testing.T) {
		raw, c := rawClient(t, websock.Config{CloseTimeout: time.Second})
		n := c.NetConn()
		began := time.Now()
		require.NoError(t, n.SetWriteDeadline(began.Add(time.Second)))
		err := n.(interface{ CloseWrite() error }).CloseWrite() // nobody reads
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.LessOrEqual(t, time.Since(began), 2*time.Second)
		_ = n.Close()
		_ = raw.Close()
	})
}

func TestMuxOverNetConn(t *testing.T) {
	a, b := dialled(t, websock.Config{}, websock.Config{})
	served := async(func() error {
		s, err := mux.Server(t.Context(), b.NetConn(), mux.Config{})
		if err != nil {
			return err
		}
		st, err := s.Accept(t.Context())
		if err != nil {
			return err
		}
		d := st.Duplex()
		if err := d.Sink(t.Context(), d.Source); err != nil {
			return err
		}
		return s.Close(context.Background())
	})
	s, err := mux.Client(t.Context(), a.NetConn(), mux.Config{})
	require.NoError(t, err)
	st, err := s.Open(t.Context(), "echo", nil)
	require.NoError(t, err)
	d := st.Duplex()
	data := random(1 << 20)
	sent := async(func() error { return d.Sink(t.Context(), sliced(data, 1000)) })
	got, err := collect(t.Context(), d.Source)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
	require.NoError(t, sent())
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, served())
}
