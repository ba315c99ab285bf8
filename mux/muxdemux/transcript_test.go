package muxdemux_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
)

// The streams of testdata/npm.txt, which was recorded between two of npm.
const (
	streamW = "e314ef23f93dd9f6ad7bfd991f"
	streamD = "d2c52b5d765bb56bf1a3621806"
	streamR = "09e1ad1b37bcbfd2c1344e5178"
	streamH = "c2d3526c3d2cd45ee10f4229c2"
)

// An actor is the program at one end of a recording.
type actor struct {
	s       *muxdemux.Session
	streams map[string]*muxdemux.Stream
	write   map[string]*pull.Pushable[json.RawMessage]
}

// use writes to a stream what is pushed.
func (a *actor) use(t *testing.T, st *muxdemux.Stream) {
	a.streams[st.ID()] = st
	if st.Kind() == muxdemux.Read {
		return
	}
	p := pull.NewPushable[json.RawMessage](10, nil)
	a.write[st.ID()] = p
	go func() { _ = st.Duplex().Sink(t.Context(), p.Source()) }()
}

// read reads a stream to its end in the background.
func (a *actor) read(t *testing.T, id string) {
	go func() { _, _ = receive(t.Context(), a.streams[id]) }()
}

func (a *actor) push(t *testing.T, id, value string) {
	require.NoError(t, a.write[id].Push(t.Context(), json.RawMessage(value)))
}

// replay has a session be one end of the recording: it is told what the other
// end said, and must say, byte for byte, what its end did. do is what its
// program did, by the line that it made the session say.
func replay(
	t *testing.T, ours string, cfg muxdemux.Config, without string,
	do func(t *testing.T, a *actor, line string),
) {
	recording, err := os.ReadFile("testdata/npm.txt")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, cfg)
		a := &actor{s: s, streams: map[string]*muxdemux.Stream{},
			write: map[string]*pull.Pushable[json.RawMessage]{}}
		var said []string
		lines := 0
		for row := range strings.Lines(string(recording)) {
			who, line, _ := strings.Cut(strings.TrimSuffix(row, "\n"), " ")
			switch {
			case who == "#" || without != "" && strings.Contains(line, without):
				continue
			case who != ours:
				h.say(t, line)
				do(t, a, line)
				continue
			}
			if len(said) == 0 {
				do(t, a, line)
				said = h.said()
			}
			require.NotEmpty(t, said, "it says nothing, recorded was %s", line)
			require.Equal(t, line, said[0])
			said = said[1:]
			lines++
		}
		require.Empty(t, append(said, h.said()...))
		require.Greater(t, lines, 7)
	})
}

// The end that opens, in npm's place.
func TestTranscriptOpener(t *testing.T) {
	ids := []string{streamW, streamD, streamR, streamH}
	next := func() string {
		id := ids[0]
		ids = ids[1:]
		return id
	}
	opens := func(t *testing.T, a *actor, meta any, kind muxdemux.Kind) {
		st, err := a.s.Open(t.Context(), meta, kind)
		require.NoError(t, err)
		a.use(t, st)
		a.read(t, st.ID())
		settle()
	}
	replay(t, "A>B", muxdemux.Config{ID: next}, "", func(t *testing.T, a *actor, line string) {
		var row []json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(line), &row))
		id := strings.Trim(string(row[0]), `"`)
		switch string(row[1]) {
		case `"new"`:
			switch id {
			case streamW:
				opens(t, a, map[string]string{"kind": "write"}, muxdemux.Write)
			case streamD:
				opens(t, a, "dup", muxdemux.Both)
			case streamR:
				opens(t, a, map[string]int{"r": 1}, muxdemux.Read)
			case streamH:
				opens(t, a, "half", muxdemux.Both)
			}
		case `"data"`:
			if !strings.Contains(line, "hello from B") {
				a.push(t, id, string(row[2]))
			}
		case `"end"`:
			a.write[id].End()
		}
	})
}

// The end that accepts. In npm it sent two errors on one stream, and here an
// error ends a direction: so it is played twice, with either of them.
func TestTranscriptAcceptor(t *testing.T) {
	for without, failure := range map[string]error{
		`"bad thing"`: &muxdemux.StreamError{Data: json.RawMessage(`{"message":"obj err","code":404}`)},
		`"obj err"`:   errors.New("bad thing"),
	} {
		take := func(t *testing.T, a *actor, n int) {
			for range n {
				_, err := a.streams[streamW].Duplex().Source(t.Context())
				require.NoError(t, err)
			}
		}
		replay(t, "B>A", muxdemux.Config{Hold: 1}, without, func(t *testing.T, a *actor, line string) {
			var row []json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(line), &row))
			id, event := strings.Trim(string(row[0]), `"`), strings.Trim(string(row[1]), `"`)
			switch {
			case event == "new":
				st, err := a.s.Accept(t.Context())
				require.NoError(t, err)
				a.use(t, st)
				if id == streamW {
					go func() { take(t, a, 1) }()
				} else {
					a.read(t, id)
				}
				settle()
			case strings.Contains(line, "hello from B"):
				a.push(t, id, string(row[2]))
			case event == "resume":
				take(t, a, 2)
			case id == streamW && event == "end":
				a.read(t, id)
			case event == "error":
				a.write[id].Fail(failure)
			}
			settle()
		})
	}
}

// The raw client of testdata, which half closes and waits for what npm says.
func TestTranscriptOfRawClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{})
		h.say(t, `["go0001","new",{"meta":{"hello":"go"},"opts":{"readable":true,"writable":true}}]`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		require.JSONEq(t, `{"hello":"go"}`, string(st.Meta()))
		go func() {
			_ = st.Duplex().Sink(t.Context(), echo(st.Duplex().Source))
		}()
		h.say(t, `["go0001","data",{"n":1}]`)
		require.Equal(t, []string{`["go0001","data",{"echo":{"n":1}}]`}, h.said())
		h.say(t, `["go0001","end"]`)
		require.Equal(t, []string{`["go0001","end"]`, `["go0001","close"]`}, h.said())
	})
}

// echo wraps each value.
func echo(src pull.Source[json.RawMessage]) pull.Source[json.RawMessage] {
	return func(ctx context.Context) (json.RawMessage, error) {
		v, err := src(ctx)
		if err != nil {
			return nil, err
		}
		return json.RawMessage(`{"echo":` + string(v) + `}`), nil
	}
}
