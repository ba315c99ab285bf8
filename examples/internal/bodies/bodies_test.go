package bodies

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func put(t *testing.T, link Link) duplex.Duplex[[]byte, []byte] {
	t.Helper()
	server := httptest.NewServer(Handler(link))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	d, err := Put(server.URL)
	require.NoError(t, err)
	return d
}

// Both bodies are under way at once: what is sent comes back before more is sent.
func TestBothWaysAtOnce(t *testing.T) {
	d := put(t, func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error { return d.Sink(ctx, d.Source) })
	turn := make(chan string, 1)
	turn <- "0"
	sent := make(chan error, 1)
	go func() {
		sent <- d.Sink(t.Context(), pull.From(func(context.Context) ([]byte, error) {
			if s, ok := <-turn; ok {
				return []byte(s), nil
			}
			return nil, io.EOF
		}, nil))
	}()
	for _, next := range "123456789" {
		b, err := d.Source(t.Context())
		require.NoError(t, err)
		require.Equal(t, string(next-1), string(b))
		turn <- string(next)
	}
	close(turn)
	rest, err := pull.Collect(t.Context(), d.Source)
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("9")}, rest)
	require.NoError(t, <-sent)
}

// What fails where it is answered is no end for who has joined.
func TestFailureThere(t *testing.T) {
	d := put(t, func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
		err := d.Sink(ctx, pull.Once([]byte("hello")))
		return errors.Join(err, d.Close(nil), errors.New("broken"))
	})
	require.NoError(t, d.Sink(t.Context(), pull.Empty[[]byte]()))
	chunks, err := pull.Collect(t.Context(), d.Source)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, [][]byte{[]byte("hello")}, chunks)
}

// What fails where it has joined is no end for either.
func TestFailureHere(t *testing.T) {
	broken := errors.New("broken")
	there := make(chan error, 1)
	d := put(t, func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
		b, err := d.Source(ctx)
		if err == nil {
			err = d.Sink(ctx, pull.Once(b))
		}
		if err == nil {
			_, err = d.Source(ctx)
		}
		there <- err
		return err
	})
	sent := make(chan error, 1)
	more := make(chan struct{})
	first := true
	go func() {
		sent <- d.Sink(t.Context(), pull.From(func(context.Context) ([]byte, error) {
			if first {
				first = false
				return []byte("hello"), nil
			}
			<-more
			return nil, broken
		}, nil))
	}()
	b, err := d.Source(t.Context())
	require.NoError(t, err)
	require.Equal(t, "hello", string(b))
	close(more)
	require.ErrorIs(t, <-sent, broken)
	_, err = d.Source(t.Context())
	for _, err := range []error{err, <-there} {
		require.Error(t, err)
		require.NotErrorIs(t, err, io.EOF)
	}
}

// Why there is no link is said once, also where the other end has left as it may.
func TestKeepSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var log strings.Builder
		links := 0
		Keep(ctx, "http://localhost", func(_ context.Context, d duplex.Duplex[[]byte, []byte]) error {
			if links++; links == 3 {
				cancel()
			}
			return d.Close(nil)
		}, &log)
		require.Equal(t, 3, links)
		require.Equal(t, "http://localhost: the other end has gone\n", log.String())
	})
}

func TestNoURL(t *testing.T) {
	_, err := Put(":")
	require.Error(t, err)
}
