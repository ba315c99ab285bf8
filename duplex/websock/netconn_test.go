package websock_test

import (
	"bytes"
	"context"
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
