package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

var louder = rpc.Func(func(_ context.Context, s string) (string, error) {
	return strings.ToUpper(s), nil
})

func TestCall(t *testing.T) {
	type point struct{ X, Y int }
	bubble(t, rpc.Methods{
		"louder": louder,
		"mirror": rpc.Func(func(_ context.Context, p point) (point, error) { return point{p.Y, p.X}, nil }),
		"div": rpc.Handler(func(_ context.Context, args rpc.Args) (any, error) {
			var a, b int
			if err := args.Scan(&a, &b); err != nil {
				return nil, err
			}
			return rpc.Values{a / b, a % b}, nil
		}),
		"in": rpc.Methods{"deep": louder},
	}, func(t *testing.T, a, b *rpc.Peer) {
		var loud string
		require.NoError(t, a.Call(soon(t), "louder", &loud, "beep <☔>"))
		assert.Equal(t, "BEEP <☔>", loud)
		require.NoError(t, a.Call(soon(t), "in.deep", &loud, "deep"))
		assert.Equal(t, "DEEP", loud)
		var p point
		require.NoError(t, a.Call(soon(t), "mirror", &p, point{1, 2}, "ignored"))
		assert.Equal(t, point{2, 1}, p)
		var div, mod int
		require.NoError(t, a.Call(soon(t), "div", rpc.Values{&div, &mod}, 7, 4))
		assert.Equal(t, []int{1, 3}, []int{div, mod})
		require.NoError(t, a.Call(soon(t), "louder", nil))
		require.NoError(t, a.Send(soon(t), "louder", "nobody hears"))

		require.ErrorIs(t, a.Call(soon(t), "nosuch", nil), rpc.ErrNoMethod)
		require.ErrorIs(t, a.Call(soon(t), "louder", nil, func() {}), rpc.ErrValue)
		require.ErrorIs(t, a.Call(soon(t), "louder", &p, "x"), rpc.ErrValue)
		require.ErrorIs(t, a.Call(soon(t), "louder", nil, strings.Repeat("x", 2<<20)), rpc.ErrTooLarge)
		require.NoError(t, a.Close(soon(t)))
		require.NoError(t, b.Close(soon(t)))
		require.ErrorIs(t, a.Call(soon(t), "louder", nil), rpc.ErrClosed)
	})
}

// A handler's error and panic are those of its call, and nothing else's.
func TestHandlerFails(t *testing.T) {
	handlers := rpc.Methods{
		"fails":  rpc.Func(func(context.Context, int) (int, error) { return 0, errBoom }),
		"panics": rpc.Func(func(context.Context, int) (int, error) { panic("secret") }),
		"exits": rpc.Func(func(context.Context, int) (int, error) {
			runtime.Goexit()
			return 0, nil
		}),
		"louder": louder,
	}
	bubble(t, handlers, func(t *testing.T, a, _ *rpc.Peer) {
		for method, want := range map[string]string{
			"fails": "rpc: remote: boom", "panics": "rpc: remote: the handler panicked",
			"exits": "rpc: remote: rpc: goroutine of the handler was ended",
		} {
			var re *rpc.RemoteError
			err := a.Call(soon(t), method, nil, 1)
			require.ErrorAs(t, err, &re, method)
			assert.Equal(t, want, err.Error())
		}
		var loud string
		require.NoError(t, a.Call(soon(t), "louder", &loud, "still"))
		assert.Equal(t, "STILL", loud)
		require.ErrorContains(t, a.Call(soon(t), "louder", nil, 7), "argument 0")
		require.NoError(t, a.Close(soon(t)))
	})
}

// Between Peers errors keep what they match.
func TestRemoteErrorsMatch(t *testing.T) {
	fails := map[string]error{
		"canceled": context.Canceled, "deadline": context.DeadlineExceeded,
		"arguments": rpc.ErrValue, "no such method": rpc.ErrNoMethod, "closed": rpc.ErrClosed,
		"failed": nil, "panic": rpc.ErrPanicked,
	}
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 1)
		a, _ := connect(t, nil, rpc.Methods{"f": rpc.Func(func(_ context.Context, code string) (any, error) {
			switch code {
			case "panic":
				panic("no")
			case "failed":
				return nil, errBoom
			}
			return nil, fmt.Errorf("wrapped: %w", fails[code])
		})}, rpc.Config{Failed: func(err error) { told <- err }})
		for code, want := range fails {
			var re *rpc.RemoteError
			err := a.Call(soon(t), "f", nil, code)
			require.ErrorAs(t, err, &re)
			assert.Equal(t, code, re.Code)
			if want != nil {
				assert.ErrorIs(t, err, want)
			}
		}
		require.ErrorAs(t, <-told, new(*pull.PanicError)) // that, and nothing else
		assert.Empty(t, told)
	})
}

// Deadlines and cancelling travel to the handler, and the caller does not wait.
func TestCallIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		a, _ := connect(t, nil, rpc.Methods{"waits": rpc.Func(func(ctx context.Context, _ int) (int, error) {
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return 0, ctx.Err()
		})}, rpc.Config{})
		ctx, cancel := context.WithCancelCause(t.Context())
		called := later(func() error { return a.Call(ctx, "waits", nil, 1) })
		settle()
		cancel(errBoom)
		require.Equal(t, errBoom, <-called)
		require.Equal(t, context.Canceled, <-ended)

		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		start := time.Now()
		require.ErrorIs(t, a.Call(ctx, "waits", nil, 1), context.DeadlineExceeded)
		require.ErrorIs(t, <-ended, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start).Truncate(time.Second))
	})
}

// Functions go both ways, at any depth, and call each other.
func TestFunctionsAreValues(t *testing.T) {
	type both struct {
		Up   rpc.Remote            `json:"up"`
		Many map[string]rpc.Remote `json:"many"`
		Any  any                   `json:"any"`
		List []*rpc.Remote         `json:"list"`
		Text string                `json:"text"`
	}
	fn := func(name string) rpc.Handler {
		return rpc.Func(func(_ context.Context, s string) (string, error) { return name + s, nil })
	}
	bubble(t, rpc.Methods{
		"use": rpc.Func(func(ctx context.Context, in both) (any, error) {
			var got []string
			for _, r := range []rpc.Remote{in.Up, in.Many["k"], in.Any.(map[string]any)["f"].(rpc.Remote),
				*in.List[0], *in.List[1]} {
				var s string
				if err := r.Call(ctx, &s, in.Text); err != nil {
					return nil, err
				}
				got = append(got, s)
			}
			return got, nil
		}),
		"make": rpc.Func(func(_ context.Context, name string) (rpc.Handler, error) { return fn(name), nil }),
		"pass": rpc.Func(func(_ context.Context, r rpc.Remote) (any, error) { return Methods{"it": r}, nil }),
	}, func(t *testing.T, a, _ *rpc.Peer) {
		var got []string
		require.NoError(t, a.Call(soon(t), "use", &got, map[string]any{
			"up": fn("a"), "many": map[string]rpc.Handler{"k": fn("b"), "nil": nil},
			"any": Methods{"f": fn("c")}, "list": []any{fn("d"), fn("e"), nil}, "text": "!",
		}))
		assert.Equal(t, []string{"a!", "b!", "c!", "d!", "e!"}, got)

		var made rpc.Remote
		require.NoError(t, a.Call(soon(t), "make", &made, "made "))
		require.True(t, made.IsSet())
		var s string
		require.NoError(t, made.Call(soon(t), &s, "here"))
		assert.Equal(t, "made here", s)

		var passed struct{ It rpc.Remote }
		require.NoError(t, a.Call(soon(t), "pass", &passed, fn("there and back ")))
		require.NoError(t, passed.It.Call(soon(t), &s, "again"))
		assert.Equal(t, "there and back again", s)

		heard := make(chan string, 1)
		tell := rpc.Func(func(_ context.Context, s string) (any, error) {
			heard <- s
			return nil, nil
		})
		require.NoError(t, a.Call(soon(t), "pass", &passed, tell))
		require.NoError(t, passed.It.Send(soon(t), "and nobody waits"))
		assert.Equal(t, "and nobody waits", <-heard)
		require.NoError(t, a.Close(soon(t))) // nor does what passes it on
		require.Equal(t, rpc.ErrClosed, passed.It.Send(soon(t)))

		var unset rpc.Remote
		require.Equal(t, rpc.ErrUnset, unset.Call(soon(t), nil))
		require.Equal(t, rpc.ErrUnset, unset.Send(soon(t)))
	})
}

// Methods is short here.
type Methods = rpc.Methods

// Every call fails when the connection is lost, and handlers are told.
func TestDisconnectWithThousandPending(t *testing.T) {
	for _, plain := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			released := 0
			a, b := connect(t, nil, Methods{"never": rpc.Func(func(ctx context.Context, _ int) (any, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})}, rpc.Config{Plain: plain})
			var results []<-chan error
			for range 1000 {
				results = append(results, later(func() error { return a.Call(t.Context(), "never", nil, 1) }))
			}
			settle()
			require.NoError(t, b.Abort(errBoom))
			for _, r := range results {
				err := <-r
				require.ErrorIs(t, err, rpc.ErrLost)
				require.ErrorIs(t, err, errBoom)
				require.NotErrorIs(t, err, io.EOF)
				released++
			}
			require.Equal(t, 1000, released)
			require.ErrorIs(t, a.Call(t.Context(), "never", nil, 1), rpc.ErrLost)
			<-a.Done()
		})
	}
}

// A peer that just ends the connection has lost the calls that wait, and is
// fine otherwise.
func TestPeerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, h := hand(t, nil, rpc.Config{})
		h.say(t, `{"method":"methods","arguments":[{"f":"[Function]"}],"callbacks":{"0":["0","f"]}}`)
		called := later(func() error { return p.Call(t.Context(), "f", nil) })
		settle()
		h.in.End()
		err := <-called
		require.ErrorIs(t, err, rpc.ErrLost)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		<-p.Done()

		p, h = hand(t, nil, rpc.Config{})
		h.in.End()
		<-p.Done()
		require.NoError(t, p.Err())
		require.Equal(t, rpc.ErrClosed, p.Call(t.Context(), "f", nil))
	})
}

func TestCloseWaitsForCalls(t *testing.T) {
	bubble(t, Methods{"slow": rpc.Func(func(ctx context.Context, _ int) (string, error) {
		time.Sleep(time.Second)
		return "done", rpc.Caller(ctx).Send(ctx, "late", 1)
	})}, func(t *testing.T, a, b *rpc.Peer) {
		var got string
		called := later(func() error { return a.Call(soon(t), "slow", &got, 1) })
		settle()
		closed := later(func() error { return b.Close(soon(t)) })
		settle()
		require.Equal(t, rpc.ErrClosed, b.Call(soon(t), "late", nil))
		require.ErrorContains(t, <-called, "no such method") // of the call within
		require.NoError(t, <-closed)
		require.NoError(t, a.Close(soon(t)))
	})
}

func TestCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := connect(t, nil, Methods{"never": rpc.Func(func(ctx context.Context, _ int) (any, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})}, rpc.Config{})
		called := later(func() error { return a.Call(t.Context(), "never", nil, 1) })
		settle()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBoom)
		defer cancel()
		require.Equal(t, errBoom, b.Close(ctx))
		require.Equal(t, rpc.ErrClosed, b.Err())
		require.ErrorIs(t, <-called, rpc.ErrLost)
	})
}

func TestFunctionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := connect(t, nil, Methods{"keep": rpc.Func(func(context.Context, rpc.Remote) (any, error) {
			return nil, nil
		})}, rpc.Config{MaxFunctions: 10, Plain: true, ErrFirst: true})
		ctx, cancel := context.WithCancel(soon(t))
		for range 9 { // one is for the answer
			require.NoError(t, a.Call(soon(t), "keep", nil, rpc.While(ctx, louder)))
		}
		require.NoError(t, a.Send(soon(t), "keep", rpc.While(ctx, louder)))
		require.Equal(t, rpc.ErrTooMany, a.Call(soon(t), "keep", nil, louder))
		require.Equal(t, rpc.ErrTooMany, a.Send(soon(t), "keep", louder))
		cancel()
		settle()
		for range 10 { // what cannot be sent is forgotten
			require.ErrorIs(t, a.Send(soon(t), "keep", louder, make(chan int)), rpc.ErrValue)
		}
		require.NoError(t, a.Call(soon(t), "keep", nil, louder))
		_ = b
	})
}

// Functions that nobody holds are forgotten, between Peers.
func TestGarbageIsCulled(t *testing.T) {
	a, b := connect(t, nil, Methods{"keep": rpc.Func(func(context.Context, rpc.Remote) (any, error) {
		return nil, nil
	})}, rpc.Config{MaxFunctions: 100})
	for i := range 10_000 {
		err := a.Call(soon(t), "keep", nil, louder)
		for tries := 0; errors.Is(err, rpc.ErrTooMany); tries++ {
			require.Less(t, tries, 1000, "after %d", i)
			runtime.GC()
			err = a.Call(soon(t), "keep", nil, louder)
		}
		require.NoError(t, err)
	}
	_ = b
}

func TestMethodsPanic(t *testing.T) {
	x, _ := duplex.Pair[frame.Msg, frame.Msg]()
	require.PanicsWithValue(t, `rpc: methods: rpc: value: a chan int cannot be sent`, func() {
		rpc.New(x, Methods{"c": make(chan int)}, rpc.Config{})
	})
}

// A duplex that panics, or whose goroutine ends in it, ends the Peer.
func TestDuplexPanics(t *testing.T) {
	for _, leave := range []func(){func() { panic("no") }, runtime.Goexit} {
		synctest.Test(t, func(t *testing.T) {
			p := rpc.New(duplex.Duplex[frame.Msg, frame.Msg]{
				Source: func(context.Context) (frame.Msg, error) { leave(); return nil, nil },
				Sink: func(ctx context.Context, src pull.Source[frame.Msg]) error {
					return pull.Each(ctx, src, func(frame.Msg) error { return nil })
				},
			}, nil, rpc.Config{})
			<-p.Done()
			require.ErrorAs(t, p.Err(), new(*pull.PanicError))
		})
	}
}
