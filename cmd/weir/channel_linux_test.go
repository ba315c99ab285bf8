package main

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A connection to a peer has the socket options of netconn, and fails when what
// was sent stays without an answer.
func TestConnectSetsOptions(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	conn, err := connect(t.Context(), address{network: "tcp", at: ln.Addr().String()})
	require.NoError(t, err)
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	const tcpUserTimeout, tcpNotSentLowat = 18, 25
	require.NoError(t, raw.Control(func(fd uintptr) {
		for option, want := range map[int]int{
			tcpUserTimeout: 30_000, tcpNotSentLowat: 128 << 10, syscall.TCP_NODELAY: 1,
		} {
			got, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, option)
			assert.NoError(t, err)
			assert.Equal(t, want, got, "option %d", option)
		}
	}))
}
