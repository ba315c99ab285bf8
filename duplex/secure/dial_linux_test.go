package secure_test

import (
	"context"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

// The connection has the socket options of netconn.Tune.
func TestDialTunes(t *testing.T) {
	const tcpNotsentLowat = 25
	c, s := two(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	served := async(func() (*secure.Conn, error) {
		b, err := l.Accept()
		if err != nil {
			return nil, err
		}
		return secure.Server(context.Background(), b, s)
	})
	client, err := secure.Dial(t.Context(), "tcp", l.Addr().String(), c)
	require.NoError(t, err)
	server, err := served()
	require.NoError(t, err)
	// The connection hides its socket, so look for the one whose peer listens.
	found := 0
	for fd := range 1024 {
		peer, err := syscall.Getpeername(fd)
		if a, ok := peer.(*syscall.SockaddrInet4); err == nil && ok &&
			a.Port == l.Addr().(*net.TCPAddr).Port {
			lowat, err := syscall.GetsockoptInt(fd, syscall.IPPROTO_TCP, tcpNotsentLowat)
			require.NoError(t, err)
			assert.Equal(t, 128<<10, lowat)
			found++
		}
	}
	assert.Equal(t, 1, found)
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
}
