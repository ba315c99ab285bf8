package netconn_test

import (
	"crypto/tls"
	"math"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/netconn"
)

// options returns what the system says of a TCP connection.
func options(t *testing.T, c *net.TCPConn) map[string]int {
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	got := map[string]int{}
	require.NoError(t, raw.Control(func(fd uintptr) {
		for name, o := range map[string][2]int{
			"NODELAY":   {syscall.IPPROTO_TCP, syscall.TCP_NODELAY},
			"KEEPALIVE": {syscall.SOL_SOCKET, syscall.SO_KEEPALIVE},
			"KEEPIDLE":  {syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE},
			"KEEPINTVL": {syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL},
			"KEEPCNT":   {syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT},
			"LOWAT":     {syscall.IPPROTO_TCP, 25},
			"TIMEOUT":   {syscall.IPPROTO_TCP, 18},
		} {
			got[name], err = syscall.GetsockoptInt(int(fd), o[0], o[1])
			assert.NoError(t, err, name)
		}
	}))
	return got
}

var tuned = map[string]int{"NODELAY": 1, "KEEPALIVE": 1, "KEEPIDLE": 15, "KEEPINTVL": 15, "KEEPCNT": 9,
	"LOWAT": 128 << 10, "TIMEOUT": 0}

// spoilt is a connection without any of the options.
func spoilt(t *testing.T) (client, server *net.TCPConn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
	})
	client, server = a.(*net.TCPConn), b.(*net.TCPConn)
	for _, c := range []*net.TCPConn{client, server} {
		require.NoError(t, c.SetNoDelay(false))
		require.NoError(t, c.SetKeepAlive(false))
	}
	return client, server
}

func TestTune(t *testing.T) {
	a, b := spoilt(t)
	require.NotEqual(t, tuned, options(t, a))
	require.NoError(t, netconn.Tune(a))
	assert.Equal(t, tuned, options(t, a))
	require.NoError(t, netconn.Tune(tls.Client(b, &tls.Config{})), "beneath TLS")
	assert.Equal(t, tuned, options(t, b))

	require.NoError(t, netconn.SetUserTimeout(a, 30*time.Second))
	assert.Equal(t, 30_000, options(t, a)["TIMEOUT"])
	require.NoError(t, netconn.SetUserTimeout(a, 1500*time.Microsecond))
	assert.Equal(t, 2, options(t, a)["TIMEOUT"])
	require.NoError(t, netconn.SetUserTimeout(a, 1))
	assert.Equal(t, 1, options(t, a)["TIMEOUT"], "not 0, which means something else")
	for _, bad := range []time.Duration{-1, -time.Hour, math.MaxInt64} {
		assert.ErrorIs(t, netconn.SetUserTimeout(a, bad), syscall.EINVAL, bad)
	}
	require.NoError(t, netconn.SetUserTimeout(a, 0))
	assert.Zero(t, options(t, a)["TIMEOUT"])

	require.NoError(t, a.Close())
	assert.ErrorIs(t, netconn.Tune(a), net.ErrClosed)
	assert.ErrorIs(t, netconn.SetUserTimeout(a, 0), net.ErrClosed)
}

func TestAcceptedConnectionsAreTuned(t *testing.T) {
	_, server := spoilt(t)
	l := netconn.NewListener(script(func() (net.Conn, error) { return server, nil }))
	_, err := l.Accept(t.Context())
	require.NoError(t, err)
	assert.Equal(t, tuned, options(t, server))
	require.NoError(t, l.Close())
}

func TestDialledConnectionsAreTuned(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	d, err := netconn.Dial(t.Context(), "tcp", ln.Addr().String())
	require.NoError(t, err)
	// The duplex hides its connection, so look at the sockets of this process
	// for the one whose peer listens there.
	found := 0
	for fd := range 1024 {
		if peer, err := syscall.Getpeername(fd); err == nil && port(peer) == ln.Addr().(*net.TCPAddr).Port {
			lowat, err := syscall.GetsockoptInt(fd, syscall.IPPROTO_TCP, 25)
			require.NoError(t, err)
			assert.Equal(t, 128<<10, lowat)
			found++
		}
	}
	assert.Equal(t, 1, found)
	require.NoError(t, d.Close(nil))
}

func port(a syscall.Sockaddr) int {
	if a, ok := a.(*syscall.SockaddrInet4); ok {
		return a.Port
	}
	return 0
}
