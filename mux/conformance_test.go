package mux_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// joined is one stream, seen from both of its ends, with the two sessions that
// carry it.
type joined struct {
	near, far *mux.Stream
	sessions  [2]*mux.Session
}

func dialed() *joined {
	a, b := net.Pipe()
	j := &joined{}
	var wg sync.WaitGroup
	wg.Go(func() { j.sessions[1], _ = mux.Server(context.Background(), b, mux.Config{}) })
	j.sessions[0], _ = mux.Client(context.Background(), a, mux.Config{})
	wg.Wait()
	j.near, _ = j.sessions[0].Open(context.Background(), "stream", nil)
	j.far, _ = j.sessions[1].Accept(context.Background())
	return j
}

func (j *joined) close() {
	for _, s := range j.sessions {
		_ = s.Abort(nil)
	}
}

// TestConformance runs in real time: yamux keeps timers in a pool, which would
// carry them from one bubble to the next.
func TestConformance(t *testing.T) {
	t.Run("Stream.Duplex", func(t *testing.T) {
		sourceConforms(t)
		sinkConforms(t)
	})
	t.Run("Session.Accept", acceptConforms)
}

// read is the near end's source, while the far end sends what src yields.
func (j *joined) read(src pull.Source[[]byte]) pull.Source[[]byte] {
	var sent sync.WaitGroup
	sent.Go(func() { _ = j.far.Duplex().Sink(context.Background(), src) })
	near := j.near.Duplex()
	ended := false
	return func(ctx context.Context) ([]byte, error) {
		b, err := near.Source(ctx)
		if err != nil && err != pull.ErrOverlap && !ended {
			ended = true
			j.close()
			sent.Wait()
		}
		return b, err
	}
}

func sourceConforms(t *testing.T) {
	chunk := []byte("chunk")
	pulltest.Source(t, func() pull.Source[[]byte] { return dialed().read(pull.Values(chunk)) },
		pulltest.SourceOptions[[]byte]{Want: [][]byte{chunk}, Holds: true, RealTime: true})
	pulltest.Source(t, func() pull.Source[[]byte] { return dialed().read(once(chunk)) },
		pulltest.SourceOptions[[]byte]{
			Want: [][]byte{chunk}, Holds: true, Stalls: true, Token: true, RealTime: true})
}

// once yields b, and then nothing.
func once(b []byte) pull.Source[[]byte] {
	return pull.From(func(ctx context.Context) ([]byte, error) {
		if b == nil {
			<-ctx.Done()
			return nil, pull.Cause(ctx)
		}
		defer func() { b = nil }()
		return b, nil
	}, nil)
}

func sinkConforms(t *testing.T) {
	// send is the near end's sink, while the far end's source is read by f.
	send := func(f func(context.Context, pull.Source[[]byte])) pull.Sink[[]byte] {
		return func(ctx context.Context, src pull.Source[[]byte]) error {
			j := dialed()
			own, cancel := context.WithCancel(context.Background())
			var read sync.WaitGroup
			read.Go(func() { f(own, j.far.Duplex().Source) })
			defer func() {
				cancel()
				read.Wait()
				j.close()
			}()
			return j.near.Duplex().Sink(ctx, src)
		}
	}
	pulltest.Sink(t, send(func(_ context.Context, src pull.Source[[]byte]) {
		_ = pull.Drain(context.Background(), src)
	}), pulltest.SinkOptions[[]byte]{
		RealTime: true,
		Fail: large(send(func(ctx context.Context, src pull.Source[[]byte]) {
			_, _ = src(ctx)
			_ = pull.Abort(src, io.ErrClosedPipe)
		})),
		Stall: large(send(func(ctx context.Context, _ pull.Source[[]byte]) { <-ctx.Done() })),
	})
}

// large gives sink chunks so large that no window, which depends on how long
// the peer took to answer, takes three of them.
func large(sink pull.Sink[[]byte]) pull.Sink[[]byte] {
	chunk := make([]byte, 8<<20)
	return func(ctx context.Context, src pull.Source[[]byte]) error {
		return sink(ctx, func(ctx context.Context) ([]byte, error) {
			if _, err := src(ctx); err != nil {
				return nil, err
			}
			return chunk, nil
		})
	}
}

func acceptConforms(t *testing.T) {
	pulltest.Source(t, func() pull.Source[*mux.Stream] {
		j := dialed()
		ended := false
		return func(ctx context.Context) (*mux.Stream, error) {
			st, err := j.sessions[1].Accept(ctx)
			if err != nil && err != pull.ErrOverlap && !ended {
				ended = true
				j.close()
			}
			return st, err
		}
	}, pulltest.SourceOptions[*mux.Stream]{Holds: true, Stalls: true, Token: true, RealTime: true})
}
