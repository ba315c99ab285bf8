package rpc_test

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux/rpc"
)

// x is what a client offers to timesX.
func x(context.Context, any) (int, error) { return 3, nil }

// TestNodeRows is what the tests of dnode and dnode-protocol ask, with npm's at
// the other end, once called by us and once calling us.
func TestNodeRows(t *testing.T) {
	ids := []any{"function", "function"}
	for _, row := range []struct {
		name   string
		called func(t *testing.T, p *rpc.Peer) // npm offers
		row    string                          // npm calls
		told   [][]any                         // and finds this
		skip   string
	}{
		{name: "01 a field _id that is no function", called: rowID, row: "id", told: [][]any{{1337}}},
		{name: "02 arguments of connect and listen", skip: "npm's connect and listen do not run on " +
			"Node 20; here a duplex is dialled by its own package"},
		{name: "03 a call within a call", called: rowBidirectional, row: "bidirectional", told: [][]any{{60}}},
		{name: "04 broadcast to three, in order", called: rowBroadcast, row: "order"},
		{name: "05 circular, in and out", called: rowCircular, row: "circular", told: [][]any{{true, true, true, 1}}},
		{name: "06 three callbacks, twice", called: rowDouble, row: "double"},
		{name: "07 two subscribers get the same", called: rowSubscribe, row: "subscribe", told: [][]any{
			{[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}}},
		{name: "08 methods added before they are sent", called: rowAdded, row: "three", told: [][]any{{"A"}, {"B"}, {"C"}}},
		{name: "09 two connections do not meet", called: rowNested, row: "three", told: [][]any{{"A"}, {"B"}, {"C"}}},
		{name: "10 null in an object and as an argument", called: rowNulls, row: "nulls",
			told: [][]any{{map[string]any{"x": nil}, nil}}},
		{name: "11 objects by value, functions by reference", called: rowByRef, row: "byRef",
			told: [][]any{{"mine", "changed", 1, 1}}},
		{name: "12 plain values among methods", called: rowPlain, row: "plain",
			told: [][]any{{true, []any{1, 2, map[string]int{"three": 4}}, nil, "function"}}},
		{name: "13 an array that holds itself", called: rowLoop, row: "loop", told: [][]any{{1, true}}},
		{name: "14 three calls", called: rowThree, row: "three", told: [][]any{{"A"}, {"B"}, {"C"}}},
		{name: "15 calls before the connection is there", called: rowEarly, row: "three", told: [][]any{{"A"}, {"B"}, {"C"}}},
		{name: "16 Unicode, and a Unix socket", called: rowUnicode, row: "unicode", told: [][]any{{"☔☔☔☁☼☁❄ ÉTÉ"}}},
		{name: "17 exact frames of methods", called: rowOffered, row: "plain",
			told: [][]any{{true, []any{1, 2, map[string]int{"three": 4}}, nil, "function"}}},
		{name: "18 a function that is passed twice in a call", called: rowIDs, row: "ids", told: [][]any{ids}},
		{name: "19 npm's wrap is called for each function it gets", called: rowDeep, row: "wrap",
			told: [][]any{{len(handlersOf(offered())) + 4}}}, // x, argc, linked, and what echo sends back
		{name: "20 links", called: rowLinks, row: "links"},
		{name: "21 pollution", called: rowGuards, row: "guards", told: [][]any{{"STILL", true}}},
		{name: "22 a link beyond the arguments", called: rowExtends, row: "extends"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.skip != "" {
				t.Skip(row.skip)
			}
			t.Run("npm is called", func(t *testing.T) {
				t.Parallel()
				p, _ := node(t, "", rpc.Methods{"x": rpc.Func(x)}, rpc.Config{})
				row.called(t, p)
				require.NoError(t, p.Close(soon(t)))
			})
			t.Run("npm calls", func(t *testing.T) {
				t.Parallel()
				rowCalls(t, row.row, row.told)
			})
		})
	}
}

// handlersOf are the functions among methods.
func handlersOf(m rpc.Methods) (all []rpc.Handler) {
	for _, v := range m {
		switch v := v.(type) {
		case rpc.Handler:
			all = append(all, v)
		case rpc.Methods:
			all = append(all, handlersOf(v)...)
		}
	}
	return all
}

// rowCalls has npm call us, and find what it should.
func rowCalls(t *testing.T, row string, told [][]any) {
	methods := offered()
	methods["x"] = rpc.Func(x)
	linked := make(chan map[string]any, 1)
	methods["linked"] = rpc.Func(func(_ context.Context, m map[string]any) (any, error) {
		linked <- m
		return nil, nil
	})
	counted := make(chan int, 3)
	methods["argc"] = rpc.Handler(func(_ context.Context, args rpc.Args) (any, error) {
		var a, b, c, d any
		err := args.Scan(&a, &b, &c, &d)
		all, _ := d.([]any)
		counted <- len(all)
		return nil, err
	})
	_, d := node(t, row, methods, rpc.Config{InOrder: true})
	switch row {
	case "order":
		for n := range 100 {
			d.want(t, n)
		}
	case "double": // which waits for callbacks, and so lets the next one run
		require.ElementsMatch(t, []any{[]any{20.0, 5.0}, []any{20.0, 20.0}}, []any{d.next(t), d.next(t)})
	case "links": // of which one is no cycle
		m := <-linked
		m["a"].([]any)[0] = "changed"
		require.Equal(t, []any{"changed", 2.0}, m["b"])
		require.Equal(t, reflect.ValueOf(m).Pointer(), reflect.ValueOf(m["c"]).Pointer())
	case "extends":
		require.Equal(t, 4, <-counted)
	default:
		for _, w := range told {
			d.want(t, w...)
		}
		require.Empty(t, counted) // calls with what is guarded are none
	}
}

func rowID(t *testing.T, p *rpc.Peer) {
	var got struct {
		ID int `json:"_id"`
	}
	require.NoError(t, p.Offered(soon(t), &got))
	require.Equal(t, 1337, got.ID)
}

func rowBidirectional(t *testing.T, p *rpc.Peer) {
	var n int
	require.NoError(t, p.Call(soon(t), "timesX", &n, 20))
	require.Equal(t, 60, n)
}

func rowBroadcast(t *testing.T, _ *rpc.Peer) {
	const clients = 3
	var got [clients]chan int
	for i := range clients {
		p, _ := node(t, "", nil, rpc.Config{})
		got[i] = make(chan int, 100)
		require.NoError(t, p.Send(soon(t), "subscribe", rpc.Func(func(_ context.Context, n int) (any, error) {
			got[i] <- n
			return nil, nil
		})))
		for n := range 100 {
			require.NoError(t, p.Send(soon(t), "emit", n))
		}
	}
	for i := range clients {
		for n := range 100 {
			require.Equal(t, n, <-got[i])
		}
	}
}

func rowCircular(t *testing.T, p *rpc.Peer) {
	out := &ring{A: 1}
	out.C = out
	var back ring
	var was bool
	require.NoError(t, p.Call(soon(t), "circular", rpc.Values{&back, &was}, out))
	require.True(t, was)
	require.Same(t, &back, back.C)
	require.Same(t, &back, back.D)
	var tree any
	require.NoError(t, p.Call(soon(t), "circular", &tree, out))
	m := tree.(map[string]any)
	m["new"] = 1
	require.Equal(t, 1, m["c"].(map[string]any)["d"].(map[string]any)["new"])
}

func rowDouble(t *testing.T, p *rpc.Peer) {
	plus := rpc.Func(func(_ context.Context, n float64) (float64, error) { return n + 10, nil })
	half := rpc.Func(func(_ context.Context, n float64) (float64, error) { return n / 2, nil })
	for _, test := range []struct {
		g    rpc.Handler
		want []int
	}{{half, []int{20, 5}}, {plus, []int{20, 20}}} {
		got := make(chan []int, 1)
		require.NoError(t, p.Send(soon(t), "double", plus, test.g, rpc.Handler(
			func(_ context.Context, args rpc.Args) (any, error) {
				var a, b int
				err := args.Scan(&a, &b)
				got <- []int{a, b}
				return nil, err
			})))
		require.Equal(t, test.want, <-got)
	}
}

func rowSubscribe(t *testing.T, p *rpc.Peer) {
	got := [2]chan int{make(chan int, 10), make(chan int, 10)}
	for i := range got {
		require.NoError(t, p.Send(soon(t), "subscribe", rpc.Func(func(_ context.Context, n int) (any, error) {
			got[i] <- n
			return nil, nil
		})))
	}
	for n := range 10 {
		require.NoError(t, p.Send(soon(t), "emit", n))
	}
	for n := range 10 {
		require.Equal(t, n, <-got[0])
		require.Equal(t, n, <-got[1])
	}
}

func rowAdded(t *testing.T, p *rpc.Peer) {
	var s string
	require.NoError(t, p.Call(soon(t), "added", &s))
	require.Equal(t, "added", s)
}

func rowNested(t *testing.T, p *rpc.Peer) {
	other, _ := node(t, "", nil, rpc.Config{})
	var a, b string
	require.NoError(t, p.Call(soon(t), "louder", &a, "one"))
	require.NoError(t, other.Abort(nil))
	require.NoError(t, p.Call(soon(t), "louder", &b, "two"))
	require.Equal(t, []string{"ONE", "TWO"}, []string{a, b})
}

func rowNulls(t *testing.T, p *rpc.Peer) {
	var object map[string]any
	extra := any(7)
	require.NoError(t, p.Call(soon(t), "nulls", rpc.Values{&object, &extra}))
	require.Equal(t, map[string]any{"x": nil}, object)
	require.Equal(t, 7, extra) // null leaves it alone
}

func rowByRef(t *testing.T, p *rpc.Peer) {
	obj := struct {
		A string      `json:"a"`
		F rpc.Handler `json:"f"`
	}{"mine", nil}
	calls := 0
	obj.F = rpc.Func(func(context.Context, any) (int, error) {
		calls++
		return calls, nil
	})
	var theirs string
	var n int
	require.NoError(t, p.Call(soon(t), "byRef", rpc.Values{&theirs, &n}, obj))
	require.Equal(t, []any{"mine", "changed", 1}, []any{obj.A, theirs, n})
}

func rowPlain(t *testing.T, p *rpc.Peer) {
	var got struct {
		Moo    bool
		List   []any
		None   any
		Nested struct{ Deep struct{ Fn rpc.Remote } }
	}
	require.NoError(t, p.Offered(soon(t), &got))
	require.True(t, got.Moo)
	require.Equal(t, []any{1.0, 2.0, map[string]any{"three": 4.0}}, got.List)
	require.True(t, got.Nested.Deep.Fn.IsSet())
}

func rowLoop(t *testing.T, p *rpc.Peer) {
	var got any
	require.NoError(t, p.Call(soon(t), "loop", &got))
	list := got.([]any)
	require.Equal(t, reflect.ValueOf(list).Pointer(), reflect.ValueOf(list[1]).Pointer())
}

func rowThree(t *testing.T, p *rpc.Peer) {
	for _, want := range []string{"A", "B", "C"} {
		var got string
		require.NoError(t, p.Call(soon(t), "louder", &got, string(want[0]+32)))
		require.Equal(t, want, got)
	}
}

// A call that is made at once waits for what the other side offers.
func rowEarly(t *testing.T, _ *rpc.Peer) {
	p, _ := node(t, "", nil, rpc.Config{})
	var got string
	require.NoError(t, p.Call(soon(t), "louder", &got, "early"))
	require.Equal(t, "EARLY", got)
}

func rowUnicode(t *testing.T, p *rpc.Peer) {
	var got string
	require.NoError(t, p.Call(soon(t), "louder", &got, "☔☔☔☁☼☁❄ été"))
	require.Equal(t, "☔☔☔☁☼☁❄ ÉTÉ", got)

	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer l.Close()
	served := later(func() error {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		return rpc.New(rpc.Lines(netconn.New(conn), 0), offered(), rpc.Config{}).Close(soon(t))
	})
	d, err := netconn.Dial(soon(t), "unix", l.Addr().String())
	require.NoError(t, err)
	client := rpc.New(rpc.Lines(d, 0), nil, rpc.Config{})
	_ = client.Close(soon(t))
	require.NoError(t, <-served)
}

// The frame itself is in TestTranscript…; here it is what npm makes of it.
func rowOffered(t *testing.T, p *rpc.Peer) {
	var got map[string]any
	require.NoError(t, p.Offered(soon(t), &got))
	functions := 0
	for _, v := range got {
		if r, ok := v.(rpc.Remote); ok && r.IsSet() {
			functions++
		}
	}
	require.Greater(t, functions, 10)
}

func rowIDs(t *testing.T, p *rpc.Peer) {
	f := rpc.Func(deep)
	var a, b rpc.Remote
	require.NoError(t, p.Call(soon(t), "echo", rpc.Values{&a, &b}, f, f))
	for _, r := range []rpc.Remote{a, b} { // through npm, and back here
		var s string
		require.NoError(t, r.Call(soon(t), &s))
		require.Equal(t, "deep", s)
		r.Release()
	}
}

func rowDeep(t *testing.T, p *rpc.Peer) {
	var s string
	require.NoError(t, p.Call(soon(t), "nested.deep.fn", &s))
	require.Equal(t, "deep", s)
}

// npm sends links for cycles only, at any depth.
func rowLinks(t *testing.T, p *rpc.Peer) {
	type tree struct {
		Kids []*tree
		Up   *tree
	}
	out := &tree{}
	out.Kids = []*tree{{Up: out}, {Up: out}}
	var back tree
	require.NoError(t, p.Call(soon(t), "echo", &back, out))
	require.Same(t, &back, back.Kids[0].Up)
	require.Same(t, &back, back.Kids[1].Up)
}

func rowGuards(t *testing.T, p *rpc.Peer) {
	var got any
	require.NoError(t, p.Call(soon(t), "echo", &got, json.RawMessage(`{"__proto__":{"x":1},"y":2}`)))
	require.Contains(t, got, "y")
	require.ErrorIs(t, p.Call(soon(t), "__proto__", nil), rpc.ErrNoMethod)
	require.ErrorIs(t, p.Call(soon(t), "constructor", nil), rpc.ErrNoMethod)
}

// All arguments within one of them.
func rowExtends(t *testing.T, p *rpc.Peer) {
	args := []any{1, nil}
	args[1] = args
	var one int
	var rest any
	require.NoError(t, p.Call(soon(t), "echo", rpc.Values{&one, &rest}, args...))
	require.Equal(t, 1, one)
}
