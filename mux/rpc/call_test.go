package rpc_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/through/frame"
)

// Calls that wait for an answer are bounded as functions are.
func TestWaitingCallsAreBounded(t *testing.T) {
	var release chan struct{}
	bubbleOf(t, Methods{"wait": rpc.Func(func(ctx context.Context, _ int) (any, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil, nil
	})}, rpc.Config{MaxFunctions: 10, ErrFirst: true}, func(t *testing.T, a, _ *rpc.Peer) {
		release = make(chan struct{})
		var called []<-chan error
		for range 10 {
			called = append(called, later(func() error { return a.Call(soon(t), "wait", nil, 1) }))
		}
		settle()
		require.Equal(t, rpc.ErrTooMany, a.Call(soon(t), "wait", nil, 1))
		close(release)
		for _, c := range called {
			require.NoError(t, <-c)
		}
		release = make(chan struct{})
		for range 20 { // who gives up waits no more
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			require.ErrorIs(t, a.Call(ctx, "wait", nil, 1), context.DeadlineExceeded)
			cancel()
		}
		close(release)
		require.NoError(t, a.Call(soon(t), "wait", nil, 1))
	})
}

// What JavaScript takes for no error is none.
func TestErrorsOfCallbacks(t *testing.T) {
	for first, want := range map[string]string{
		"null": "", "false": "", `""`: "", "0": "",
		`"no"`: "no", `{"message":"deep"}`: "deep", `{"code":7}`: `{"code":7}`, "true": "true", "1": "1",
	} {
		synctest.Test(t, func(t *testing.T) {
			p, h := hand(t, nil, rpc.Config{Plain: true, ErrFirst: true})
			h.say(t, `{"method":"methods","arguments":[{"f":"[Function]"}],"callbacks":{"0":["0","f"]}}`)
			n := 0
			called := later(func() error { return p.Call(t.Context(), "f", &n) })
			settle()
			h.say(t, `{"method":0,"arguments":[`+first+`,5]}`)
			err := <-called
			if want == "" {
				require.NoError(t, err, first)
				require.Equal(t, 5, n)
				return
			}
			var remote *rpc.RemoteError
			require.ErrorAs(t, err, &remote, first)
			require.Equal(t, want, remote.Text)
		})
	}
}

// An answer that came counts, also when the connection was lost behind it.
func TestAnswerBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 40 { // which of two that are there is seen is up to the runtime
			p, h := hand(t, nil, rpc.Config{})
			h.say(t, `{"method":"methods","weir":1,"arguments":[{"f":"[Function]"}],"callbacks":{"0":["0","f"]}}`)
			n := 0
			called := later(func() error { return p.Call(t.Context(), "f", &n) })
			settle()
			require.NoError(t, h.in.Push(t.Context(), frame.Msg(`{"return":0,"arguments":[7]}`)))
			h.in.Fail(errBoom)
			require.NoError(t, <-called)
			require.Equal(t, 7, n)
			<-p.Done()
			require.ErrorIs(t, p.Err(), errBoom)
		}
	})
}

// Who ends the connection in peace has no handler go on.
func TestHandlersHearOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := make(chan error, 1)
		p, h := hand(t, Methods{"f": rpc.Func(func(ctx context.Context, _ int) (any, error) {
			<-ctx.Done()
			why <- context.Cause(ctx)
			return nil, nil
		})}, rpc.Config{})
		h.say(t, `{"call":1,"method":0}`)
		h.in.End()
		require.Equal(t, rpc.ErrClosed, <-why)
		<-p.Done()
		require.NoError(t, p.Err())
	})
}
