package mux_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// saysWho answers with who, and the stream's name.
func saysWho(who string) mux.Handler {
	return func(ctx context.Context, st *mux.Stream) error {
		return st.Duplex().Sink(ctx, pull.Values([]byte(who+" "+st.Name())))
	}
}

// ask opens a stream and returns all that comes back.
func ask(ctx context.Context, s *mux.Session, name string) (string, error) {
	st, err := s.Open(ctx, name, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = st.Duplex().Close(nil) }()
	got, err := receive(ctx, st)
	if err == io.EOF {
		err = nil
	}
	return string(got), err
}

// routed is a client whose server is served by r.
func routed(t *testing.T, r *mux.Router, cfg mux.Config) (client, server *mux.Session, served <-chan error) {
	a, b := net.Pipe()
	client, server = differ(t, a, b, mux.Config{}, cfg)
	return client, server, later(func() error { return r.Serve(t.Context(), server) })
}

func TestRouterFinds(t *testing.T) {
	var r mux.Router
	for _, pattern := range []string{"a", "a/", "a/b", "a/b/", "x/y", ""} {
		r.Handle(pattern, saysWho(pattern+":"))
	}
	client, _, served := routed(t, &r, mux.Config{})
	for name, want := range map[string]string{
		"a": "a:", "a/": "a/:", "a/b": "a/b:", "a/c": "a/:", "a/b/": "a/b/:", "a/b/c/d": "a/b/:",
		"a/bc": "a/:", "x/y": "x/y:", "": ":",
	} {
		got, err := ask(soon(t), client, name)
		require.NoError(t, err, name)
		require.Equal(t, want+" "+name, got)
	}
	for _, name := range []string{"x", "x/", "x/y/", "ab", "/", "/a"} {
		_, err := ask(soon(t), client, name)
		want := &mux.StreamError{Code: mux.CodeRefused, Text: "no such name", Remote: true}
		require.Equal(t, want, err, name)
	}
	r.Handle("/", saysWho("all:")) // while it serves
	for _, name := range []string{"x", "x/", "/", "/a"} {
		got, err := ask(soon(t), client, name)
		require.NoError(t, err, name)
		require.Equal(t, "all: "+name, got)
	}
	require.Panics(t, func() { r.Handle("a", saysWho("")) })
	require.Panics(t, func() { r.Handle("nil", nil) })
	require.NoError(t, client.Close(soon(t)))
	require.NoError(t, <-served)
}

// However a handler ends, its stream ends, the peer learns of it, and the
// others go on.
func TestRouterEndsStreams(t *testing.T) {
	boom := errors.New("boom\nsecret")
	var failed sync.Map
	r := &mux.Router{Failed: func(st *mux.Stream, err error) { failed.Store(st.Name(), err) }}
	r.Handle("nothing", func(context.Context, *mux.Stream) error { return nil })
	r.Handle("error", func(context.Context, *mux.Stream) error { return boom })
	r.Handle("eof", func(context.Context, *mux.Stream) error { return io.EOF })
	r.Handle("panic", func(context.Context, *mux.Stream) error { panic("secret") })
	r.Handle("goexit", func(context.Context, *mux.Stream) error { runtime.Goexit(); return nil })
	r.Handle("late panic", func(ctx context.Context, st *mux.Stream) error {
		_ = saysWho("")(ctx, st)
		panic(boom)
	})
	client, server, served := routed(t, r, mux.Config{})
	panicked := &mux.StreamError{Code: mux.CodeFailed, Text: "the handler panicked", Remote: true}
	for name, want := range map[string]error{
		"nothing": nil, "panic": panicked, "goexit": panicked, "late panic": nil,
		"error": &mux.StreamError{Code: mux.CodeFailed, Text: "boom", Remote: true},
		"eof":   &mux.StreamError{Code: mux.CodeFailed, Text: "unexpected EOF", Remote: true},
	} {
		_, err := ask(soon(t), client, name)
		if want == nil {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, want, err, name)
	}
	require.NoError(t, client.Close(soon(t)))
	require.NoError(t, <-served)
	<-server.Done()
	require.NoError(t, server.Err(), "all streams had ended")
	got := map[string]string{}
	failed.Range(func(name, err any) bool { got[name.(string)] = fmt.Sprintf("%T", err); return true })
	require.Equal(t, map[string]string{
		"error": "*errors.errorString", "eof": "*errors.errorString", "panic": "*pull.PanicError",
		"goexit": "*pull.PanicError", "late panic": "*pull.PanicError",
	}, got)
}

// A panic is not lost where nobody is told: it is logged, some times.
func TestRouterLogsPanics(t *testing.T) {
	for name, failed := range map[string]func(*mux.Stream, error){
		"nobody": nil, "somebody": func(*mux.Stream, error) {},
	} {
		t.Run(name, func(t *testing.T) {
			var lines logLines
			r := &mux.Router{Failed: failed}
			r.Handle("panic", func(context.Context, *mux.Stream) error { panic("mine") })
			r.Handle("error", func(context.Context, *mux.Stream) error { return errors.New("no") })
			client, _, served := routed(t, r, mux.Config{Logger: lines.logger()})
			for i := range 20 {
				for _, name := range []string{"error", "panic"} {
					_, err := ask(soon(t), client, name)
					require.Error(t, err, i)
				}
			}
			require.NoError(t, client.Close(soon(t)))
			require.NoError(t, <-served)
			if failed != nil {
				require.Zero(t, lines.count())
				return
			}
			require.Equal(t, 9, lines.count(), "and one is left for the session's end")
			require.Contains(t, lines.buf.String(), `msg="mux: handler panicked" stream=5 name=panic`)
			require.Contains(t, lines.buf.String(), "mine")
		})
	}
}

// Close lets handlers go on, and Serve waits for them.
func TestRouterStopsGracefully(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var r mux.Router
		release := make(chan struct{})
		r.Handle("slow", func(ctx context.Context, st *mux.Stream) error {
			<-release
			return saysWho("slow")(ctx, st)
		})
		client, server, served := routed(t, &r, mux.Config{})
		answer := later(func() error { _, err := ask(soon(t), client, "slow"); return err })
		settle()
		closed := later(func() error { return server.Close(soon(t)) })
		settle()
		require.Empty(t, served)
		require.Empty(t, closed)
		close(release)
		require.NoError(t, <-answer)
		require.NoError(t, <-served)
		require.NoError(t, <-closed)
	})
}

// A context that is done stops the handlers, and a lost session does as well.
func TestRouterIsStopped(t *testing.T) {
	enough := errors.New("enough")
	for name, lose := range map[string]bool{"context": false, "session": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var r mux.Router
				causes := make(chan error, 1)
				r.Handle("waits", func(ctx context.Context, st *mux.Stream) error {
					<-ctx.Done()
					causes <- context.Cause(ctx)
					return context.Cause(ctx)
				})
				a, b := net.Pipe()
				client, server := connect(t, a, b)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				served := later(func() error { return r.Serve(ctx, server) })
				asked := later(func() error { _, err := ask(soon(t), client, "waits"); return err })
				settle()
				if lose {
					require.NoError(t, server.Abort(enough))
				} else {
					cancel(enough)
				}
				require.Equal(t, enough, <-causes)
				require.Equal(t, enough, <-served)
				err := <-asked
				if lose {
					require.ErrorIs(t, err, mux.ErrLost)
					return
				}
				require.Equal(t, "enough", err.(*mux.StreamError).Text)
				_, err = ask(soon(t), client, "waits")
				require.Equal(t, &mux.StreamError{Code: mux.CodeRefused, Remote: true}, err)
				require.NoError(t, server.Err(), "the session stays")
			})
		})
	}
}

// No more handlers run than streams may be open, also when they outlive them.
func TestRouterIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const limit = 3
		var r mux.Router
		var now, most atomic.Int32
		release := make(chan struct{})
		r.Handle("/", func(ctx context.Context, st *mux.Stream) error {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			_ = st.Duplex().Close(nil) // the stream has gone, the handler goes on
			<-release
			return nil
		})
		client, _, served := routed(t, &r, mux.Config{MaxStreams: limit})
		var asking sync.WaitGroup
		for range 20 {
			asking.Go(func() {
				_, err := ask(soon(t), client, "x")
				assert.ErrorIs(t, err, pull.ErrStopped)
			})
		}
		settle()
		require.EqualValues(t, limit, now.Load())
		close(release)
		asking.Wait()
		require.EqualValues(t, limit, most.Load())
		require.NoError(t, client.Close(soon(t)))
		require.NoError(t, <-served)
	})
}

// Middleware is functions, the outermost first.
func TestMiddleware(t *testing.T) {
	tagged := func(tag string, next mux.Handler) mux.Handler {
		return func(ctx context.Context, st *mux.Stream) error {
			if st.Meta()["deny"] == tag {
				return &mux.StreamError{Code: 42, Text: tag}
			}
			return next(ctx, st)
		}
	}
	var r mux.Router
	r.Handle("x", tagged("outer", tagged("inner", saysWho("x:"))))
	client, _, _ := routed(t, &r, mux.Config{})
	for deny, want := range map[string]error{
		"":      io.EOF,
		"outer": &mux.StreamError{Code: 42, Text: "outer", Remote: true},
		"inner": &mux.StreamError{Code: 42, Text: "inner", Remote: true},
	} {
		st, err := client.Open(soon(t), "x", map[string]string{"deny": deny})
		require.NoError(t, err)
		_, err = receive(soon(t), st)
		require.Equal(t, want, err)
		require.NoError(t, st.Duplex().Close(nil))
	}
}
