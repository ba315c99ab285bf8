package websock_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

// memory makes WebSockets over net.Pipe, without an HTTP server, so that they
// can live in a bubble. Each request leaves the server's end in accepted.
type memory struct {
	config   websock.Config // the server's
	wrap     func(net.Conn) net.Conn
	accepted *websock.Conn
}

// RoundTrip serves the request on this goroutine.
func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	near, far := net.Pipe()
	if m.wrap != nil {
		far = m.wrap(far)
	}
	w := &taken{header: http.Header{}, conn: far, status: 200}
	r.Host = r.URL.Host
	var err error
	m.accepted, err = websock.Accept(w, r, m.config)
	resp := &http.Response{StatusCode: w.status, Header: w.header, Request: r, Body: near}
	if err != nil {
		resp.Body = io.NopCloser(&w.Buffer)
	}
	return resp, nil
}

// taken is a response writer whose connection can be taken.
type taken struct {
	header http.Header
	conn   net.Conn
	status int
	bytes.Buffer
}

func (w *taken) Header() http.Header    { return w.header }
func (w *taken) WriteHeader(status int) { w.status = status }
func (w *taken) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.conn, bufio.NewReadWriter(bufio.NewReader(w.conn), bufio.NewWriter(w.conn)), nil
}

// inMemory returns both ends of a WebSocket over net.Pipe.
func inMemory(t testing.TB, client, server websock.Config) (a, b *websock.Conn) {
	t.Helper()
	m := &memory{config: server}
	client.Client = &http.Client{Transport: m}
	a, err := websock.Dial(context.Background(), "ws://memory/", client)
	require.NoError(t, err)
	return a, m.accepted
}

// dialled returns both ends of a WebSocket over loopback. The handler returns
// at the end of the test, which cuts what is left.
func dialled(t testing.TB, client, server websock.Config) (a, b *websock.Conn) {
	t.Helper()
	accepted := make(chan *websock.Conn)
	url := serve(t, server, func(ctx context.Context, c *websock.Conn) {
		accepted <- c
		<-ctx.Done()
	})
	a, err := websock.Dial(t.Context(), url, client)
	require.NoError(t, err)
	return a, <-accepted
}

// serve runs a server until the end of the test, whose context it serves with.
func serve(
	t testing.TB, config websock.Config, f func(ctx context.Context, c *websock.Conn),
) (url string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := httptest.NewUnstartedServer(websock.Handler(config, f))
	s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	s.Start()
	t.Cleanup(func() {
		cancel()
		s.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

func async(f func() error) (result func() error) {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return func() error { return <-c }
}

func second[T any](_ T, err error) error { return err }

func collect(ctx context.Context, src pull.Source[[]byte]) ([]byte, error) {
	got, err := pull.Collect(ctx, src)
	return bytes.Join(got, nil), err
}

// sliced gives data in chunks of n bytes.
func sliced(data []byte, n int) pull.Source[[]byte] {
	return pull.From(func(context.Context) ([]byte, error) {
		if len(data) == 0 {
			return nil, io.EOF
		}
		m := min(n, len(data))
		chunk := bytes.Clone(data[:m])
		data = data[m:]
		return chunk, nil
	}, nil)
}

// stalled gives nothing until it is aborted, and says so then.
func stalled[T any](aborted *error) pull.Source[T] {
	return pull.From(func(ctx context.Context) (v T, err error) {
		<-ctx.Done()
		return v, pull.Cause(ctx)
	}, func(cause error) error {
		*aborted = cause
		return nil
	})
}
