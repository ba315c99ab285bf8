package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a server with a key of its own.
func start(t *testing.T) (address string, id secure.PeerID) {
	t.Helper()
	self, err := secure.NewIdentity()
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ln, err := netconn.Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error)
	go func() { served <- serve(ctx, ln, self) }()
	t.Cleanup(func() {
		stop()
		require.ErrorIs(t, <-served, context.Canceled)
	})
	return ln.Addr().String(), self.ID()
}

// client has two chunks made upper case.
func client(t *testing.T, address, server string) (said, answer string, err error) {
	t.Helper()
	self, err := secure.NewIdentity()
	require.NoError(t, err)
	var out, back bytes.Buffer
	c, err := dial(t.Context(), address, self, server, &out)
	if err != nil {
		return out.String(), "", err
	}
	err = duplex.Connect(t.Context(), duplex.Duplex[[]byte, []byte]{
		Source: pull.Values([]byte("beep \xc3"), []byte("\xa9t\u00e9\nboop")), Sink: pull.Writer(&back),
	}, c.Duplex())
	return out.String(), back.String(), err
}

func TestIdentify(t *testing.T) {
	address, server := start(t)
	said, answer, err := client(t, address, "")
	require.NoError(t, err)
	require.Equal(t, "server: "+server.String()+"\n", said)
	require.Equal(t, "BEEP ÉTÉ\nBOOP\n", answer)

	id := strings.TrimSpace(strings.TrimPrefix(said, "server: "))
	said, answer, err = client(t, address, id)
	require.NoError(t, err)
	require.Empty(t, said)
	require.Equal(t, "BEEP ÉTÉ\nBOOP\n", answer)

	impostor, _ := start(t)
	said, answer, err = client(t, impostor, id)
	require.ErrorIs(t, err, secure.ErrUnknownPeer)
	require.Equal(t, "!!! REJECTED !!!\n", said)
	require.Empty(t, answer)

	_, _, err = client(t, address, "nobody")
	require.ErrorContains(t, err, "peer id")
	require.ErrorContains(t, run(t.Context(), []string{"neither"}), "server, or client")
}
