package httpstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/weir-go/weir/pull"
)

// Request is the source of the body of r, which is being answered by w, in
// chunks as [pull.Reader] makes them. It is for the time until the handler
// returns. A read that blocks is interrupted by a deadline, where w can set one
// (that of net/http's server can); a server's own ReadTimeout is then undone.
//
// Where w can do that, the body may be read while the answer is written (see
// http.ResponseController.EnableFullDuplex); call Request before writing.
func Request(w http.ResponseWriter, r *http.Request) pull.Source[[]byte] {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // if it cannot be: as documented
	return pull.Reader(&request{Reader: r.Body, control: control})
}

type request struct {
	io.Reader
	control *http.ResponseController
}

// SetReadDeadline is how pull.Reader interrupts a Read.
func (r *request) SetReadDeadline(t time.Time) error { return r.control.SetReadDeadline(t) }

// Response is the sink that writes every chunk to w and flushes it, so that the
// client has it before the next one is read. It is used as [pull.Writer] is, on
// which it is built: a blocked write is interrupted by a deadline where w can set
// one, and the connection is then of no more use.
//
// When the sink fails, the handler must not return as if the answer were
// complete: panic with http.ErrAbortHandler, as [Handler] does.
func Response(w http.ResponseWriter) pull.Sink[[]byte] {
	return pull.Writer(&response{w: w, control: http.NewResponseController(w)})
}

type response struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// Write sends p, at once where w can be flushed.
func (r *response) Write(p []byte) (int, error) {
	n, err := r.w.Write(p)
	if err != nil {
		return n, err
	}
	if err := r.control.Flush(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return 0, err
	}
	return n, nil
}

// SetWriteDeadline is how pull.Writer interrupts a Write.
func (r *response) SetWriteDeadline(t time.Time) error { return r.control.SetWriteDeadline(t) }

// Handler answers each request with the source that open makes for it, read
// under the request's context and so aborted when the client goes away. Open may
// set headers of w, and must not write to it.
//
// The header is sent with the first chunk, or the end. If the source fails
// before, the answer is 500 Internal Server Error without its text; a failure
// later cuts the connection (by a panic with http.ErrAbortHandler), so that the
// client does not take the part for the whole. Failed, if it is not nil, is told
// of either, and of clients that went away.
func Handler(
	open func(w http.ResponseWriter, r *http.Request) pull.Source[[]byte],
	failed func(r *http.Request, err error),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := false
		src := beginning(open(w, r), &begun)
		err := Response(w)(r.Context(), src)
		if err == nil {
			return
		}
		if failed != nil {
			failed(r, err)
		}
		if begun || r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, http.StatusText(http.StatusInternalServerError),
			http.StatusInternalServerError)
	})
}

// beginning is src, and notes when it has returned something.
func beginning(src pull.Source[[]byte], begun *bool) pull.Source[[]byte] {
	return func(ctx context.Context) ([]byte, error) {
		b, err := src(ctx)
		*begun = *begun || len(b) > 0
		return b, err
	}
}
