package netconn_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
)

func TestAcceptIsInterrupted(t *testing.T) {
	for network, address := range map[string]string{
		"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s"),
	} {
		t.Run(network, func(t *testing.T) {
			l, err := netconn.Listen(t.Context(), network, address)
			require.NoError(t, err)
			ctx, cancel := context.WithCancelCause(t.Context())
			accepting := async(func() error { return second(l.Accept(ctx)) })
			cancel(errBoom)
			assert.Equal(t, errBoom, accepting())
			assert.Equal(t, errBoom, second(l.Accept(t.Context())), "final")
			_, err = net.Dial(network, l.Addr().String())
			assert.Error(t, err, "the listener is closed")
			assert.NoError(t, l.Close())
		})
	}
}

func TestAcceptIsASource(t *testing.T) {
	l, err := netconn.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var src pull.Source[net.Conn] = l.Accept
	d, err := netconn.Dial(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	for c, err := range src.All(t.Context()) {
		require.NoError(t, err)
		require.NoError(t, netconn.New(c).Close(nil))
		break
	}
	assert.Error(t, second(d.Source(t.Context())))
	require.NoError(t, d.Close(nil))
	assert.Equal(t, pull.ErrStopped, second(l.Accept(t.Context())))
}

func TestListenerClose(t *testing.T) {
	l, err := netconn.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	accepting := async(func() error { return second(l.Accept(t.Context())) })
	require.NoError(t, l.Close())
	assert.ErrorIs(t, accepting(), net.ErrClosed)
	require.NoError(t, l.Close())
}

func TestDialFails(t *testing.T) {
	_, err := netconn.Dial(canceled(errBoom), "tcp", "127.0.0.1:1")
	assert.Equal(t, errBoom, err)
	_, err = netconn.Dial(t.Context(), "unix", filepath.Join(t.TempDir(), "none"))
	var op *net.OpError
	assert.ErrorAs(t, err, &op)
	_, err = netconn.Listen(t.Context(), "tcp", "nonsense")
	assert.Error(t, err)
}

// scripted is a listener whose Accept calls its functions one by one.
type scripted struct {
	net.Listener
	script []func() (net.Conn, error)
	closed chan struct{}
}

func script(script ...func() (net.Conn, error)) *scripted {
	return &scripted{script: script, closed: make(chan struct{})}
}

func (l *scripted) Accept() (net.Conn, error) {
	f := l.script[0]
	l.script = l.script[1:]
	return f()
}

func (l *scripted) Close() error {
	close(l.closed)
	return nil
}

func TestAcceptSurvivesTooManyOpenFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := func() (net.Conn, error) {
			err := os.NewSyscallError("accept", syscall.EMFILE)
			return nil, &net.OpError{Op: "accept", Err: err}
		}
		ln := script(full, full, func() (net.Conn, error) { return nil, errBoom })
		start := time.Now()
		assert.Equal(t, errBoom, second(netconn.NewListener(ln).Accept(t.Context())))
		assert.Equal(t, 200*time.Millisecond, time.Since(start))
		<-ln.closed

		ln = script(full, full)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errBoom)
		defer cancel()
		assert.Equal(t, errBoom, second(netconn.NewListener(ln).Accept(ctx)))
		<-ln.closed
	})
}

func TestAcceptInterruptedWithAConnection(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	ln := script()
	ln.script = append(ln.script, func() (net.Conn, error) {
		cancel(errBoom)
		<-ln.closed // but a connection was there before
		c, _ := net.Pipe()
		return c, nil
	})
	l := netconn.NewListener(ln)
	c, err := l.Accept(ctx)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	assert.Equal(t, errBoom, second(l.Accept(t.Context())))
}
