package netconn_test

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
)

func TestConnectTwoConnections(t *testing.T) {
	clientA, proxyA := tcp(t)
	proxyB, clientB := unix(t)
	proxied := async(func() error {
		return duplex.Connect(t.Context(), netconn.New(proxyA), netconn.New(proxyB))
	})
	a, b := netconn.New(clientA), netconn.New(clientB)
	data := bytes.Repeat([]byte("x"), 1<<20)
	echoed := async(func() error { return b.Sink(t.Context(), b.Source) })
	sent := async(func() error { return a.Sink(t.Context(), sliced(data, 777)) })
	got, err := collect(t.Context(), a.Source)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
	require.NoError(t, sent())
	require.NoError(t, echoed())
	require.NoError(t, proxied())
}

func TestConnectEndsBothWhenOneIsReset(t *testing.T) {
	clientA, proxyA := tcp(t)
	proxyB, clientB := tcp(t)
	proxied := async(func() error {
		return duplex.Connect(t.Context(), netconn.New(proxyA), netconn.New(proxyB))
	})
	require.NoError(t, clientA.(*net.TCPConn).SetLinger(0))
	require.NoError(t, clientA.Close())
	require.Error(t, proxied())
	_, err := clientB.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF, "the reset is passed on")
	require.NoError(t, clientB.Close())
}
