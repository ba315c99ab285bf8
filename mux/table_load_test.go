package mux_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// slowReader has one of 64 streams read a chunk a second: the others take the
// time they take without it, by the rate of the link.
func slowReader(t *testing.T, c cell) {
	took := map[bool]time.Duration{}
	for _, slow := range []bool{false, true} {
		bubble(t, func(t *testing.T) { took[slow] = siblings(t, c, slow) })
	}
	t.Logf("%v, with a slow one %v", took[false], took[true])
	require.Less(t, float64(took[true]), float64(took[false])/0.9)
}

// siblings says how long 63 streams take, with or without a slow one.
func siblings(t *testing.T, c cell, slow bool) (took time.Duration) {
	const size, window = 100_000, 256 << 10
	a, b := chaos.Pair(chaos.Symmetric(chaos.Link{Rate: 1 << 20}))
	x, y := c.wrapBoth(t, a, b)
	from, to := connectWith(t, x, y, mux.Config{Window: window})
	if c.sink {
		from, to = to, from
	}
	ctx, cancel := context.WithCancel(t.Context())
	var lagging, work sync.WaitGroup
	if slow {
		ours, theirs := pair(t, from, to, "slow")
		lagging.Go(func() { _ = send(ctx, ours, stamped, 10_000) })
		lagging.Go(func() {
			for src := theirs.Duplex().Source; ; time.Sleep(time.Second) {
				if _, err := src(ctx); err != nil {
					return
				}
			}
		})
		time.Sleep(5 * time.Second) // its window is full
	}
	start := time.Now()
	for range 63 {
		ours, theirs := pair(t, from, to, "sibling")
		work.Go(func() { assert.NoError(t, send(ctx, ours, stamped[:size], 10_000)) })
		work.Go(func() {
			n, err := receiveCount(theirs.Reused().Source)
			assert.Equal(t, io.EOF, err)
			assert.Equal(t, size, n)
		})
	}
	if slow {
		settle()
		assert.LessOrEqual(t, to.Stats().Held, 2*window)
	}
	work.Wait()
	took = time.Since(start)
	cancel()
	lagging.Wait()
	return took
}

// stalledAborted has a reader that never reads. At the source's side it aborts
// at last, at the sink's side the writer is cancelled: the other end learns why,
// and what was held is free, while the session goes on.
func stalledAborted(t *testing.T, c cell) {
	bubble(t, func(t *testing.T) {
		a, b := chaos.Pair(chaos.Config{})
		x, y := c.wrapBoth(t, a, b)
		client, server := connectWith(t, x, y, mux.Config{Window: 256 << 10})
		ours, theirs := pair(t, client, server, "stalled")
		ctx, cancel := context.WithCancelCause(t.Context())
		h := half{sends: len(stamped)}
		sank := later(func() error { return ours.Duplex().Sink(ctx, h.source()) })
		time.Sleep(time.Hour)
		require.InDelta(t, 256<<10, server.Stats().Held, 100)
		mine := &mux.StreamError{Code: 90, Text: "enough"}
		remote := &mux.StreamError{Code: 90, Text: "enough", Remote: true}
		if c.sink {
			cancel(mine)
			require.Equal(t, mine, <-sank)
			got, err := receive(soon(t), theirs)
			require.Equal(t, remote, err)
			require.Equal(t, stamped[:len(got)], got)
		} else {
			require.NoError(t, pull.Abort(theirs.Duplex().Source, mine))
			require.Equal(t, remote, <-sank)
		}
		require.Equal(t, 1, h.aborts)
		require.Equal(t, 0, h.ends)
		settle()
		require.Zero(t, server.Stats().Held)
		require.NoError(t, ours.Duplex().Close(nil))
		require.NoError(t, theirs.Duplex().Close(nil))
		require.NoError(t, client.Close(soon(t)))
		require.Zero(t, client.Stats().Streams)
		cancel(nil)
	})
}

// endedInUse ends a session, at the server for the source's side, at the client
// for the sink's, while 256 streams carry something both ways: at once, or by a
// close that waits in vain.
func endedInUse(t *testing.T, c cell) {
	mine := errors.New("mine")
	for _, how := range []struct {
		name string
		end  func(s *mux.Session) error
		want error
	}{
		{"abort", func(s *mux.Session) error { return s.Abort(mine) }, mine},
		{"close", func(s *mux.Session) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if err := s.Close(ctx); err != context.DeadlineExceeded {
				return err
			}
			return nil
		}, mux.ErrClosed},
	} {
		bubble(t, func(t *testing.T) {
			p := plan{}
			for i := range 256 {
				h := half{sends: 200 * i, waits: i%4 > 0}
				p[string(rune('A'+i))] = [2]half{h, h}
			}
			a, b := chaos.Pair(chaos.Symmetric(chaos.Link{Rate: 10 << 20}))
			k := startTalk(t.Context(), c, a, b, p)
			time.Sleep(time.Second)
			settle()
			for k.server.session.Stats().Accepted < 256 {
				time.Sleep(time.Second)
			}
			ender, other := &k.server, &k.client
			if c.sink {
				ender, other = other, ender
			}
			require.NoError(t, how.end(ender.session))
			k.over.Wait()
			require.Equal(t, how.want, ender.err)
			ender.err = &mux.LostError{Op: "here", Err: how.want} // the judge knows no others
			for _, h := range ender.halves {
				for _, err := range []*error{&h.cause, &h.sank, &h.read, &h.again} {
					if *err == how.want {
						*err = ender.err
					}
				}
			}
			k.judge(t, how.name)
			require.ErrorIs(t, other.err, mux.ErrLost)
		})
	}
}
