package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

const offersF = `{"method":"methods","arguments":[{"f":"[Function]"}],"callbacks":{"0":["0","f"]}}`

// Every line that is no message ends the Peer, with an error that says why.
func TestMalformed(t *testing.T) {
	for line, want := range map[string]string{
		`notjson`: "not an object", `null`: "not an object", `[]`: "not an object", `42`: "not an object",
		`"HELLO"`: "not an object", ``: "not an object", `[["k",1],7,"Z"]`: "not an object",
		`{}`:                          "neither",
		`{"id":"Z","clock":{}}`:       "neither",
		`{"method":"f"`:               "JSON",
		`{"method":"f"} x`:            "invalid",
		`{"method":-1}`:               "number",
		`{"method":1.5}`:              "number",
		`{"method":{}}`:               "method",
		`{"method":1e30}`:             "number",
		`{"method":0,"return":1}`:     "neither",
		"{\"method\":\"\xff\"}":       "UTF-8",
		`{"method":0,"arguments":{}}`: "arguments",
		`{"method":0,"arguments":7}`:  "arguments",
		`{"method":0,"callbacks":[]}`: "callbacks",

		`{"method":0,"callbacks":{"0":"x"}}`:                         "no array",
		`{"method":0,"callbacks":{"0":[{}]}}`:                        "neither text nor index",
		`{"method":0,"callbacks":{"0":[-1]}}`:                        "neither text nor index",
		`{"method":0,"links":{}}`:                                    "links",
		`{"method":0,"links":[7]}`:                                   "links",
		`{"method":0,"links":[{"from":7,"to":[]}]}`:                  "no array",
		`{"method":"cull","arguments":["x"]}`:                        "cull",
		`{"call":-1,"method":0}`:                                     "call",
		`{"call":1,"method":0,"timeout":-1}`:                         "timeout",
		`{"return":"x"}`:                                             "return",
		`{"cancel":[]}`:                                              "cancel",
		`{"return":1,"error":"x"}`:                                   "error",
		`{"method":0,"arguments":[` + strings.Repeat(`[`, 60) + `]}`: "deeper than 50",
		`{"method":"` + strings.Repeat("x", 5000) + `"}`:             "bytes, of 5000",
		`{"method":"methods","callbacks":{"x":["0"]}}`:               "number of a function",
		`{"method":"methods","callbacks":{"0":["__proto__"]}}`:       "__proto__",
	} {
		t.Run(fmt.Sprintf("%.40q", line), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ran := 0
				p, h := hand(t, Methods{"f": rpc.Func(func(context.Context, any) (any, error) {
					ran++
					return nil, nil
				})}, rpc.Config{MaxDepth: 50, MaxMessage: 5000})
				h.say(t, offersF, `{"method":"f"}`)
				called := later(func() error { return p.Call(t.Context(), "f", nil) })
				settle()
				_, _ = h.in.TryPush(frame.Msg(line))
				_, _ = h.in.TryPush(frame.Msg(`{"method":"f"}`))
				err := <-called
				require.ErrorIs(t, err, rpc.ErrProtocol)
				require.ErrorContains(t, err, want)
				<-p.Done()
				require.Equal(t, err, p.Err())
				require.Equal(t, 1, ran)
			})
		})
	}
}

// What is a message but makes no sense fails its call, and no more.
func TestNonsenseFailsItsCall(t *testing.T) {
	const never = "rpc: no such method"
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 100)
		_, h := hand(t, Methods{"f": rpc.Func(func(_ context.Context, v any) (any, error) { return v, nil })},
			rpc.Config{Failed: func(err error) { told <- err }})
		h.said()
		for line, want := range map[string]string{
			`{"method":"nosuch"}`:    never,
			`{"method":999}`:         never,
			`{"method":"toString"}`:  never,
			`{"method":"__proto__"}`: never,
			`{"method":""}`:          never,
			`{"method":"f","arguments":["x"],"callbacks":{"1":["0","y"]}}`:                          "nowhere",
			`{"method":"f","arguments":[[]],"callbacks":{"1":["0","5","x"]}}`:                       "nowhere",
			`{"method":"f","arguments":[],"callbacks":{"1":[]}}`:                                    "",
			`{"method":"f","arguments":[{}],"callbacks":{"1":["0","__proto__"]}}`:                   "__proto__",
			`{"method":"f","arguments":[{}],"links":[{"from":["0","constructor"],"to":["0","x"]}]}`: "constructor",
			`{"method":"f","arguments":[{}],"links":[{"from":["0"],"to":["0","prototype","x"]}]}`:   "prototype",
			`{"method":"f","arguments":[{}],"links":[{"from":["0","none"],"to":["0","x"]}]}`:        "",
			`{"method":"f","arguments":[{}],"links":[{"from":["0"],"to":["0","a","b"]}]}`:           "nowhere",
			`{"method":"f","arguments":[[]],"links":[{"from":["0"],"to":["0","99999999"]}]}`:        "nowhere",
			`{"method":"f","arguments":[],"links":[{"from":[],"to":["99999999"]}]}`:                 "",
			`{"method":"f","arguments":[7],"links":[{"from":["0","x"],"to":["0"]}]}`:                "nowhere",
			`{"method":"f","arguments":["[Source]"],"streams":{"1":["0"]}}`:                         "",
			`{"return":7}`:                         "",
			`{"cancel":7}`:                         "",
			`{"method":"cull","arguments":[0,77]}`: "",
		} {
			h.say(t, line)
			select {
			case err := <-told:
				require.NotEmpty(t, want, "%s: %v", line, err)
				require.ErrorContains(t, err, want, line)
			default:
				require.Empty(t, want, line)
			}
		}
		require.Empty(t, h.said())
		// It goes on, and to a Peer the error is an answer.
		h.say(t, `{"call":1,"method":0,"arguments":["x"]}`, `{"call":2,"method":77}`,
			`{"call":3,"method":"f","arguments":["x"],"callbacks":{"1":["0","y"]}}`)
		said := strings.Join(h.said(), "\n")
		require.Contains(t, said, `{"return":1,"arguments":["x"],"callbacks":{},"links":[]}`)
		require.Contains(t, said, `{"return":2,"error":{"code":"no such method"`)
		require.Contains(t, said, `{"return":3,"error":{"code":"arguments"`)
	})
}

func TestSameCallTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, h := hand(t, Methods{"f": rpc.Func(func(ctx context.Context, _ int) (any, error) {
			<-ctx.Done()
			return nil, nil
		})}, rpc.Config{})
		h.say(t, `{"call":1,"method":0}`, `{"call":1,"method":0}`)
		<-p.Done()
		require.ErrorIs(t, p.Err(), rpc.ErrProtocol)
	})
}

// A peer that has itself answered and does not read the answers is cut off, or
// not read from.
func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := pull.NewPushable[frame.Msg](1, nil)
		p := rpc.New(duplex.Duplex[frame.Msg, frame.Msg]{
			Source: in.Source(),
			Sink: func(ctx context.Context, _ pull.Source[frame.Msg]) error {
				<-ctx.Done()
				return pull.Cause(ctx)
			},
		}, Methods{"f": louder}, rpc.Config{MaxCalls: 10})
		pushed := 0
		for ok := true; ok; pushed++ {
			require.Less(t, pushed, 10_000)
			ok, _ = in.TryPush(frame.Msg(`{"call":` + fmt.Sprint(pushed) + `,"method":0,"arguments":["` +
				strings.Repeat("x", 1000) + `"]}`))
			settle()
		}
		assert.Greater(t, pushed, 64)
		assert.Less(t, pushed, 200)
		require.NoError(t, p.Abort(nil))
	})
}

func TestLinesAreBounded(t *testing.T) {
	x, _ := duplex.Pair[[]byte, []byte]()
	x.Source = pull.Values([]byte(strings.Repeat("x", 2<<20)))
	p := rpc.New(rpc.Lines(x, 0), nil, rpc.Config{})
	<-p.Done()
	require.ErrorIs(t, p.Err(), rpc.ErrProtocol)
}

// FuzzPeer has a Peer read anything. It must end, with nothing or an error of
// its own; all it says must be messages that another one can read.
func FuzzPeer(f *testing.F) {
	recording, err := os.ReadFile("testdata/npm.txt")
	require.NoError(f, err)
	ends := map[string]string{}
	for row := range strings.Lines(string(recording)) {
		who, line, _ := strings.Cut(row, " ")
		ends[who] += line
	}
	f.Add([]byte(ends["C>S"]))
	f.Add([]byte(ends["S>C"]))
	f.Add([]byte(offersF + "\n" + `{"call":1,"method":0,"arguments":[{"a":[1]}],"links":[{"from":["0"],"to":["0","a","0"]}]}` + "\n"))
	f.Add([]byte(`{"method":"methods","arguments":[{}],"weir":1}` + "\n" +
		`{"call":1,"method":1,"arguments":["x","[Function]"],"callbacks":{"7":["1"]},"timeout":5}` + "\n" + `{"cancel":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		said, err := feed(data)
		if err != nil {
			require.True(t, isOurs(err), "%v", err)
		}
		_, err = feed(said)
		require.NotErrorIs(t, err, rpc.ErrProtocol, "%s", said)
	})
}

func isOurs(err error) bool {
	return (is(err, rpc.ErrProtocol) || is(err, rpc.ErrLost)) && !is(err, io.EOF)
}

// feed has a Peer with all kinds of handlers read data.
func feed(data []byte) (said []byte, err error) {
	type node struct {
		A    any
		C    *node
		F    rpc.Remote
		List []node
		Map  map[string]*node
		S    rpc.Source[int]
	}
	methods := Methods{
		"any":  rpc.Func(func(_ context.Context, v any) (any, error) { return v, nil }),
		"node": rpc.Func(func(_ context.Context, v node) (node, error) { return v, nil }),
		"text": louder,
		"calls": rpc.Handler(func(ctx context.Context, args rpc.Args) (any, error) {
			var f rpc.Remote
			var v any
			err := args.Scan(&v, &f)
			_ = f.Send(ctx, v)
			return nil, err
		}),
	}
	read, ended := make(chan struct{}), make(chan struct{})
	left := [][]byte{data}
	p := rpc.New(rpc.Lines(duplex.Duplex[[]byte, []byte]{
		Source: pull.From(func(ctx context.Context) ([]byte, error) {
			if len(left) > 0 {
				left = nil
				return data, nil
			}
			close(read)
			select {
			case <-ended:
				return nil, io.EOF
			case <-ctx.Done():
				return nil, pull.Cause(ctx)
			}
		}, nil),
		Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
			defer close(ended)
			return pull.Each(ctx, src, func(chunk []byte) error {
				said = append(said, chunk...)
				return nil
			})
		},
	}, 5000), methods, rpc.Config{MaxDepth: 30, MaxMessage: 5000, MaxFunctions: 20, MaxCalls: 3})
	select {
	case <-read:
	case <-p.Done():
	}
	return said, p.Close(context.Background())
}

// What is malformed to scuttlebutt is no message here either: an error of ours,
// and no hang.
func TestMalformedElsewhere(t *testing.T) {
	text, err := os.ReadFile("testdata/malformed.json")
	require.NoError(t, err)
	var rows map[string]any
	require.NoError(t, json.Unmarshal(text, &rows))
	require.Greater(t, len(rows), 15)
	for row := range rows {
		_, err := feed([]byte(strings.ReplaceAll(row, `\n`, "\n")))
		require.ErrorIs(t, err, rpc.ErrProtocol, "%q", row)
	}
}
