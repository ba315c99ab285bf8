package muxdemux_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
)

// TestNodeRows is what the tests of mux-demux ask, with npm's at the other end
// of every row, once as who opens a stream and once as who accepts it.
func TestNodeRows(t *testing.T) {
	for _, row := range []struct {
		name string
		test func(t *testing.T, role pairing)
	}{
		{"01 without half open, ending a stream ends both halves", rowEndsBoth},
		{"02 half open, ending one half leaves the other", rowEndsOne},
		{"03 close ends behind the last of three streams", rowClose},
		{"04 a cut is an error at both ends, behind the same values", rowCut},
		{"05 one way: values, then the end", rowOneWay},
		{"06 four writes and an end within accepting", rowGreets},
		{"07 the end of a session ends its streams", rowStops},
		{"08 nobody listens: the opener gets an error", rowDeaf},
		{"09 metadata, and two streams with the same", rowMeta},
		{"10 echo", rowEcho(1)},
		{"11 two echoes, each in order", rowEcho(2)},
		{"12 opened while the other end is paused", rowHeld},
		{"13 write says whether the reader has paused", rowPause},
		{"14 wrappers", rowWrappers},
	} {
		for _, role := range roles {
			t.Run(row.name+"/"+role.name, func(t *testing.T) {
				t.Parallel()
				row.test(t, role)
			})
		}
	}
}

// npm's end() ends its reading too: what we still send is not wanted.
func rowEndsBoth(t *testing.T, role pairing) {
	s, p := node(t, `{}`, muxdemux.Config{})
	st, theirs := role.open(t, s, p, `"x"`, muxdemux.Both)
	sent := later(func() error { return st.Duplex().Sink(soon(t), never) })
	p.do(t, cmd("write", theirs, `"value":1`))
	p.want(t, "wrote", theirs)
	p.do(t, cmd("end", theirs, ""))
	got, err := receive(soon(t), st)
	require.Equal(t, io.EOF, err)
	require.Equal(t, []string{"1"}, got)
	require.Equal(t, pull.ErrStopped, <-sent)
	p.want(t, "end", theirs)
	require.False(t, p.want(t, "ended", theirs).Readable)

	// and Close of a duplex does the same to npm
	st, theirs = role.open(t, s, p, `"y"`, muxdemux.Both)
	require.NoError(t, st.Duplex().Close(nil))
	p.want(t, "close", theirs)
	require.NoError(t, s.Close(soon(t)))
}

// With half open we end first, and npm answers afterwards.
func rowEndsOne(t *testing.T, role pairing) {
	s, p := node(t, `{}`, muxdemux.Config{})
	st, theirs := role.open(t, s, p, `"x"`, muxdemux.Both)
	require.NoError(t, send(soon(t), st, "1", "2"))
	require.Equal(t, []string{"1", "2"}, p.values(t, theirs))
	p.do(t, cmd("write", theirs, `"value":"still here"`))
	require.True(t, p.want(t, "wrote", theirs).OK)
	p.do(t, cmd("end", theirs, ""))
	got, err := receive(soon(t), st)
	require.Equal(t, io.EOF, err)
	require.Equal(t, []string{`"still here"`}, got)
	require.NoError(t, s.Close(soon(t)))
}

func rowClose(t *testing.T, role pairing) {
	s, p := node(t, `{}`, muxdemux.Config{})
	var ours []*muxdemux.Stream
	for _, meta := range []string{`1`, `2`, `3`} {
		st, _ := role.open(t, s, p, meta, muxdemux.Write)
		ours = append(ours, st)
	}
	p.do(t, `{"do":"close"}`)
	closed := later(func() error { return s.Close(soon(t)) })
	for i, st := range ours {
		require.NoError(t, send(soon(t), st, "1"))
		for {
			if e := p.next(t); e.On == "close" {
				break
			} else {
				require.NotEqual(t, "closed", e.On, "after %d streams", i)
			}
		}
	}
	p.want(t, "closed", "")
	require.NoError(t, <-closed)
}

func rowCut(t *testing.T, role pairing) {
	for _, who := range []string{"npm", "we"} {
		s, p := node(t, `{"error":true}`, muxdemux.Config{})
		st, theirs := role.open(t, s, p, `"x"`, muxdemux.Both)
		values := pull.NewPushable[json.RawMessage](10, nil)
		sent := later(func() error { return st.Duplex().Sink(soon(t), values.Source()) })
		for range 3 {
			require.NoError(t, values.Push(soon(t), json.RawMessage("1")))
			p.want(t, "data", theirs)
			p.do(t, cmd("write", theirs, `"value":2`))
			p.want(t, "wrote", theirs)
			_, err := st.Duplex().Source(soon(t))
			require.NoError(t, err)
		}
		if who == "npm" {
			p.do(t, `{"do":"cut"}`)
		} else {
			require.NoError(t, s.Abort(errBoom))
		}
		_, err := receive(soon(t), st)
		require.Error(t, err)
		require.NotErrorIs(t, err, io.EOF)
		require.Equal(t, err, <-sent)
		if who == "npm" {
			require.ErrorIs(t, err, muxdemux.ErrLost)
			continue
		}
		require.Equal(t, errBoom, err)
		p.want(t, "conn close", "")
	}
}

func rowOneWay(t *testing.T, role pairing) {
	s, p := node(t, `{}`, muxdemux.Config{})
	st, theirs := role.open(t, s, p, `"w"`, muxdemux.Write)
	require.NoError(t, send(soon(t), st, numbers(100)...))
	require.Equal(t, numbers(100), p.values(t, theirs))
	p.want(t, "close", theirs)

	st, theirs = role.open(t, s, p, `"r"`, muxdemux.Read)
	p.do(t, cmd("many", theirs, `"n":100`))
	p.do(t, cmd("end", theirs, ""))
	got, err := receive(soon(t), st)
	require.Equal(t, io.EOF, err)
	require.Equal(t, numbers(100), got)
	require.NoError(t, s.Close(soon(t)))
}

// Who accepts writes at once.
func rowGreets(t *testing.T, role pairing) {
	words := []string{`"a"`, `"b"`, `"c"`, `"d"`}
	if role.name == "npm accepts" {
		s, p := node(t, `{"greet":true}`, muxdemux.Config{})
		st, _ := role.open(t, s, p, `"x"`, muxdemux.Both)
		got, err := receive(soon(t), st)
		require.Equal(t, io.EOF, err)
		require.Equal(t, words, got)
		return
	}
	s, p := node(t, `{}`, muxdemux.Config{})
	st, theirs := role.open(t, s, p, `"x"`, muxdemux.Both)
	require.NoError(t, send(soon(t), st, words...))
	require.Equal(t, words, p.values(t, theirs))
}

func rowStops(t *testing.T, role pairing) {
	s, p := node(t, `{}`, muxdemux.Config{})
	st, theirs := role.open(t, s, p, `"x"`, muxdemux.Both)
	p.do(t, cmd("write", theirs, `"value":1`))
	p.want(t, "wrote", theirs)
	p.do(t, `{"do":"stop"}`)
	got, err := receive(soon(t), st)
	require.Equal(t, []string{"1"}, got)
	require.Equal(t, io.EOF, err, "npm says end on each stream")
	p.want(t, "mx end", "")
	<-s.Done()

	s, p = node(t, `{}`, muxdemux.Config{})
	role.open(t, s, p, `"x"`, muxdemux.Both)
	require.NoError(t, s.Abort(nil))
	p.want(t, "conn close", "")
}

func rowDeaf(t *testing.T, role pairing) {
	if role.name == "npm accepts" {
		s, _ := node(t, `{"deaf":true}`, muxdemux.Config{})
		st, err := s.Open(soon(t), "x", muxdemux.Both)
		require.NoError(t, err)
		_, err = receive(soon(t), st)
		require.Equal(t, &muxdemux.StreamError{Text: "remote end lacks connection listener 1"}, err)
		w, err := s.Open(soon(t), "x", muxdemux.Write)
		require.NoError(t, err)
		require.ErrorContains(t, w.Duplex().Sink(soon(t), never), "listener")
		return
	}
	s, p := node(t, `{}`, muxdemux.Config{})
	require.NoError(t, pull.Abort(s.Accept, errBoom))
	p.do(t, `{"do":"create","s":"x"}`)
	p.want(t, "created", "x")
	require.Equal(t, "remote end does not accept streams", p.want(t, "error", "x").Text)
	p.want(t, "close", "x")
}

func rowMeta(t *testing.T, role pairing) {
	s, p := node(t, `{}`, muxdemux.Config{})
	for _, meta := range []string{
		`{"name":"same","deep":[1,{"x":null}],"text":"☔ \u2028 <&>"}`, `7`, `null`, `[]`, `""`,
	} {
		a, theirs := role.open(t, s, p, meta, muxdemux.Both)
		b, others := role.open(t, s, p, meta, muxdemux.Both)
		require.NotEqual(t, a.ID(), b.ID())
		require.NoError(t, send(soon(t), a, `"to a"`))
		require.Equal(t, []string{`"to a"`}, p.values(t, theirs))
		require.NoError(t, send(soon(t), b, `"to b"`))
		require.Equal(t, []string{`"to b"`}, p.values(t, others))
		for _, st := range []*muxdemux.Stream{a, b} {
			require.NoError(t, pull.Abort(st.Duplex().Source, nil))
		}
	}
	if role.name == "npm opens" {
		p.do(t, `{"do":"create","s":"none"}`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		require.Nil(t, st.Meta())
	}
}

// Whoever accepts sends back what comes, on one stream or on two at once.
func rowEcho(streams int) func(t *testing.T, role pairing) {
	return func(t *testing.T, role pairing) {
		if role.name == "npm accepts" {
			echoesOfNode(t, streams)
			return
		}
		s, p := node(t, `{}`, muxdemux.Config{})
		names := []string{"a", "b"}[:streams]
		for _, name := range names {
			p.do(t, cmd("create", name, ""))
			p.want(t, "created", name)
			st, err := s.Accept(soon(t))
			require.NoError(t, err)
			go func() { _ = st.Duplex().Sink(soon(t), st.Duplex().Source) }()
		}
		for _, name := range names {
			p.do(t, cmd("many", name, `"n":1000`))
		}
		got := map[string][]string{}
		for len(got["a"]) < 1000 || streams > 1 && len(got["b"]) < 1000 {
			if e := p.next(t); e.On == "data" {
				got[e.S] = append(got[e.S], string(e.Value))
			}
		}
		for _, name := range names {
			require.Equal(t, numbers(1000), got[name])
		}
	}
}

func echoesOfNode(t *testing.T, streams int) {
	s, _ := node(t, `{"echo":true}`, muxdemux.Config{})
	results := make(chan error, streams)
	for range streams {
		st, err := s.Open(soon(t), "echo", muxdemux.Both)
		require.NoError(t, err)
		go func() {
			sent := later(func() error { return send(soon(t), st, numbers(5000)...) })
			got, err := receive(soon(t), st)
			if err == io.EOF && strings.Join(got, " ") != strings.Join(numbers(5000), " ") {
				err = errors.New("out of order")
			}
			results <- errors.Join(err, <-sent)
		}()
	}
	for range streams {
		require.Equal(t, io.EOF.Error(), (<-results).Error())
	}
	require.NoError(t, s.Close(soon(t)))
}

// What is opened while a whole end is paused is there later.
func rowHeld(t *testing.T, role pairing) {
	s, p := node(t, `{"hold":true}`, muxdemux.Config{})
	if role.name == "npm opens" {
		p.do(t, cmd("create", "x", `"meta":"early"`))
		p.do(t, cmd("write", "x", `"value":1`))
		p.do(t, `{"do":"go"}`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		require.JSONEq(t, `"early"`, string(st.Meta()))
		v, err := st.Duplex().Source(soon(t))
		require.NoError(t, err)
		require.Equal(t, "1", string(v))
		return
	}
	st, err := s.Open(soon(t), "early", muxdemux.Write)
	require.NoError(t, err)
	require.NoError(t, send(soon(t), st, "1"))
	p.do(t, `{"do":"go"}`)
	e := p.want(t, "connection", "in0")
	require.JSONEq(t, `"early"`, string(e.Meta))
	require.Equal(t, []string{"1"}, p.values(t, "in0"))
}

// Both ways: our reader pauses npm's writer, and npm's reader our sink.
func rowPause(t *testing.T, role pairing) {
	s, p := node(t, `{}`, muxdemux.Config{Hold: 1})
	st, theirs := role.open(t, s, p, `"x"`, muxdemux.Both)
	src := st.Duplex().Source
	for range 3 {
		write := func() bool {
			p.do(t, cmd("write", theirs, `"value":1`))
			return p.want(t, "wrote", theirs).OK
		}
		for !write() { // until resume has arrived
			_, err := src(soon(t))
			require.NoError(t, err)
		}
		for write() { // until pause has arrived, since nobody reads
		}
		p.do(t, cmd("write", theirs, `"value":"last"`))
		require.False(t, p.want(t, "wrote", theirs).OK)
		for v := ""; v != `"last"`; { // what was written nevertheless has come
			got, err := src(soon(t))
			require.NoError(t, err)
			v = string(got)
		}
		p.want(t, "drain", theirs)
	}

	values := pull.NewPushable[json.RawMessage](10, nil)
	go func() { _ = st.Duplex().Sink(soon(t), values.Source()) }()
	require.NoError(t, values.Push(soon(t), json.RawMessage("1")))
	p.want(t, "data", theirs)
	p.do(t, cmd("pause", theirs, ""))
	p.do(t, cmd("write", theirs, `"value":"behind the pause"`))
	p.want(t, "wrote", theirs)
	_, err := src(soon(t))
	require.NoError(t, err)
	for n := range 5 { // one was being pulled and may pass
		require.NoError(t, values.Push(soon(t), json.RawMessage(numbers(9)[n])))
	}
	p.do(t, cmd("write", theirs, `"value":"again"`))
	passed := 0
	for e := p.next(t); e.On != "wrote"; e = p.next(t) {
		if e.On == "data" {
			passed++
		}
	}
	require.LessOrEqual(t, passed, 1)
	p.do(t, cmd("resume", theirs, ""))
	for ; passed < 5; passed++ {
		p.want(t, "data", theirs)
	}
}

// JSON is on the wire with npm's wrapper for JSONB too, as long as no text
// begins with a colon. msgpack is not spoken: no line of it is JSON.
func rowWrappers(t *testing.T, role pairing) {
	s, p := node(t, `{"module":"mux-demux/jsonb"}`, muxdemux.Config{})
	st, theirs := role.open(t, s, p, `{"a":1}`, muxdemux.Both)
	values := []string{`{"x":[1,2,null]}`, `"text"`, `null`, `true`}
	require.NoError(t, send(soon(t), st, values...))
	require.Equal(t, values, p.values(t, theirs))
	p.do(t, cmd("write", theirs, `"value":{"y":"☔"}`))
	v, err := st.Duplex().Source(soon(t))
	require.NoError(t, err)
	require.JSONEq(t, `{"y":"☔"}`, string(v))
}
