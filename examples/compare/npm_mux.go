package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
)

// An item is what is sent through a stream of mux-demux.
type item struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

// values sends n items through as many streams of one session, and waits until
// the other end has said for each how many it had.
func values(streams, n int) func(meter) contender {
	return func(by meter) contender {
		return func(ctx context.Context) (int, error) {
			a, b, err := tcpPair(ctx)
			if err != nil {
				return 0, err
			}
			near := muxdemux.New(netconn.New(a), muxdemux.Config{})
			far := muxdemux.New(netconn.New(b), muxdemux.Config{})
			took := 0
			err = bothEnds(func(err error) { _, _ = near.Abort(err), far.Abort(err) },
				func() error {
					d, err := by(func() error {
						return all(streams, func(int) error { return pour(ctx, near, n/streams) })
					})
					took = int(d)
					if err != nil {
						return err
					}
					return near.Close(ctx)
				},
				func() error { return tally(ctx, far) })
			return took, err
		}
	}
}

// pour sends n items through a stream.
func pour(ctx context.Context, s *muxdemux.Session, n int) error {
	st, err := s.Open(ctx, "line", muxdemux.Both)
	if err != nil {
		return err
	}
	items, i := muxdemux.Values[int, item](st), -1
	err = items.Sink(ctx, func(context.Context) (item, error) {
		if i++; i == n {
			return item{}, io.EOF
		}
		return item{i, valueOf(i)}, nil
	})
	if err != nil {
		return err
	}
	got, err := pull.Collect(ctx, items.Source)
	if err != nil {
		return err
	}
	if len(got) != 1 || got[0] != n {
		return fmt.Errorf("%v arrived, not %d", got, n)
	}
	return nil
}

// tally answers each stream with how many items it had.
func tally(ctx context.Context, s *muxdemux.Session) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	return pull.Each(ctx, s.Accept, func(st *muxdemux.Stream) error {
		wg.Go(func() {
			items := muxdemux.Values[item, int](st)
			n, err := pull.Len(ctx, items.Source)
			if err != nil {
				_ = s.Abort(err)
				return
			}
			_ = items.Sink(ctx, pull.Once(n)) // whose failure the other end notices
		})
		return nil
	})
}

// calls makes n calls, so many of which are made at once.
func calls(pending, n int) func(meter) contender {
	return func(by meter) contender {
		return func(ctx context.Context) (int, error) {
			a, b, err := tcpPair(ctx)
			if err != nil {
				return 0, err
			}
			far := rpc.New(rpc.Lines(netconn.New(b), 0), rpc.Methods{
				"double": rpc.Func(func(_ context.Context, n int) (int, error) { return 2 * n, nil }),
			}, rpc.Config{})
			near := rpc.New(rpc.Lines(netconn.New(a), 0), nil, rpc.Config{})
			took, err := 0, near.Offered(ctx, new(any))
			if err == nil {
				took, err = timeOfCalls(ctx, near, pending, n, by)
			}
			if err != nil {
				_, _ = near.Abort(err), far.Abort(err)
				return 0, err
			}
			return took, bothEnds(func(error) {},
				func() error { return near.Close(ctx) }, func() error { return far.Close(ctx) })
		}
	}
}

func timeOfCalls(ctx context.Context, p *rpc.Peer, pending, n int, by meter) (int, error) {
	took, err := by(func() error {
		return all(pending, func(caller int) error {
			for i := caller; i < n; i += pending {
				var got int
				if err := p.Call(ctx, "double", &got, i); err != nil {
					return err
				}
				if got != 2*i {
					return fmt.Errorf("%d doubled is no %d", i, got)
				}
			}
			return nil
		})
	})
	return int(took), err
}
