package muxdemux_test

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
)

// A sink whose peer has paused it does not pull.
func TestPausedSinkDoesNotPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{ID: counting()})
		st, err := s.Open(soon(t), nil, muxdemux.Write)
		require.NoError(t, err)
		h.said()
		asked := make(chan struct{})
		pulled := 0
		sent := later(func() error {
			return st.Duplex().Sink(soon(t), func(ctx context.Context) (json.RawMessage, error) {
				if pulled++; pulled > 3 {
					return nil, io.EOF
				}
				<-asked
				return json.RawMessage("1"), nil
			})
		})
		asked <- struct{}{}
		require.Equal(t, []string{`["id1","data",1]`}, h.said())
		h.say(t, `["id1","pause"]`)
		asked <- struct{}{} // it was pulled before, so it goes out
		require.Equal(t, []string{`["id1","data",1]`}, h.said())
		require.Equal(t, 2, pulled)
		h.say(t, `["id1","pause"]`)
		require.Equal(t, 2, pulled)
		h.say(t, `["id1","resume"]`)
		require.Equal(t, 3, pulled)
		asked <- struct{}{}
		require.NoError(t, <-sent)
		require.Equal(t, []string{`["id1","data",1]`, `["id1","end"]`, `["id1","close"]`}, h.said())
	})
}

// What stops a sink that is paused: its context, and the peer.
func TestPausedSinkStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{ID: counting()})
		ctx, cancel := context.WithCancelCause(t.Context())
		st, err := s.Open(ctx, nil, muxdemux.Write)
		require.NoError(t, err)
		h.say(t, `["id1","pause"]`)
		sent := later(func() error { return st.Duplex().Sink(ctx, never) })
		settle()
		cancel(errBoom)
		require.Equal(t, errBoom, <-sent)
		require.Equal(t, `["id1","error","boom"]`, h.said()[1])

		st, err = s.Open(soon(t), nil, muxdemux.Write)
		require.NoError(t, err)
		h.say(t, `["id2","pause"]`)
		sent = later(func() error { return st.Duplex().Sink(soon(t), never) })
		h.say(t, `["id2","close"]`)
		require.Equal(t, pull.ErrStopped, <-sent)
	})
}

// A source asks for a pause at Hold and for more at half of it; one that waits
// for values never does.
func TestSourcePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{Hold: 4 * 65})
		h.say(t, `["x","new",{}]`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		h.say(t, `["x","data",1]`, `["x","data",2]`, `["x","data",3]`)
		require.Empty(t, h.said())
		h.say(t, `["x","data",4]`, `["x","data",5]`)
		require.Equal(t, []string{`["x","pause"]`}, h.said())
		src := st.Duplex().Source
		for want := range 2 {
			v, err := src(soon(t))
			require.NoError(t, err)
			require.Equal(t, numbers(10)[want+1], string(v))
		}
		require.Empty(t, h.said())
		_, err = src(soon(t))
		require.NoError(t, err)
		require.Equal(t, []string{`["x","resume"]`}, h.said())
		for range 2 {
			_, err = src(soon(t))
			require.NoError(t, err)
		}
		for range 10 { // each is waited for
			got := later(func() error {
				_, err := src(soon(t))
				return err
			})
			settle()
			h.say(t, `["x","data","`+strings.Repeat("x", 1000)+`"]`)
			require.NoError(t, <-got)
		}
		require.Empty(t, h.said())
	})
}

// Nothing is asked for of a stream that has ended.
func TestEndedStreamIsNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{Hold: 1})
		h.say(t, `["x","new",{}]`, `["x","data",1]`, `["x","data",2]`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		require.Equal(t, []string{`["x","pause"]`}, h.said())
		h.say(t, `["x","end"]`)
		got, err := receive(soon(t), st)
		require.Equal(t, io.EOF, err)
		require.Equal(t, numbers(3)[1:], got)
		require.Empty(t, h.said())
	})
}

// A reader that leaves pauses its stream for good, once something comes.
func TestReaderLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{})
		h.say(t, `["x","new",{}]`, `["x","data",1]`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		require.NoError(t, pull.Abort(st.Duplex().Source, errBoom))
		require.Empty(t, h.said())
		h.say(t, `["x","data",2]`, `["x","data",3]`)
		require.Equal(t, []string{`["x","pause"]`}, h.said())
		require.NoError(t, send(soon(t), st, "1"))
		require.Equal(t, []string{`["x","data",1]`, `["x","end"]`, `["x","close"]`}, h.said())
		h.say(t, `["x","data",4]`)
		require.Empty(t, h.said())
	})
}

// Who ignores a pause loses the stream at Limit, and nothing that came before.
func TestOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{Hold: 65, Limit: 10 * 65})
		h.say(t, `["x","new",{}]`, `["y","new",{}]`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		sent := later(func() error { return st.Duplex().Sink(soon(t), never) })
		for range 20 {
			h.say(t, `["x","data",1]`, `["y","data",1]`)
		}
		got, err := receive(soon(t), st)
		require.Equal(t, &muxdemux.OverrunError{Held: 11 * 65, Limit: 10 * 65}, err)
		require.ErrorIs(t, err, muxdemux.ErrOverrun)
		require.Len(t, got, 10)
		require.Equal(t, err, <-sent)
		said := h.said()
		require.Equal(t, []string{`["x","pause"]`, `["y","pause"]`}, said[:2])
		require.Contains(t, said[2], `["x","error","muxdemux: peer does not pause`)
		require.Contains(t, said[2], "bytes wait, of Config.Limit ")
		require.Contains(t, said[2], "; each value counts 64 more\"")
		require.Equal(t, `["x","close"]`, said[3])
	})
}

// A paused stream holds a bounded amount while its sibling runs.
func TestPausedStreamHoldsLittle(t *testing.T) {
	const hold = 8 << 10
	bubble(t, muxdemux.Config{Hold: hold}, func(t *testing.T, a, b *muxdemux.Session) {
		stuck, _ := open(t, a, b, "stuck", muxdemux.Write)
		runs, reads := open(t, a, b, "runs", muxdemux.Write)
		value := json.RawMessage(`"` + strings.Repeat("x", 998) + `"`)
		pulled := 0
		cut := later(func() error {
			return stuck.Duplex().Sink(t.Context(), func(ctx context.Context) (json.RawMessage, error) {
				if ctx.Err() != nil {
					return nil, pull.Cause(ctx)
				}
				pulled++
				return value, nil
			})
		})
		sent := later(func() error { return send(soon(t), runs, numbers(10_000)...) })
		got, err := receive(soon(t), reads)
		require.Equal(t, io.EOF, err)
		require.Equal(t, numbers(10_000), got)
		require.NoError(t, <-sent)
		settle()
		assert.GreaterOrEqual(t, pulled, hold/1100)
		// What is on its way before the pause arrives is up to the scheduler, and
		// is less than the limit at which the stream would have been cut.
		assert.Less(t, pulled, 1<<20/1000)
		select {
		case err := <-cut:
			t.Errorf("the stuck stream ended: %v", err)
		default:
		}
	})
}
