package registry_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// Who is let in is said below the lines, by package secure: seaport's own
// encryption keeps nothing secret, and one line from a stranger ends its hub.
// row: 13 authorized, 14 rejected
func TestKeys(t *testing.T) {
	hubID, friend, stranger := identity(t), identity(t), identity(t)
	n := newNode(t, replicate.Config{}, quick)
	l, err := netconn.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	accept := func(_ context.Context, who secure.Peer) error {
		if who.ID == friend.ID() {
			return nil
		}
		return secure.ErrUnknownPeer
	}
	served := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept(t.Context())
			if err != nil {
				return
			}
			served <- serveSecure(t.Context(), n, c, secure.Config{Identity: hubID, Accept: accept})
		}
	}()
	connect := func(id *secure.Identity) (client node, stop func()) {
		client = newNode(t, replicate.Config{}, quick)
		_, err := client.Register(registry.Service{Role: "http", Port: 80})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cfg := secure.Config{Identity: id, Accept: func(_ context.Context, who secure.Peer) error {
			return nil
		}}
		done := make(chan error, 1)
		go func() {
			done <- client.Connect(ctx, registry.Hubs{
				Addresses: []string{l.Addr().String()},
				Dial: func(ctx context.Context, address string) (duplex.Duplex[[]byte, []byte], error) {
					c, err := secure.Dial(ctx, "tcp", address, cfg)
					if err != nil {
						return duplex.Duplex[[]byte, []byte]{}, err
					}
					return netconn.New(c), nil
				},
			})
		}()
		return client, func() {
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
		}
	}

	// A stranger registers nothing, nor does the line that ends a hub of npm's.
	_, stop := connect(stranger)
	require.ErrorIs(t, <-served, secure.ErrUnknownPeer)
	stop()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	_, err = c.Write([]byte("[\"synced\"]\n[\"register\",\"X\",{\"role\":\"http\"}]\n"))
	require.NoError(t, err)
	require.Error(t, <-served)
	require.NoError(t, c.Close())
	n.shows(t)

	_, stop = connect(friend)
	found := n.waits(t, "http", 1)
	assert.Equal(t, "127.0.0.1", found[0].Host)
	assert.Equal(t, 80, found[0].Port)
	stop()
	<-served
	n.waits(t, "http", 0)
}

func identity(t *testing.T) *secure.Identity {
	t.Helper()
	id, err := secure.NewIdentity()
	require.NoError(t, err)
	return id
}

func serveSecure(ctx context.Context, n node, plain net.Conn, cfg secure.Config) error {
	host, _, _ := net.SplitHostPort(plain.RemoteAddr().String())
	c, err := secure.Server(ctx, plain, cfg)
	if err != nil {
		return err
	}
	return n.Serve(ctx, netconn.New(c), host)
}
