package httpstream_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
	"github.com/weir-go/weir/pull/pulltest"
)

func TestGetKeepsTheContract(t *testing.T) {
	for _, model := range []network{
		{}, {end: errBoom}, {stalls: true},
	} {
		var made []*network
		fresh := func(panics bool) func() pull.Source[[]byte] {
			return func() pull.Source[[]byte] {
				n := model
				n.chunks, n.panics = []string{"a", "b"}, panics
				made = append(made, &n)
				return httpstream.Get(n.client(), request(nil))
			}
		}
		opts := pulltest.SourceOptions[[]byte]{
			Want: [][]byte{[]byte("a"), []byte("b")}, End: model.end, Stalls: model.stalls,
			Panic: fresh(true),
			Held: func() (n int) {
				for _, m := range made {
					n += m.open
				}
				return n
			},
		}
		pulltest.Source(t, fresh(false), opts)
	}
}

func TestConformance(t *testing.T) {
	t.Run("Get", TestGetKeepsTheContract)
	t.Run("Request", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[[]byte] {
			near, far := net.Pipe()
			go func() { _, _ = far.Write([]byte("chunk")) }()
			r := request(nil)
			r.Body = near
			src := httpstream.Request(&wire{Conn: near}, r)
			return pull.From(src, func(cause error) error {
				_ = pull.Abort(src, cause)
				return near.Close()
			})
		}, pulltest.SourceOptions[[]byte]{
			Want: [][]byte{[]byte("chunk")}, Stalls: true, Holds: true})
	})
	t.Run("Response", func(t *testing.T) {
		into := func(reads bool, broken bool) pull.Sink[[]byte] {
			return func(ctx context.Context, src pull.Source[[]byte]) error {
				w := answer(reads)
				defer w.Close()
				if broken {
					_ = w.Close()
				}
				return httpstream.Response(w)(ctx, src)
			}
		}
		pulltest.Sink(t, into(true, false), pulltest.SinkOptions[[]byte]{
			Fail: into(true, true), Stall: into(false, false)})
	})
	t.Run("Handler", handlerConforms)
	t.Run("EncodeEvents", func(t *testing.T) {
		pulltest.Through(t, httpstream.EncodeEvents, pulltest.ThroughOptions[httpstream.Event, []byte]{
			Value: func(i int) httpstream.Event { return httpstream.Event{Data: fmt.Sprint(i)} },
			Want: func(in []httpstream.Event) (out [][]byte) {
				for _, e := range in {
					out = append(out, []byte("data: "+e.Data+"\n\n"))
				}
				return out
			},
			Fail: func(src pull.Source[httpstream.Event]) pull.Source[[]byte] {
				return httpstream.EncodeEvents(func(ctx context.Context) (httpstream.Event, error) {
					e, err := src(ctx)
					e.Type = "\n"
					return e, err
				})
			},
		})
	})
	t.Run("DecodeEvents", func(t *testing.T) {
		decode := func(limit int) pull.Through[[]byte, httpstream.Event] {
			return func(src pull.Source[[]byte]) pull.Source[httpstream.Event] {
				return httpstream.DecodeEvents(src, limit)
			}
		}
		pulltest.Through(t, decode(0), pulltest.ThroughOptions[[]byte, httpstream.Event]{
			Value: func(i int) []byte { return fmt.Appendf(nil, "data:%d\n\n", i) },
			Want: func(in [][]byte) (out []httpstream.Event) {
				for i := range in {
					out = append(out, httpstream.Event{Data: fmt.Sprint(i)})
				}
				return out
			},
			Fail: decode(3),
		})
	})
}

// handlerConforms runs the handler as the sink that it is for a request.
func handlerConforms(t *testing.T) {
	serve := func(reads, broken bool) pull.Sink[[]byte] {
		return func(ctx context.Context, src pull.Source[[]byte]) (err error) {
			open := func(http.ResponseWriter, *http.Request) pull.Source[[]byte] { return src }
			h := httpstream.Handler(open, func(_ *http.Request, e error) { err = e })
			w := answer(reads)
			defer w.Close()
			if broken {
				_ = w.Close()
			}
			defer func() {
				if v := recover(); v != nil && v != http.ErrAbortHandler {
					panic(v)
				}
			}()
			h.ServeHTTP(w, request(nil).WithContext(ctx))
			return err
		}
	}
	pulltest.Sink(t, serve(true, false), pulltest.SinkOptions[[]byte]{
		Fail: serve(true, true), Stall: serve(false, false)})
}
