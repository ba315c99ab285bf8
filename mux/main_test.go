package mux_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect makes a session over the two ends of a connection.
func connect(t *testing.T, a, b net.Conn) (client, server *mux.Session) {
	t.Helper()
	return connectWith(t, a, b, mux.Config{})
}

func connectWith(t *testing.T, a, b net.Conn, cfg mux.Config) (client, server *mux.Session) {
	t.Helper()
	ready := make(chan error, 1)
	go func() {
		var err error
		server, err = mux.Server(context.Background(), b, cfg)
		ready <- err
	}()
	client, err := mux.Client(context.Background(), a, cfg)
	require.NoError(t, err)
	require.NoError(t, <-ready)
	t.Cleanup(func() {
		_ = client.Abort(nil)
		_ = server.Abort(nil)
	})
	return client, server
}

// tcp returns the two ends of a TCP connection on the loopback.
func tcp(t *testing.T) (a, b net.Conn) {
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

// over runs f over each kind of connection, side by side.
func over(t *testing.T, f func(t *testing.T, a, b net.Conn)) {
	t.Run("pipe", func(t *testing.T) {
		t.Parallel()
		a, b := net.Pipe()
		f(t, a, b)
	})
	t.Run("tcp", func(t *testing.T) {
		t.Parallel()
		a, b := tcp(t)
		f(t, a, b)
	})
}

// soon is a context that no test is meant to use up.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// pair opens a stream and accepts it.
func pair(t *testing.T, from, to *mux.Session, name string) (opened, accepted *mux.Stream) {
	t.Helper()
	opened, err := from.Open(soon(t), name, nil)
	require.NoError(t, err)
	accepted, err = to.Accept(soon(t))
	require.NoError(t, err)
	require.Equal(t, name, accepted.Name())
	return opened, accepted
}

// send sends all of data, in chunks of size, and ends the direction.
func send(ctx context.Context, st *mux.Stream, data []byte, size int) error {
	return st.Duplex().Sink(ctx, chunks(data, size))
}

func chunks(data []byte, size int) pull.Source[[]byte] {
	var all [][]byte
	for len(data) > 0 {
		n := min(size, len(data))
		all = append(all, data[:n])
		data = data[n:]
	}
	return pull.Values(all...)
}

// receive reads the stream to its end.
func receive(ctx context.Context, st *mux.Stream) ([]byte, error) {
	var all []byte
	src := st.Duplex().Source
	for {
		chunk, err := src(ctx)
		if err != nil {
			return all, err
		}
		all = append(all, chunk...)
	}
}
