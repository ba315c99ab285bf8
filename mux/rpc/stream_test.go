package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
)

// over makes two Peers over a mux session over a connection in memory.
func over(t *testing.T, forA, forB any) (a, b *rpc.Peer) {
	t.Helper()
	x, y := net.Pipe()
	made := make(chan *rpc.Peer, 1)
	go func() {
		s, err := mux.Server(context.Background(), y, mux.Config{Window: 256 << 10})
		if assert.NoError(t, err) {
			b, err := rpc.Over(context.Background(), s, forB, rpc.Config{})
			assert.NoError(t, err)
			made <- b
		}
	}()
	s, err := mux.Client(context.Background(), x, mux.Config{Window: 256 << 10})
	require.NoError(t, err)
	a, err = rpc.Over(context.Background(), s, forA, rpc.Config{})
	require.NoError(t, err)
	b = <-made
	t.Cleanup(func() {
		_ = a.Abort(nil)
		_ = b.Abort(nil)
	})
	return a, b
}

// A watched source says how it ended.
func watched[T any](src pull.Source[T], ended chan<- error) pull.Source[T] {
	return pull.From(src, func(cause error) error {
		ended <- cause
		return pull.Abort(src, cause)
	})
}

func TestStreamsAreValues(t *testing.T) {
	kept := make(chan []int, 1)
	a, b := over(t, nil, Methods{
		"louder": louder,
		"numbers": rpc.Func(func(_ context.Context, n int) (rpc.Source[int], error) {
			var all []int
			for i := range n {
				all = append(all, i)
			}
			return rpc.Source[int](pull.Values(all...)), nil
		}),
		"sum": rpc.Func(func(ctx context.Context, src rpc.Source[int]) (int, error) {
			return pull.Reduce(ctx, pull.Source[int](src), 0, func(sum, n int) int { return sum + n })
		}),
		"keep": rpc.Func(func(context.Context, int) (rpc.Sink[int], error) {
			return func(ctx context.Context, src pull.Source[int]) error {
				all, err := pull.Collect(ctx, src)
				kept <- all
				return err
			}, nil
		}),
		"chat": rpc.Func(func(_ context.Context, name string) (any, error) {
			ours, theirs := duplex.Pair[string, string]()
			go func() { _ = ours.Sink(context.Background(), ours.Source) }()
			return map[string]any{"name": name, "talk": rpc.Duplex[string, string](theirs)}, nil
		}),
		"bytes": rpc.Func(func(_ context.Context, n int) (rpc.Source[[]byte], error) {
			return rpc.Source[[]byte](pull.Values(make([]byte, n), []byte("\n\xff"))), nil
		}),
	})
	var numbers rpc.Source[int]
	require.NoError(t, a.Call(soon(t), "numbers", &numbers, 10_000))
	got, err := pull.Collect(soon(t), pull.Source[int](numbers))
	require.NoError(t, err)
	require.Len(t, got, 10_000)
	require.Equal(t, 9999, got[9999])

	var sum int
	require.NoError(t, a.Call(soon(t), "sum", &sum, rpc.Source[int](pull.Values(1, 2, 3))))
	require.Equal(t, 6, sum)

	var sink rpc.Sink[int]
	require.NoError(t, a.Call(soon(t), "keep", &sink, 0))
	require.NoError(t, sink(soon(t), pull.Values(4, 5)))
	require.Equal(t, []int{4, 5}, <-kept)

	var chat struct {
		Name string
		Talk rpc.Duplex[string, string]
	}
	require.NoError(t, a.Call(soon(t), "chat", &chat, "echo"))
	require.Equal(t, "echo", chat.Name)
	sent := later(func() error { return chat.Talk.Sink(soon(t), pull.Values("a", "b")) })
	texts, err := pull.Collect(soon(t), chat.Talk.Source)
	require.NoError(t, err)
	require.NoError(t, <-sent)
	require.Equal(t, []string{"a", "b"}, texts)

	var chunks rpc.Source[[]byte]
	require.NoError(t, a.Call(soon(t), "bytes", &chunks, 100_000))
	all, err := io.ReadAll(pull.NewReader(soon(t), pull.Source[[]byte](chunks)))
	require.NoError(t, err)
	require.Len(t, all, 100_002)

	var any1 any
	require.NoError(t, a.Call(soon(t), "numbers", &any1, 2))
	anys, err := pull.Collect(soon(t), pull.Source[any](any1.(rpc.Source[any])))
	require.NoError(t, err)
	require.Len(t, anys, 2)

	require.NoError(t, a.Close(soon(t)))
	require.NoError(t, b.Close(soon(t)))
}

// A remote source is pulled with backpressure: whose reader has stopped, its
// sender stops, and calls go on beside it.
func TestRemoteSourceIsPulled(t *testing.T) {
	var pulled atomic.Int64
	ended := make(chan error, 1)
	value := strings.Repeat("x", 1000)
	a, _ := over(t, nil, Methods{"louder": louder, "endless": rpc.Func(func(context.Context, int) (rpc.Source[string], error) {
		return rpc.Source[string](watched(func(ctx context.Context) (string, error) {
			if ctx.Err() != nil {
				return "", pull.Cause(ctx)
			}
			pulled.Add(1)
			return value, nil
		}, ended)), nil
	})})
	var src rpc.Source[string]
	require.NoError(t, a.Call(soon(t), "endless", &src, 0))
	require.NoError(t, a.Call(soon(t), "louder", nil, "before anything is pulled"))
	require.Zero(t, pulled.Load())
	_, err := src(soon(t))
	require.NoError(t, err)
	for range 1000 { // the sibling runs
		require.NoError(t, a.Call(soon(t), "louder", nil, "x"))
	}
	// The window of 256 KiB, the session's budget, and what a sink reads ahead.
	assert.Less(t, pulled.Load(), int64((256<<10+128<<10+3*32<<10)/1000))
	require.NoError(t, pull.Abort(pull.Source[string](src), errBoom))
	require.ErrorContains(t, <-ended, "boom")
}

// Ends travel: failures, aborts, verdicts, and a cut is never a clean end.
func TestStreamsEnd(t *testing.T) {
	ended := make(chan error, 10)
	a, b := over(t, nil, Methods{
		"fails": rpc.Func(func(context.Context, int) (rpc.Source[int], error) {
			return rpc.Source[int](pull.Error[int](errBoom)), nil
		}),
		"refuses": rpc.Func(func(context.Context, int) (rpc.Sink[int], error) {
			return func(ctx context.Context, src pull.Source[int]) error {
				return pull.Each(ctx, src, func(n int) error {
					if n == 2 {
						return errBoom
					}
					return nil
				})
			}, nil
		}),
		"late": rpc.Func(func(context.Context, int) (rpc.Sink[int], error) {
			return func(ctx context.Context, src pull.Source[int]) error {
				return errors.Join(pull.Drain(ctx, src), errBoom)
			}, nil
		}),
		"panics": rpc.Func(func(context.Context, int) (rpc.Source[int], error) {
			return func(context.Context) (int, error) { panic("no") }, nil
		}),
		"waits": rpc.Func(func(context.Context, int) (rpc.Source[int], error) {
			return rpc.Source[int](watched(func(ctx context.Context) (int, error) {
				<-ctx.Done()
				return 0, pull.Cause(ctx)
			}, ended)), nil
		}),
	})
	var src rpc.Source[int]
	for method, want := range map[string]string{"fails": "boom", "panics": "panic"} {
		require.NoError(t, a.Call(soon(t), method, &src, 0))
		_, err := src(soon(t))
		require.ErrorAs(t, err, new(*mux.StreamError), method)
		require.ErrorContains(t, err, want)
	}
	for _, method := range []string{"refuses", "late"} {
		var sink rpc.Sink[int]
		require.NoError(t, a.Call(soon(t), method, &sink, 0))
		err := sink(soon(t), pull.Values(1, 2, 3))
		require.ErrorContains(t, err, "boom", method)
	}
	require.NoError(t, a.Call(soon(t), "waits", &src, 0))
	read := later(func() error {
		_, err := src(soon(t))
		return err
	})
	var unopened rpc.Source[int]
	require.NoError(t, a.Call(soon(t), "waits", &unopened, 0))
	require.NoError(t, b.Abort(errBoom))
	err := <-read
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)
	<-ended // the one that was read, and the one that was not
	<-ended
	<-a.Done()
	_, err = unopened(soon(t))
	require.Error(t, err)
}

// Without a session there are no streams.
func TestNoStreams(t *testing.T) {
	bubble(t, Methods{"f": louder}, func(t *testing.T, a, _ *rpc.Peer) {
		require.Equal(t, rpc.ErrNoStreams, a.Call(soon(t), "f", nil, rpc.Source[int](pull.Empty[int]())))
		var none rpc.Source[int]
		require.NoError(t, a.Send(soon(t), "f", none)) // null
	})
}

// What opens streams that nobody has passed is refused, and nothing else.
func TestStrangeStreamsAreRefused(t *testing.T) {
	x, y := net.Pipe()
	sessions := make(chan *mux.Session, 1)
	go func() {
		s, err := mux.Server(context.Background(), y, mux.Config{})
		assert.NoError(t, err)
		sessions <- s
	}()
	s, err := mux.Client(context.Background(), x, mux.Config{})
	require.NoError(t, err)
	server := <-sessions
	p, err := rpc.Over(soon(t), server, nil, rpc.Config{})
	require.NoError(t, err)
	for _, name := range []string{"stream/7", "stream/x", "other"} {
		st, err := s.Open(soon(t), name, nil)
		require.NoError(t, err)
		_, err = st.Duplex().Source(soon(t))
		require.ErrorContains(t, err, "no such stream", name)
		require.NoError(t, st.Duplex().Close(nil))
	}
	require.NoError(t, s.Abort(nil))
	<-p.Done()
	require.ErrorIs(t, p.Err(), rpc.ErrLost)
}
