package websock_test

import (
	"context"
	"testing"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/frame"
)

var three = [][]byte{[]byte("one"), []byte("two"), []byte("three")}

// grace is Config.CloseTimeout twice: for a message under way and for the
// peer's answer.
const grace = 2 * time.Second

// view takes a view of both ends and ends all of it that the schedule leaves.
func checkSource[T any](
	t *testing.T, view func(*websock.Conn) duplex.Duplex[T, T], want []T, real bool,
) {
	for name, stalls := range map[string]bool{"ends": false, "stalls": true} {
		t.Run(name, func(t *testing.T) {
			pulltest.Source(t, func() pull.Source[T] {
				open := inMemory
				if real {
					open = dialled
				}
				a, b := open(t, websock.Config{}, websock.Config{})
				near, far := view(a), view(b)
				go func() { _ = near.Sink(context.Background(), pull.Empty[T]()) }()
				go func() { _ = pull.Drain(context.Background(), far.Source) }()
				src := pull.Values(want...)
				go func() {
					if !stalls {
						_ = far.Sink(context.Background(), src)
						return
					}
					_ = far.Sink(context.Background(), then(src))
				}()
				return near.Source
			}, pulltest.SourceOptions[T]{
				Want: want, Stalls: stalls, Token: true, Holds: true, Grace: grace, RealTime: real,
			})
		})
	}
}

// then gives what src gives and stalls at its end.
func then[T any](src pull.Source[T]) pull.Source[T] {
	return pull.From(func(ctx context.Context) (T, error) {
		v, err := src(ctx)
		if err != nil {
			<-ctx.Done()
			err = pull.Cause(ctx)
		}
		return v, err
	}, nil)
}

func chunks(c *websock.Conn) duplex.Duplex[[]byte, []byte] { return c.Chunks() }

func messages(c *websock.Conn) duplex.Duplex[frame.Msg, frame.Msg] { return c.Messages() }

func TestConnMessagesSourceConforms(t *testing.T) {
	checkSource(t, messages, []frame.Msg{three[0], three[1], {}, three[2]}, false)
}

func TestConnMessagesOverLoopbackSourceConforms(t *testing.T) {
	checkSource(t, messages, []frame.Msg{three[0], three[1], {}, three[2]}, true)
}

// One chunk only: several would be joined, or not.
func TestConnChunksSourceConforms(t *testing.T) { checkSource(t, chunks, three[:1], false) }

// against is the sink of a view whose peer does as peer says.
func against[T any](
	t *testing.T, view func(*websock.Conn) duplex.Duplex[T, T],
	peer func(ctx context.Context, d duplex.Duplex[T, T]) error,
) pull.Sink[T] {
	return func(ctx context.Context, src pull.Source[T]) error {
		a, b := inMemory(t, websock.Config{}, websock.Config{})
		near, far := view(a), view(b)
		own, cancel := context.WithCancel(context.Background())
		left := async(func() error { return peer(own, far) })
		read := async(func() error { return pull.Drain(context.Background(), near.Source) })
		defer func() {
			cancel()
			_ = left()
			b.Close(nil)
			_ = read()
		}()
		return near.Sink(ctx, src)
	}
}

func checkSink[T any](
	t *testing.T, view func(*websock.Conn) duplex.Duplex[T, T], value func(int) T, ahead int,
) {
	var clean bool
	opts := pulltest.SinkOptions[T]{
		Value: value,
		Fail: against(t, view, func(ctx context.Context, d duplex.Duplex[T, T]) error {
			_, _ = d.Source(ctx)
			return d.Close(errBoom)
		}),
		Stall: against(t, view, func(ctx context.Context, d duplex.Duplex[T, T]) error {
			<-ctx.Done()
			return d.Close(nil)
		}),
		ReadAhead: ahead,
		Committed: func() bool { return clean },
		Grace:     grace,
	}
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[T]) error {
		clean = false
		var end error
		done := make(chan struct{})
		err := against(t, view, func(ctx context.Context, d duplex.Duplex[T, T]) error {
			defer close(done)
			_ = d.Sink(context.Background(), pull.Empty[T]())
			end = pull.Drain(context.Background(), d.Source)
			return end
		})(ctx, src)
		<-done
		clean = end == nil
		return err
	}, opts)
}

func TestConnMessagesSinkConforms(t *testing.T) {
	// One in the pump of the peer that does not read, one in the write.
	checkSink(t, messages, func(int) frame.Msg { return make(frame.Msg, 8<<10) }, 1)
}

func TestConnChunksSinkConforms(t *testing.T) {
	// 32 KiB with the peer, 32 KiB in the write, 32 KiB behind it, and one that
	// did not fit.
	checkSink(t, chunks, func(int) []byte { return make([]byte, 8<<10) }, 8)
}
