package httpstream

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/internal/hook"
)

// maxExcerpt is how much of an unwanted answer's body is kept, in bytes.
const maxExcerpt = 1 << 10

// A StatusError is an answer whose status is not one of success (200 to 299).
type StatusError struct {
	Code   int    // 404, for instance
	Status string // "404 Not Found"
	Body   []byte // how the body begins, up to 1 KiB
}

// Error says which status it was.
func (e *StatusError) Error() string { return "httpstream: status " + e.Status }

// Get is the source of the body with which req, of any method, is answered, in
// chunks as [pull.Reader] makes them. The first call sends the request, by
// client, or http.DefaultClient if that is nil. An answer without success is a
// [StatusError]. The source can be read once; where req has a body, it must be
// aborted even if it is never read, since it closes that.
//
// The request has a context of its own in place of req's, which carries the
// values of the first call's, and is cancelled by an abort and by a context that
// becomes done during a call. The end closes the body. A client's Timeout counts
// for the whole of it.
func Get(client *http.Client, req *http.Request) pull.Source[[]byte] {
	if client == nil {
		client = http.DefaultClient
	}
	g := &get{client: client, req: req}
	g.hook = hook.New(func(ctx context.Context) { g.cancel(pull.Cause(ctx)) })
	return pull.From(g.next, g.release)
}

type get struct {
	client *http.Client
	req    *http.Request
	hook   *hook.Hook
	own    context.Context // of the request; nil until it is sent
	cancel context.CancelCauseFunc
	body   io.ReadCloser // nil until it was answered
	chunks pull.Source[[]byte]
}

func (g *get) next(ctx context.Context) (b []byte, err error) {
	if g.own == nil {
		g.own, g.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	}
	g.hook.Enter(ctx)
	defer func() {
		if g.hook.Leave() {
			b, err = nil, pull.Cause(ctx) // what is left of the body is lost
		}
	}()
	if g.chunks == nil {
		if err := g.send(); err != nil {
			return nil, err
		}
	}
	return g.chunks(ctx)
}

func (g *get) send() error {
	answer, err := g.client.Do(g.req.WithContext(g.own))
	if err != nil {
		return fmt.Errorf("httpstream: %w", err)
	}
	g.body = answer.Body
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		// The status is what matters: a body that fails ends early.
		excerpt, _ := io.ReadAll(io.LimitReader(g.body, maxExcerpt))
		return &StatusError{Code: answer.StatusCode, Status: answer.Status, Body: excerpt}
	}
	g.chunks = pull.Reader(g.body)
	return nil
}

func (g *get) release(cause error) error {
	if g.own == nil {
		if g.req.Body != nil {
			return g.req.Body.Close()
		}
		return nil
	}
	g.hook.Close()
	g.cancel(cause)
	if g.body == nil {
		return nil
	}
	return g.body.Close()
}
