package mux

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"sync"

	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/pull"
)

// A Handler serves one stream of the peer. It runs on a goroutine of its own;
// ctx is done when the session has ended or serving is to stop, with the reason
// as its cause. When it returns, the stream ends: a sink that was not called
// sends nothing and ends well, or with the cause of ctx if that is done; a
// source that has not ended is aborted. When it returns an error, both halves
// end with that as their cause, of which the peer learns the code and the text
// of a StreamError, or the first line of any other error. Both halves must be
// at rest by then.
//
// Middleware is a function from Handler to Handler:
//
//	router.Handle("admin/", audited(admin))
type Handler func(ctx context.Context, st *Stream) error

// A Router has a handler for each name of a stream, as an http.ServeMux has for
// paths. The zero value has none. It may be used by several goroutines at once,
// and serve several sessions; handlers may be added meanwhile.
type Router struct {
	// Failed, if not nil, is told of every handler that has failed: its error,
	// or a *pull.PanicError. It is called on the handler's goroutine, after
	// the stream has ended. If it is nil, the session's Config.Logger gets a
	// line for each panic.
	Failed func(st *Stream, err error)

	mu       sync.RWMutex
	handlers map[string]Handler
}

// errPanicked is what the peer learns of a panic.
var errPanicked = &StreamError{Code: CodeFailed, Text: "the handler panicked"}

// Handle has h serve the streams whose name matches pattern. A pattern that
// ends in "/" matches every name that begins with it, and "/" alone matches
// every name; any other pattern matches the same name. The name itself wins,
// then the longest pattern. Handle panics if h is nil or if the pattern has a
// handler already.
func (r *Router) Handle(pattern string, h Handler) {
	if h == nil {
		panic("mux: nil handler for pattern " + pattern)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handlers[pattern] != nil {
		panic("mux: two handlers for pattern " + pattern)
	}
	handlers := maps.Clone(r.handlers)
	if handlers == nil {
		handlers = make(map[string]Handler)
	}
	handlers[pattern] = h
	r.handlers = handlers
}

// find returns the handler for a name, or nil.
func (r *Router) find(name string) Handler {
	r.mu.RLock()
	handlers := r.handlers
	r.mu.RUnlock()
	if h := handlers[name]; h != nil {
		return h
	}
	for end := len(name); end > 0; {
		end = strings.LastIndexByte(name[:end], '/') + 1
		if h := handlers[name[:end]]; h != nil && end > 0 {
			return h
		}
		end--
	}
	return handlers["/"]
}

// Serve accepts the streams of s and has each served by its handler, until no
// more can come; then it waits for the handlers. At most Config.MaxStreams run
// at once; meanwhile more streams wait, and the peer's Open with them. A stream
// whose name has no handler is refused, with CodeRefused.
//
// It returns nil when the session was closed, by Close on either side, and
// otherwise the session's cause. When ctx is done it accepts no more streams,
// has the handlers stop, waits for them, and returns the cause of ctx; the
// session stays. To stop gracefully, call s.Close: handlers that run go on until
// their streams have ended.
func (r *Router) Serve(ctx context.Context, s *Session) error {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lost := make(chan struct{})
	defer func() { <-lost }()
	served := make(chan struct{})
	defer close(served)
	go func() {
		defer close(lost)
		select {
		case <-s.dead:
			cancel(s.cause())
		case <-served:
		}
	}()
	var running sync.WaitGroup
	defer running.Wait()
	places := make(chan struct{}, max(1, s.cfg.MaxStreams))
	for {
		select {
		case places <- struct{}{}:
		case <-ctx.Done(): // and Accept says so
		}
		st, err := s.Accept(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		running.Go(func() {
			defer func() { <-places }()
			r.serve(own, st)
		})
	}
}

// serve serves one stream and ends it.
func (r *Router) serve(ctx context.Context, st *Stream) {
	h := r.find(st.name)
	if h == nil {
		_ = st.Duplex().Close(&StreamError{Code: CodeRefused, Text: "no such name"})
		return
	}
	ends.Guarded(func() error { return h(ctx, st) }, func(err error) { r.end(ctx, st, err) })
}

// end ends a stream whose handler has.
func (r *Router) end(ctx context.Context, st *Stream, err error) {
	switch d := st.Duplex(); {
	case err == nil:
		_ = d.Sink(ctx, pull.Empty[[]byte]())
		_ = pull.Abort(d.Source, nil)
	case errors.As(err, new(*pull.PanicError)):
		_ = d.Close(errPanicked)
	default:
		_ = d.Close(ends.NotEOF(err))
	}
	switch {
	case err == nil:
	case r.Failed != nil:
		r.Failed(st, err)
	case errors.As(err, new(*pull.PanicError)):
		st.session.panicked(st, err)
	}
}
