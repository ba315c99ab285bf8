package rpc_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux/rpc"
)

// replay has a Peer be one end of testdata/npm.txt, which was recorded between
// two dnodes of npm: it is told what the other end said, and must say, byte for
// byte, what its end did. act is what its program does.
func replay(
	t *testing.T, ours string, methods any, without []string, act func(t *testing.T, p *rpc.Peer),
) (failed []error, ended error) {
	recording, err := os.ReadFile("testdata/npm.txt")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		fails := make(chan error, 10)
		p, h := hand(t, methods, rpc.Config{Plain: true, Failed: func(err error) { fails <- err }})
		acted := later(func() error {
			act(t, p)
			return nil
		})
		var said []string
		lines := 0
		for row := range strings.Lines(string(recording)) {
			who, line, _ := strings.Cut(strings.TrimSuffix(row, "\n"), " ")
			if who == "#" || containsAny(line, without) {
				continue
			}
			if who != ours {
				h.say(t, line)
				continue
			}
			if len(said) == 0 {
				said = h.said()
			}
			require.NotEmpty(t, said, "it says nothing, recorded was %s", line)
			require.Equal(t, line, said[0])
			said = said[1:]
			lines++
		}
		require.Empty(t, append(said, h.said()...))
		require.GreaterOrEqual(t, lines, 10)
		<-acted
		ended = p.Err()
		for range len(fails) {
			failed = append(failed, <-fails)
		}
	})
	return failed, ended
}

func containsAny(line string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(line, part) {
			return true
		}
	}
	return false
}

// recorded are the methods of the server of the recording, in its order.
type recorded struct {
	Transform rpc.Handler `json:"transform"`
	Z         rpc.Handler `json:"z"`
	SendObj   rpc.Handler `json:"sendObj"`
	Dates     rpc.Handler `json:"dates"`
	Boom      rpc.Handler `json:"boom"`
	Nested    struct {
		Deep struct {
			Fn rpc.Handler `json:"fn"`
		} `json:"deep"`
	} `json:"nested"`
	N    int         `json:"n"`
	Arr  []any       `json:"arr"`
	Same rpc.Handler `json:"same"`
}

// jsBuffer is what a Buffer becomes in JSON.
type jsBuffer struct {
	Type string `json:"type"`
	Data []int  `json:"data"`
}

func recordedServer(t *testing.T) recorded {
	answer := func(values ...any) rpc.Handler {
		return func(context.Context, rpc.Args) (any, error) { return rpc.Values(values), nil }
	}
	s := recorded{
		Transform: louder, N: 5, Arr: []any{1, answer("in-array")}, Boom: answer(),
		Dates: answer(time.Unix(0, 0).UTC().Format("2006-01-02T15:04:05.000Z07:00"), nil, nil, nil,
			jsBuffer{"Buffer", []int{104, 105}}),
	}
	s.Nested.Deep.Fn = answer("deep")
	s.Z = func(ctx context.Context, args rpc.Args) (any, error) {
		var f, g, h rpc.Remote
		var x, y int
		assert.NoError(t, args.Scan(&f, &g, &h))
		assert.NoError(t, f.Call(ctx, &x, 10))
		assert.NoError(t, g.Call(ctx, &y, 10))
		return nil, h.Send(ctx, x, y)
	}
	s.SendObj = func(_ context.Context, args rpc.Args) (any, error) {
		var object any
		if err := args.Scan(&object); err != nil {
			return nil, err
		}
		m := object.(map[string]any)
		m["d"] = m
		return m, nil
	}
	s.Same = func(ctx context.Context, args rpc.Args) (any, error) {
		var f, g rpc.Remote
		assert.NoError(t, args.Scan(&f, &g))
		assert.NoError(t, f.Send(ctx, "a"))
		return nil, g.Send(ctx, "b")
	}
	return s
}

func TestTranscriptServer(t *testing.T) {
	failed, ended := replay(t, "S>C", recordedServer(t), nil, func(*testing.T, *rpc.Peer) {})
	require.Len(t, failed, 3)
	for _, err := range failed { // a name and a number that are none, and one that is inherited
		require.ErrorIs(t, err, rpc.ErrNoMethod)
	}
	require.ErrorIs(t, ended, rpc.ErrProtocol) // a line that is no JSON
}

// The client, up to where the recording has lines that its program did not make.
func TestTranscriptClient(t *testing.T) {
	raw := []string{`"nosuch"`, `999`, `"cull"`, `"toString"`, `"transform","arguments"`, `"method":77`, "not json"}
	methods := rpc.Methods{"ping": louder}
	node := rpc.Func(func(_ context.Context, n int) (int, error) { return n, nil })
	twice := rpc.Func(func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	half := rpc.Func(func(_ context.Context, n int) (int, error) { return n / 2, nil })
	failed, _ := replay(t, "C>S", methods, raw, func(t *testing.T, p *rpc.Peer) {
		ctx := t.Context()
		var s string
		assert.NoError(t, p.Call(ctx, "transform", &s, "beep"))
		assert.Equal(t, "BEEP", s)
		got := make(chan []int, 1)
		assert.NoError(t, p.Send(ctx, "z", twice, half, rpc.Handler(
			func(_ context.Context, args rpc.Args) (any, error) {
				var a, b int
				err := args.Scan(&a, &b)
				got <- []int{a, b}
				return nil, err
			})))
		assert.Equal(t, []int{20, 5}, <-got)

		type object struct {
			A int     `json:"a"`
			C *object `json:"c"`
			D *object `json:"d,omitempty"`
		}
		out := &object{A: 1}
		out.C = out
		var back object
		assert.NoError(t, p.Call(ctx, "sendObj", &back, out))
		assert.Same(t, &back, back.C)
		assert.Same(t, &back, back.D)

		var at time.Time
		var none []any
		var buffer jsBuffer
		assert.NoError(t, p.Call(ctx, "dates", rpc.Values{&at, new(any), new(any), &none, &buffer},
			json.RawMessage(`"1970-01-01T00:00:00.000Z"`), nil, nil))
		assert.True(t, at.Equal(time.Unix(0, 0)))
		assert.Equal(t, []int{104, 105}, buffer.Data)
		assert.NoError(t, p.Call(ctx, "nested.deep.fn", &s))
		assert.Equal(t, "deep", s)
		assert.NoError(t, p.Call(ctx, "arr.1", &s))
		assert.Equal(t, "in-array", s)
		assert.NoError(t, p.Send(ctx, "same", node, node))
	})
	require.Len(t, failed, 2) // "a" and "b" are no numbers, and nobody awaits an answer
}
