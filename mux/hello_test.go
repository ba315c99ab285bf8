package mux_test

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// The window goes by the round trip of the handshake, unless it is given.
func TestWindowByRoundTrip(t *testing.T) {
	for _, c := range []struct {
		delay, rtt    time.Duration
		given, window int
	}{
		{0, time.Microsecond, 0, 256 << 10},
		{999 * time.Microsecond, 1998 * time.Microsecond, 0, 256 << 10},
		{time.Millisecond, 2 * time.Millisecond, 0, 1 << 20},
		{10 * time.Millisecond, 20 * time.Millisecond, 0, 1 << 20},
		{15 * time.Millisecond, 30 * time.Millisecond, 0, 16 << 20},
		{100 * time.Millisecond, 200 * time.Millisecond, 0, 16 << 20},
		{100 * time.Millisecond, 200 * time.Millisecond, 512 << 10, 512 << 10},
	} {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			slow := func(conn net.Conn) net.Conn {
				l := &late{Conn: conn}
				l.delay.Store(int64(c.delay))
				return l
			}
			client, server := connectWith(t, slow(a), slow(b), mux.Config{Window: c.given})
			for _, s := range []*mux.Session{client, server} {
				require.Equal(t, c.rtt, s.Stats().RTT)
				require.Equal(t, c.window, s.Stats().Window)
			}
			ours, theirs := pair(t, client, server, "x")
			sank := later(func() error { return send(t.Context(), ours, make([]byte, 17<<20), 1<<20) })
			synctest.Wait()
			time.Sleep(5 * time.Minute)
			require.Equal(t, c.window-len(head("x")), theirs.Stats().Held)
			require.NoError(t, pull.Abort(theirs.Duplex().Source, nil))
			require.ErrorIs(t, <-sank, pull.ErrStopped)
		})
	}
}

// late is a connection whose reads are late.
type late struct {
	net.Conn
	delay atomic.Int64 // in nanoseconds
}

func (l *late) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	time.Sleep(time.Duration(l.delay.Load()))
	return n, err
}

func TestApplications(t *testing.T) {
	for _, c := range []struct {
		ours, theirs, agreed string
		ok                   bool
	}{
		{"", "", "", true}, {"chat/2", "", "chat/2", true}, {"", "chat/2", "chat/2", true},
		{"chat/2", "chat/2", "chat/2", true}, {"chat/2", "chat/3", "", false},
	} {
		over(t, func(t *testing.T, a, b net.Conn) {
			var server *mux.Session
			served := later(func() (err error) {
				server, err = mux.Server(soon(t), b, mux.Config{Application: c.theirs})
				return err
			})
			client, err := mux.Client(soon(t), a, mux.Config{Application: c.ours})
			if !c.ok {
				require.Equal(t, &mux.ApplicationError{Ours: c.ours, Theirs: c.theirs}, err)
				require.ErrorIs(t, err, mux.ErrApplication)
				require.Equal(t, &mux.ApplicationError{Ours: c.theirs, Theirs: c.ours}, <-served)
				return
			}
			require.NoError(t, err)
			require.NoError(t, <-served)
			require.Equal(t, c.agreed, client.Application())
			require.Equal(t, c.agreed, server.Application())
			_ = client.Abort(nil)
			_ = server.Abort(nil)
		})
	}
}

// A hello that lies or is too long is refused on sight.
func TestBadHello(t *testing.T) {
	for name, says := range map[string][]byte{
		"long":   {0xFF, 0xFF},
		"broken": {0, 3, 0xFF, 0xFF, 0xFF},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := net.Pipe()
			served := later(func() error {
				_, err := mux.Server(soon(t), b, mux.Config{})
				return err
			})
			_, err := a.Write(wire.AppendPreface(nil, wire.RoleClient))
			require.NoError(t, err)
			_, err = io.ReadFull(a, make([]byte, wire.PrefaceSize))
			require.NoError(t, err)
			require.NoError(t, skipHello(a))
			_, _ = a.Write(says)
			require.ErrorIs(t, <-served, mux.ErrProtocol)
		})
	}
}
