package httpstream_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
)

// serve runs h for the test, and returns a client with the server's address.
func serve(t *testing.T, h http.Handler) (*http.Client, string) {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Client(), s.URL
}

func to(url string, body io.Reader) *http.Request {
	req, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		panic(err)
	}
	return req
}

type opener = func(http.ResponseWriter, *http.Request) pull.Source[[]byte]

func text(t *testing.T, src pull.Source[[]byte]) (string, error) {
	t.Helper()
	got, err := pull.Collect(context.Background(), src)
	return string(bytes.Join(got, nil)), err
}

func TestThereAndBack(t *testing.T) {
	echo := httpstream.Handler(httpstream.Request, nil)
	client, url := serve(t, echo)
	want := strings.Repeat("there and back ", 10_000)
	body := pull.NewReader(context.Background(), pull.Reader(strings.NewReader(want)))
	got, err := text(t, httpstream.Get(client, to(url, body)))
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, body.Close())
}

func TestHandlerFlushesEachChunk(t *testing.T) {
	next := make(chan []byte)
	open := func(http.ResponseWriter, *http.Request) pull.Source[[]byte] {
		return pull.FromChan(next)
	}
	client, url := serve(t, httpstream.Handler(open, nil))
	go func() { next <- []byte("a") }()
	src := httpstream.Get(client, to(url, nil))
	for _, want := range []string{"a", "b", "c"} {
		b, err := src(context.Background())
		require.NoError(t, err)
		require.Equal(t, want, string(b))
		if want != "c" {
			next <- []byte{want[0] + 1}
		}
	}
	close(next)
	_, err := src(context.Background())
	require.Equal(t, io.EOF, err)
}

func TestHandlerThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		open opener
		text string
		is   error // nil: a status
	}{
		"at once": {func(http.ResponseWriter, *http.Request) pull.Source[[]byte] {
			return pull.Error[[]byte](errBoom)
		}, "", nil},
		"in the midst": {func(http.ResponseWriter, *http.Request) pull.Source[[]byte] {
			first := true
			return pull.From(func(context.Context) ([]byte, error) {
				if first {
					first = false
					return []byte("part"), nil
				}
				return nil, errBoom
			}, nil)
		}, "part", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			told := make(chan error, 1)
			client, url := serve(t, httpstream.Handler(c.open,
				func(_ *http.Request, err error) { told <- err }))
			got, err := text(t, httpstream.Get(client, to(url, nil)))
			require.Equal(t, c.text, got)
			require.Equal(t, errBoom, <-told)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
				return
			}
			var status *httpstream.StatusError
			require.ErrorAs(t, err, &status)
			require.Equal(t, 500, status.Code)
			require.NotContains(t, string(status.Body), "boom")
		})
	}
}

// With the client goes the server's source.
func TestHandlerWhoseClientLeaves(t *testing.T) {
	released := make(chan error, 1)
	told := make(chan error, 1)
	client, url := serve(t, httpstream.Handler(
		func(http.ResponseWriter, *http.Request) pull.Source[[]byte] {
			first := true
			return pull.From(func(ctx context.Context) ([]byte, error) {
				if first {
					first = false
					return []byte("a"), nil
				}
				<-ctx.Done()
				return nil, ctx.Err()
			}, func(cause error) error { released <- cause; return nil })
		}, func(_ *http.Request, err error) { told <- err }))
	src := httpstream.Get(client, to(url, nil))
	_, err := src(context.Background())
	require.NoError(t, err)
	require.NoError(t, pull.Abort(src, errBoom))
	require.ErrorIs(t, <-released, context.Canceled)
	require.ErrorIs(t, <-told, context.Canceled)
}

// A handler gives up waiting for a body that does not come, and still answers.
func TestRequestInterrupted(t *testing.T) {
	client, url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		src := httpstream.Request(w, r)
		b, err := src(r.Context())
		assert.NoError(t, err)
		ctx, cancel := context.WithCancelCause(r.Context())
		go cancel(errBoom)
		_, err = src(ctx)
		assert.Equal(t, errBoom, err)
		_, _ = w.Write(b)
	}))
	stuck := make(chan []byte, 1)
	stuck <- []byte("first")
	body := pull.NewReader(context.Background(), pull.FromChan(stuck))
	got, err := text(t, httpstream.Get(client, to(url, body)))
	require.NoError(t, err)
	require.Equal(t, "first", got)
	require.NoError(t, body.Close())
}
