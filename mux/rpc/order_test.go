package rpc_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/rpc"
)

// The calls of a function that was passed come in order, one at a time.
func TestCallbacksAreInOrder(t *testing.T) {
	bubble(t, Methods{"count": rpc.Handler(func(ctx context.Context, args rpc.Args) (any, error) {
		var n int
		var each rpc.Remote
		if err := args.Scan(&n, &each); err != nil {
			return nil, err
		}
		for i := range n {
			if err := each.Send(ctx, i); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})}, func(t *testing.T, a, _ *rpc.Peer) {
		var got []int
		running := 0
		require.NoError(t, a.Call(soon(t), "count", nil, 1000, rpc.Func(func(ctx context.Context, i int) (any, error) {
			running++
			defer func() { running-- }()
			got = append(got, i*running) // unless others run
			return nil, nil
		})))
		settle()
		for i := range 1000 {
			require.Equal(t, i, got[i])
		}
	})
}

// The hard case: a call within a call, deeper than as many as may run.
func TestCallsWithinCalls(t *testing.T) {
	for _, cfg := range []rpc.Config{
		{MaxCalls: 2}, {MaxCalls: 2, Plain: true, ErrFirst: true}, {MaxCalls: 2, InOrder: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			down := rpc.Func(func(ctx context.Context, n int) (int, error) {
				if n == 0 {
					return 0, nil
				}
				var got int
				err := rpc.Caller(ctx).Call(ctx, "down", &got, n-1)
				return got + 1, err
			})
			a, b := connect(t, Methods{"down": down}, Methods{"down": down}, cfg)
			var results []<-chan error
			for range 5 {
				results = append(results, later(func() error {
					var got int
					err := a.Call(soon(t), "down", &got, 50)
					if err == nil && got != 50 {
						err = errors.New("wrong")
					}
					return err
				}))
			}
			for _, r := range results {
				require.NoError(t, <-r)
			}
			require.NoError(t, a.Close(soon(t)))
			require.NoError(t, b.Close(soon(t)))
		})
	}
}

// Methods run in order if they are to.
func TestInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		running := 0
		a, b := connect(t, nil, Methods{
			"odd":  rpc.Func(func(_ context.Context, n int) (any, error) { return nil, note(&got, &running, n) }),
			"even": rpc.Func(func(_ context.Context, n int) (any, error) { return nil, note(&got, &running, n) }),
		}, rpc.Config{InOrder: true})
		for i := range 1000 {
			require.NoError(t, a.Send(soon(t), []string{"even", "odd"}[i%2], i))
		}
		require.NoError(t, a.Close(soon(t)))
		require.NoError(t, b.Close(soon(t)))
		require.Len(t, got, 1000)
		for i, n := range got {
			require.Equal(t, i, n)
		}
	})
}

// note appends n, unless somebody else is at it.
func note(got *[]int, running *int, n int) error {
	*running++
	defer func() { *running-- }()
	if *running > 1 {
		n = -n
	}
	*got = append(*got, n)
	return nil
}

// What is not read any more slows the caller down, and takes no memory.
func TestMaxCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		var running, most atomic.Int64
		a, _ := connect(t, nil, Methods{"wait": rpc.Func(func(context.Context, string) (any, error) {
			most.Store(max(most.Load(), running.Add(1)))
			<-open
			running.Add(-1)
			return nil, nil
		})}, rpc.Config{MaxCalls: 3})
		require.NoError(t, a.Offered(soon(t), new(any)))
		sent := 0
		go func() {
			for a.Send(t.Context(), "wait", strings.Repeat("x", 1000)) == nil {
				sent++
			}
		}()
		settle()
		assert.EqualValues(t, 3, most.Load())
		assert.Less(t, sent, 200)
		close(open)
		require.NoError(t, a.Abort(nil))
	})
}
