package secure_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex/secure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

func async[T any](f func() (T, error)) (result func() (T, error)) {
	var v T
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		v, err = f()
	}()
	return func() (T, error) {
		<-done
		return v, err
	}
}

func second[T any](_ T, err error) error { return err }

func identity(t testing.TB) *secure.Identity {
	t.Helper()
	i, err := secure.NewIdentity()
	require.NoError(t, err)
	return i
}

// anyone accepts whoever has proven a key.
func anyone(context.Context, secure.Peer) error { return nil }

// tcp returns the two ends of a TCP connection on the loopback.
func tcp(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err = l.Accept()
	require.NoError(t, err)
	return a, b
}

// over runs f over each kind of connection.
func over(t *testing.T, f func(t *testing.T, a, b net.Conn)) {
	t.Run("pipe", func(t *testing.T) {
		a, b := net.Pipe()
		f(t, a, b)
	})
	t.Run("tcp", func(t *testing.T) {
		a, b := tcp(t)
		f(t, a, b)
	})
}

// two are configurations of a client and a server that pin each other.
func two(t testing.TB) (client, server secure.Config) {
	c, s := identity(t), identity(t)
	return secure.Config{Identity: c, Accept: secure.Only(s.ID())},
		secure.Config{Identity: s, Accept: secure.Only(c.ID())}
}

// shake runs both sides of a handshake to their ends.
func shake(a, b net.Conn, client, server secure.Config) (ca, cb *secure.Conn, errA, errB error) {
	served := async(func() (*secure.Conn, error) { return secure.Server(context.Background(), b, server) })
	ca, errA = secure.Client(context.Background(), a, client)
	cb, errB = served()
	return ca, cb, errA, errB
}

// connect makes a channel over a and b.
func connect(t testing.TB, a, b net.Conn) (client, server *secure.Conn) {
	t.Helper()
	c, s := two(t)
	client, server, errA, errB := shake(a, b, c, s)
	require.NoError(t, errA)
	require.NoError(t, errB)
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
	})
	return client, server
}

// An end is what one side of a conversation got, and how that ended.
type end struct {
	got string
	err error
}

// say writes all of s and ends the direction.
func say(c *secure.Conn, s string) error {
	if _, err := io.WriteString(c, s); err != nil {
		return err
	}
	return c.CloseWrite()
}

// hear reads to the end.
func hear(c *secure.Conn) end {
	got, err := io.ReadAll(c)
	return end{string(got), err}
}
