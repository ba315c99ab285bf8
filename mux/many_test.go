package mux_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// Ten thousand streams are open at once, in order, and all of them work.
func TestTenThousandStreams(t *testing.T) {
	inCells(t, func(t *testing.T, c cell) {
		n := 1000
		if c == (cell{}) || long {
			n = 10_000
		}
		cfg := mux.Config{MaxStreams: n, MaxOpen: n, Backlog: n}
		a, b := tcp(t)
		a, b = c.wrapBoth(t, a, b)
		from, to := connectWith(t, a, b, cfg)
		if c.sink {
			from, to = to, from
		}
		thousands(t, from, to, n)
	})
}

func thousands(t *testing.T, from, to *mux.Session, n int) {
	ctx := t.Context()
	memory := live()
	var ours, theirs []*mux.Stream
	for i := range n {
		st, err := from.Open(ctx, fmt.Sprint(i), nil)
		require.NoError(t, err)
		ours = append(ours, st)
	}
	for i := range n {
		st, err := to.Accept(ctx)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), st.Name())
		theirs = append(theirs, st)
	}
	require.Equal(t, n, from.Stats().Streams)
	require.Equal(t, n, to.Stats().Streams)
	for i := range n {
		require.NoError(t, send(ctx, ours[i], []byte(theirs[i].Name()), 10))
	}
	assert.True(t, raceEnabled || live()-memory < 2*64<<20)
	for i := range n {
		require.NoError(t, theirs[i].Duplex().Sink(ctx, theirs[i].Duplex().Source))
	}
	for i := range n {
		got, err := receive(ctx, ours[i])
		require.Equal(t, io.EOF, err)
		require.Equal(t, ours[i].Name(), string(got))
	}
	require.NoError(t, from.Close(ctx))
}

// An idle stream whose reader waits takes little: its records here and in
// yamux, and the reader's goroutine, but no buffer.
func TestIdleStreamMemory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const n = 1000
		a, b := net.Pipe()
		client, server := connectWith(t, a, b, mux.Config{MaxStreams: n, MaxOpen: n})
		memory := live()
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		for range n {
			ours, err := client.Open(ctx, "idle", nil)
			require.NoError(t, err)
			theirs, err := server.Accept(ctx)
			require.NoError(t, err)
			for _, st := range []*mux.Stream{ours, theirs} {
				readers.Go(func() { _, _ = receive(ctx, st) })
			}
		}
		settle()
		each := (live() - memory) / (2 * n)
		t.Logf("%d bytes each", each)
		assert.True(t, raceEnabled || each < 6656)
		cancel()
		readers.Wait()
	})
}

// Streams that were busy and have fallen idle hold no buffers.
func TestIdleStreamsHoldNoBuffers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const n, size = 100, 100_000
		a, b := net.Pipe()
		client, server := connect(t, a, b)
		ctx, cancel := context.WithCancel(t.Context())
		var busy sync.WaitGroup
		data, before := make([]byte, size), live()
		for range n {
			ours, theirs := pair(t, client, server, "busy")
			busy.Go(func() {
				left := len(data)
				_ = ours.Duplex().Sink(ctx, func(ctx context.Context) ([]byte, error) {
					if left == 0 {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					left -= len(data) / 10
					return data[:len(data)/10], nil
				})
			})
			settle()
			busy.Go(func() { _, _ = receiveCount(theirs.Reused().Source) })
		}
		settle()
		require.Zero(t, server.Stats().Held)
		time.Sleep(time.Minute)
		assert.Less(t, live()-before, int64(n*size/3), "stacks are all")
		cancel()
		busy.Wait()
	})
}

// One reader has stopped, and 63 streams go on as
// if it were not there; it holds a window and its sink an item.
func TestStalledReaderAmongMany(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const size = 1 << 20
		a, b := net.Pipe()
		client, server := connectWith(t, a, b, mux.Config{Window: 256 << 10})
		var work sync.WaitGroup
		for range 63 {
			ours, theirs := pair(t, client, server, "sibling")
			work.Go(func() { assert.NoError(t, send(t.Context(), ours, make([]byte, size), 10_000)) })
			work.Go(func() {
				n, err := receiveCount(theirs.Reused().Source)
				assert.Equal(t, io.EOF, err)
				assert.Equal(t, size, n)
			})
		}
		ours, theirs := pair(t, client, server, "stalled")
		taken := 0
		endless := pull.Source[[]byte](func(ctx context.Context) ([]byte, error) {
			if ctx.Err() != nil {
				return nil, pull.Cause(ctx)
			}
			taken += 50_000
			return make([]byte, 50_000), nil
		})
		stalled := later(func() error { return ours.Duplex().Sink(t.Context(), endless) })
		work.Wait() // all siblings have everything
		settle()
		n := ours.Stats()
		require.EqualValues(t, 256<<10-len(head("stalled")), n.BytesOut)
		require.EqualValues(t, n.BytesOut, theirs.Stats().Held)
		require.Zero(t, n.Credit)
		require.LessOrEqual(t, taken-int(n.BytesOut), 2*32<<10+50_000)
		require.Equal(t, int(n.BytesOut), server.Stats().Held)
		time.Sleep(time.Minute)
		require.Equal(t, time.Minute, ours.Stats().Stalled)
		require.NoError(t, pull.Abort(theirs.Duplex().Source, nil))
		require.ErrorIs(t, <-stalled, pull.ErrStopped)
		require.Zero(t, server.Stats().Held)
	})
}

// TestStorm runs ten thousand streams whose directions end at random: well, by
// their writer's failure, by their reader's abort. What was read is what was
// sent, as far as it goes, and whole if it ended well; then nothing is left.
func TestStorm(t *testing.T) {
	t.Parallel()
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	a, b := tcp(t)
	client, server := connect(t, a, b)
	var r mux.Router
	r.Handle("storm", func(ctx context.Context, st *mux.Stream) error {
		weather(t, ctx, st, uint64(st.ID())<<1)
		return nil
	})
	served := later(func() error { return r.Serve(t.Context(), server) })
	var at atomic.Int64
	var work sync.WaitGroup
	for range 64 {
		work.Go(func() {
			for at.Add(1) <= int64(n) {
				st, err := client.Open(t.Context(), "storm", nil)
				if !assert.NoError(t, err) {
					return
				}
				weather(t, t.Context(), st, uint64(st.ID())<<1+1)
			}
		})
	}
	work.Wait()
	require.NoError(t, client.Close(soon(t)))
	require.NoError(t, <-served)
	<-server.Done()
	for _, s := range []*mux.Session{client, server} {
		require.NoError(t, s.Err())
		require.Zero(t, s.Stats().Held)
		require.Zero(t, s.Stats().Streams)
	}
	require.EqualValues(t, n, server.Stats().Accepted)
}

var stormBytes = noise(100_000)

// weather is what one end of a stream does: both halves at once, at random.
func weather(t *testing.T, ctx context.Context, st *mux.Stream, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	size, failAt := rnd.IntN(1000), -1
	if rnd.IntN(10) == 0 {
		size = rnd.IntN(len(stormBytes))
	}
	if rnd.IntN(3) == 0 {
		failAt = rnd.IntN(size + 1)
	}
	abortAt := -1
	if rnd.IntN(3) == 0 {
		abortAt = rnd.IntN(1000)
	}
	step := 1 + rnd.IntN(1000)
	var sending sync.WaitGroup
	sending.Go(func() {
		sent := 0
		_ = st.Duplex().Sink(ctx, func(ctx context.Context) ([]byte, error) {
			switch {
			case ctx.Err() != nil:
				return nil, pull.Cause(ctx)
			case failAt >= 0 && sent >= failAt:
				return nil, errors.New("storm")
			case sent == size:
				return nil, io.EOF
			}
			m := min(step, size-sent)
			sent += m
			return stormBytes[sent-m : sent], nil
		})
	})
	defer sending.Wait()
	got := 0
	for src := st.Reused().Source; ; {
		if abortAt >= 0 && got >= abortAt {
			assert.NoError(t, pull.Abort(src, errors.New("enough")))
			return
		}
		chunk, err := src(ctx)
		if err != nil {
			var se *mux.StreamError
			assert.True(t, err == io.EOF || errors.As(err, &se), "%v", err)
			return
		}
		same := got+len(chunk) <= len(stormBytes) &&
			bytes.Equal(chunk, stormBytes[got:got+len(chunk)])
		assert.True(t, same)
		got += len(chunk)
	}
}

// Everything is done at once on streams that others end: open, read, write,
// abort, close, three thousand times, ten thousand where WEIR_LONG is set; then
// a session is cut in the middle of it.
func TestEverythingAtOnce(t *testing.T) {
	inCells(t, func(t *testing.T, c cell) {
		rounds := 1000
		switch {
		case long:
			rounds = 10_000
		case c == (cell{}) && !testing.Short():
			rounds = 3000
		}
		const sessions = 20
		for range sessions {
			a, b := c.pipe(t)
			from, to := connect(t, a, b)
			if c.sink {
				from, to = to, from
			}
			everythingAtOnce(t, from, to, rounds/sessions)
		}
	})
}

func everythingAtOnce(t *testing.T, from, to *mux.Session, rounds int) {
	var work sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(rounds))
	stop := errors.New("stop")
	accepting := later(func() error {
		for {
			st, err := to.Accept(t.Context())
			if err != nil {
				return err
			}
			work.Go(func() { race(t.Context(), st) })
		}
	})
	for range 8 {
		work.Go(func() {
			for left.Add(-1) >= 0 {
				st, err := from.Open(t.Context(), "race", nil)
				if err != nil {
					return
				}
				race(t.Context(), st)
			}
			_ = from.Abort(stop) // the first to be done cuts the others off
		})
	}
	require.ErrorIs(t, <-accepting, mux.ErrLost)
	work.Wait()
	require.Equal(t, stop, from.Err())
}

// race uses a stream from several goroutines, as far as that is allowed.
func race(ctx context.Context, st *mux.Stream) {
	own, cancel := context.WithCancelCause(ctx)
	var both sync.WaitGroup
	d := st.Duplex()
	both.Go(func() { _ = d.Sink(own, saying("some text", nil)) })
	both.Go(func() {
		_, _ = d.Source(own)
		_ = pull.Abort(d.Source, nil)
	})
	both.Go(func() { cancel(pull.ErrStopped); _ = st.Stats() })
	both.Go(func() { _ = st.Meta(); _ = st.Stats() })
	both.Wait()
}
