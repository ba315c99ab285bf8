package httpstream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errBoom  = errors.New("boom")
	errClose = errors.New("close failed")
)

// A network answers requests within the process: with chunks, and then the
// end, a failure, or nothing for as long as the request is wanted.
type network struct {
	chunks  []string
	end     error // nil means io.EOF
	stalls  bool
	status  int   // 0 means 200
	refuse  error // what a request fails with
	closing error // what closing a body fails with
	panics  bool  // in reading a body

	sent, open int
	ctx        context.Context // of the last request
}

func (n *network) client() *http.Client { return &http.Client{Transport: n} }

func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	n.sent++
	n.ctx = req.Context()
	if req.Body != nil {
		_ = req.Body.Close()
	}
	if n.refuse != nil {
		return nil, n.refuse
	}
	n.open++
	status := max(n.status, 200)
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: http.Header{},
		Body: &body{n: n, ctx: req.Context(), chunks: slices.Clone(n.chunks)}, Request: req,
	}, nil
}

type body struct {
	n      *network
	ctx    context.Context
	chunks []string
}

func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.n.panics:
		panic("body")
	case len(b.chunks) > 0:
		n := copy(p, b.chunks[0])
		if b.chunks[0] = b.chunks[0][n:]; b.chunks[0] == "" {
			b.chunks = b.chunks[1:]
		}
		return n, nil
	case b.n.stalls:
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	case b.n.end != nil:
		return 0, b.n.end
	}
	return 0, io.EOF
}

func (b *body) Close() error { b.n.open--; return b.n.closing }

func request(body io.Reader) *http.Request {
	req, err := http.NewRequest(http.MethodGet, "http://example.test/", body)
	if err != nil {
		panic(err)
	}
	return req
}

// A wire is the answer to a request: what is written goes into a connection.
type wire struct {
	net.Conn
	header http.Header
}

func (w *wire) Header() http.Header { return w.header }
func (w *wire) WriteHeader(int)     {}
func (w *wire) Flush()              {}

// A client has both ends of a wire, and reads what comes or does not.
func answer(reads bool) *wire {
	near, far := net.Pipe()
	if reads {
		go func() { _, _ = io.Copy(io.Discard, far) }()
	}
	return &wire{Conn: near, header: http.Header{}}
}

// chunks is the source of texts as bytes.
func chunks(texts ...string) pull.Source[[]byte] {
	i := -1
	return pull.From(func(context.Context) ([]byte, error) {
		if i++; i == len(texts) {
			return nil, io.EOF
		}
		return []byte(texts[i]), nil
	}, nil)
}
