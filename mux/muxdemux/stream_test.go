package muxdemux_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
)

func TestBothWays(t *testing.T) {
	bubble(t, muxdemux.Config{}, func(t *testing.T, a, b *muxdemux.Session) {
		ours, theirs := open(t, a, b, map[string]int{"n": 1}, muxdemux.Both)
		assert.JSONEq(t, `{"n":1}`, string(theirs.Meta()))
		sent := later(func() error { return send(soon(t), ours, numbers(1000)...) })
		back := later(func() error { return send(soon(t), theirs, `{"x":[1, 2]}`, `null`, `""`) })
		got, err := receive(soon(t), theirs)
		require.Equal(t, io.EOF, err)
		assert.Equal(t, numbers(1000), got)
		got, err = receive(soon(t), ours)
		require.Equal(t, io.EOF, err)
		assert.Equal(t, []string{`{"x":[1,2]}`, `null`, `""`}, got)
		require.NoError(t, <-sent)
		require.NoError(t, <-back)
		require.NoError(t, a.Close(soon(t)))
		require.NoError(t, b.Close(soon(t)))
		_, err = b.Accept(soon(t))
		require.Equal(t, io.EOF, err)
		_, err = b.Open(soon(t), nil, muxdemux.Both)
		require.Equal(t, muxdemux.ErrClosed, err)
	})
}

func TestKinds(t *testing.T) {
	bubble(t, muxdemux.Config{}, func(t *testing.T, a, b *muxdemux.Session) {
		for kind, other := range map[muxdemux.Kind]muxdemux.Kind{
			muxdemux.Both: muxdemux.Both, muxdemux.Read: muxdemux.Write, muxdemux.Write: muxdemux.Read,
		} {
			ours, theirs := open(t, a, b, nil, kind)
			assert.Equal(t, kind, ours.Kind())
			assert.Equal(t, other, theirs.Kind())
			assert.Nil(t, theirs.Meta())
			switch kind {
			case muxdemux.Read:
				ours, theirs = theirs, ours
				fallthrough
			case muxdemux.Write:
				require.Equal(t, muxdemux.ErrOneWay, send(soon(t), theirs, "1"))
				_, err := ours.Duplex().Source(soon(t))
				require.Equal(t, io.EOF, err)
				require.NoError(t, send(soon(t), ours, "1"))
				got, err := receive(soon(t), theirs)
				require.Equal(t, io.EOF, err)
				require.Equal(t, []string{"1"}, got)
			case muxdemux.Both:
				require.NoError(t, ours.Duplex().Close(nil))
				require.NoError(t, theirs.Duplex().Close(nil))
			}
		}
		require.NoError(t, a.Close(soon(t))) // nothing is left of any
	})
}

func TestSinkFails(t *testing.T) {
	for name, test := range map[string]struct {
		cause error
		want  *muxdemux.StreamError
	}{
		"error": {errBoom, &muxdemux.StreamError{Text: "boom"}},
		"with fields": {&muxdemux.StreamError{Data: json.RawMessage(`{"message":"no","code": 404}`)},
			&muxdemux.StreamError{Text: "no", Data: json.RawMessage(`{"message":"no","code":404}`)}},
		"stopped": {pull.ErrStopped, &muxdemux.StreamError{Text: "stopped"}},
		"long": {errors.New(strings.Repeat("x", 2000)),
			&muxdemux.StreamError{Text: strings.Repeat("x", 1024)}},
		"value": {&muxdemux.StreamError{Data: json.RawMessage(`[1]`)},
			&muxdemux.StreamError{Data: json.RawMessage(`[1]`)}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, muxdemux.Config{}, func(t *testing.T, a, b *muxdemux.Session) {
				ours, theirs := open(t, a, b, nil, muxdemux.Both)
				fails := pull.Source[json.RawMessage](func(context.Context) (json.RawMessage, error) {
					return nil, test.cause
				})
				require.Equal(t, test.cause, ours.Duplex().Sink(soon(t), fails))
				_, err := receive(soon(t), theirs)
				require.Equal(t, test.want, err)
				assert.Contains(t, err.Error(), "error of the peer: ")
				require.NoError(t, send(soon(t), theirs, "1")) // the other way goes on
				got, err := receive(soon(t), ours)
				require.Equal(t, io.EOF, err)
				require.Equal(t, []string{"1"}, got)
				require.NoError(t, a.Close(soon(t)))
			})
		})
	}
}

// What cannot be sent fails here and ends at the peer as a failure.
func TestSinkRefuses(t *testing.T) {
	for value, want := range map[string]error{
		`{`:                            muxdemux.ErrNotJSON,
		"\"\xff\"":                     muxdemux.ErrNotJSON,
		`1 2`:                          muxdemux.ErrNotJSON,
		strings.Repeat("1", 1000):      muxdemux.ErrTooLarge,
		"[" + strings.Repeat(" ", 1e4): muxdemux.ErrNotJSON,
	} {
		bubble(t, muxdemux.Config{MaxLine: 1000}, func(t *testing.T, a, b *muxdemux.Session) {
			ours, theirs := open(t, a, b, nil, muxdemux.Write)
			require.ErrorIs(t, send(soon(t), ours, "1", value, "2"), want)
			got, err := receive(soon(t), theirs)
			require.ErrorAs(t, err, new(*muxdemux.StreamError))
			require.Equal(t, []string{"1"}, got)
		})
	}
}

func TestSinkIsUsedOnce(t *testing.T) {
	bubble(t, muxdemux.Config{}, func(t *testing.T, a, b *muxdemux.Session) {
		ours, _ := open(t, a, b, nil, muxdemux.Both)
		require.NoError(t, send(soon(t), ours))
		require.Equal(t, duplex.ErrUsed, send(soon(t), ours, "1"))
	})
}

// A value with every kind of space in it stays on its line.
func TestSpacesAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{ID: counting()})
		st, err := s.Open(soon(t), json.RawMessage("{\n \"a\" : \"<\\u2028>\" }"), muxdemux.Write)
		require.NoError(t, err)
		require.NoError(t, send(soon(t), st, "[1,\n\t2]", ""))
		assert.Equal(t, []string{
			`["id1","new",{"meta":{"a":"<\u2028>"},"opts":{"writable":false,"readable":true}}]`,
			`["id1","data",[1,2]]`, `["id1","data",null]`, `["id1","end"]`, `["id1","close"]`,
		}, h.said())
	})
}

// counting makes ids.
func counting() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprint("id", n)
	}
}

// A peer that closes without an end has cut the stream; one that closes behind
// its end wants no more.
func TestPeerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{})
		h.say(t, `["x","new",{}]`, `["x","data",1]`, `["x","close"]`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		got, err := receive(soon(t), st)
		require.Equal(t, io.ErrUnexpectedEOF, err)
		require.Equal(t, []string{"1"}, got)
		require.Equal(t, pull.ErrStopped, send(soon(t), st, "2"))
		assert.Equal(t, []string{`["x","close"]`}, h.said())

		h.say(t, `["y","new",{}]`)
		st, err = s.Accept(soon(t))
		require.NoError(t, err)
		sent := later(func() error { return st.Duplex().Sink(soon(t), never) })
		h.say(t, `["y","end"]`, `["y","close"]`)
		require.Equal(t, pull.ErrStopped, <-sent)
		_, err = receive(soon(t), st)
		require.Equal(t, io.EOF, err)
		assert.Equal(t, []string{`["y","close"]`}, h.said())
		h.in.End()
		require.NoError(t, s.Close(soon(t)))
	})
}

// never is a source that has nothing.
func never(ctx context.Context) (json.RawMessage, error) {
	<-ctx.Done()
	return nil, pull.Cause(ctx)
}

// An error of the peer's ends the source, or where that has ended the sink.
func TestPeerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{ID: counting()})
		st, err := s.Open(soon(t), nil, muxdemux.Both)
		require.NoError(t, err)
		sent := later(func() error { return st.Duplex().Sink(soon(t), never) })
		h.say(t, `["id1","error"]`, `["id1","error",{"message":"second"}]`, `["id1","data",1]`)
		_, err = receive(soon(t), st)
		require.Equal(t, &muxdemux.StreamError{Data: json.RawMessage("null")}, err)
		h.say(t, `["id1","close"]`)
		require.Equal(t, pull.ErrStopped, <-sent)
		assert.Equal(t, `["id1","close"]`, h.said()[1])

		h.say(t, `["x","new",{}]`, `["x","end"]`)
		st, err = s.Accept(soon(t))
		require.NoError(t, err)
		sent = later(func() error { return st.Duplex().Sink(soon(t), never) })
		h.say(t, `["x","error",{"message":"enough"}]`)
		require.ErrorContains(t, <-sent, "enough")

		st, err = s.Open(soon(t), nil, muxdemux.Write)
		require.NoError(t, err)
		h.say(t, `["id2","error","not wanted"]`)
		require.ErrorContains(t, send(soon(t), st, "1"), "not wanted")
	})
}

func TestOpenFails(t *testing.T) {
	bubble(t, muxdemux.Config{ID: func() string { return "same" }, MaxLine: 1000},
		func(t *testing.T, a, _ *muxdemux.Session) {
			_, err := a.Open(soon(t), func() {}, muxdemux.Both)
			require.ErrorIs(t, err, muxdemux.ErrNotJSON)
			_, err = a.Open(soon(t), json.RawMessage("{"), muxdemux.Both)
			require.ErrorIs(t, err, muxdemux.ErrNotJSON)
			_, err = a.Open(soon(t), strings.Repeat("x", 1000), muxdemux.Both)
			require.ErrorIs(t, err, muxdemux.ErrTooLarge)
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errBoom)
			_, err = a.Open(ctx, nil, muxdemux.Both)
			require.Equal(t, errBoom, err)
			_, err = a.Open(soon(t), nil, muxdemux.Both)
			require.NoError(t, err)
			_, err = a.Open(soon(t), nil, muxdemux.Both)
			require.ErrorContains(t, err, "in use")
			require.NoError(t, a.Abort(errBoom))
			_, err = a.Open(soon(t), nil, muxdemux.Both)
			require.Equal(t, errBoom, err)
		})
}

func TestValuesOfGo(t *testing.T) {
	type point struct{ X, Y int }
	bubble(t, muxdemux.Config{}, func(t *testing.T, a, b *muxdemux.Session) {
		ours, theirs := open(t, a, b, nil, muxdemux.Both)
		d := muxdemux.Values[string, point](ours)
		sent := later(func() error { return d.Sink(soon(t), pull.Values(point{1, 2}, point{3, 4})) })
		got, err := pull.Collect(soon(t), muxdemux.Values[point, string](theirs).Source)
		require.NoError(t, err)
		require.NoError(t, <-sent)
		assert.Equal(t, []point{{1, 2}, {3, 4}}, got)
		require.NoError(t, send(soon(t), theirs, `"x"`, `7`))
		texts, err := pull.Collect(soon(t), d.Source)
		require.ErrorContains(t, err, "codec: line 2")
		assert.Equal(t, []string{"x"}, texts)
	})
}
