package rpc_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux/rpc"
)

// A dnode is npm's, in another process.
type dnode struct {
	told chan []any // what it tells
	kill func()
}

// node starts npm's dnode with a row, and a Peer for it that offers methods. The
// package is found by NODE_PATH; where it is not there the test is skipped,
// unless WEIR_REQUIRE_NODE is set.
func node(t *testing.T, row string, methods any, cfg rpc.Config) (*rpc.Peer, *dnode) {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	if _, err := exec.LookPath("node"); err != nil {
		need("node is needed: %v; TestTranscript… replay what npm said", err)
	}
	if _, err := os.Stat(filepath.Join(os.Getenv("NODE_PATH"), "dnode/package.json")); err != nil {
		need("dnode in NODE_PATH is needed: %v; TestTranscript… replay what npm said", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c := exec.Command("node", "testdata/peer.cjs", strconv.Itoa(l.Addr().(*net.TCPAddr).Port), row)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	d := &dnode{told: make(chan []any, 10_000), kill: func() { _ = c.Process.Kill() }}
	read := later(func() error { return d.listen(out) })
	conn, err := l.Accept()
	require.NoError(t, err)
	p := rpc.New(rpc.Lines(netconn.New(conn), 0), methods, cfg)
	t.Cleanup(func() {
		_ = p.Abort(nil)
		_ = in.Close()
		<-read
		_ = c.Wait()
	})
	d.want(t, "remote")
	return p, d
}

func (d *dnode) listen(out io.Reader) error {
	defer close(d.told)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var found []any
		if err := json.Unmarshal(lines.Bytes(), &found); err != nil {
			return err
		}
		d.told <- found
	}
	return lines.Err()
}

// want is what it must tell next.
func (d *dnode) want(t *testing.T, want ...any) {
	t.Helper()
	text, err := json.Marshal(want)
	require.NoError(t, err)
	got, err := json.Marshal(d.next(t))
	require.NoError(t, err)
	require.Equal(t, string(text), string(got))
}

func (d *dnode) next(t *testing.T) []any {
	t.Helper()
	select {
	case found, ok := <-d.told:
		require.True(t, ok, "the process has ended")
		return found
	case <-time.After(60 * time.Second):
		require.Fail(t, "it tells nothing")
		return nil
	}
}

// echo answers with its arguments.
func echo(_ context.Context, args rpc.Args) (any, error) {
	out := make(rpc.Values, args.Len())
	into := make(rpc.Values, args.Len())
	for i := range out {
		into[i] = &out[i]
	}
	err := args.Scan(into...)
	if n := len(out) - 1; out[n] == nil {
		out = out[:n] // where the answer goes
	}
	return out, err
}

// offered is in Go what testdata/peer.cjs offers.
func offered() rpc.Methods {
	var mu sync.Mutex
	var subscribers []rpc.Remote
	loop := []any{1, nil}
	loop[1] = loop
	return rpc.Methods{
		"_id": 1337, "moo": true, "none": nil, "list": []any{1, 2, map[string]int{"three": 4}},
		"echo": rpc.Handler(echo), "louder": louder,
		"nested": rpc.Methods{"deep": rpc.Methods{"fn": rpc.Func(deep)}},
		"timesX": rpc.Func(func(ctx context.Context, n int) (int, error) {
			var x int
			err := rpc.Caller(ctx).Call(ctx, "x", &x)
			return n * x, err
		}),
		"double": rpc.Handler(double), "circular": rpc.Func(circular),
		"subscribe": rpc.Func(func(_ context.Context, f rpc.Remote) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			subscribers = append(subscribers, f)
			return nil, nil
		}),
		"nulls": rpc.Func(func(context.Context, any) (any, error) {
			return rpc.Values{map[string]any{"x": nil}, nil}, nil
		}),
		"byRef": rpc.Func(func(ctx context.Context, obj struct {
			A string
			F rpc.Remote
		}) (any, error) {
			obj.A = "changed"
			var n int
			err := obj.F.Call(ctx, &n)
			return rpc.Values{obj.A, n}, err
		}),
		"loop":   rpc.Func(func(context.Context, any) (any, error) { return loop, nil }),
		"throws": rpc.Func(func(context.Context, any) (any, error) { panic("in Go") }),
		"never": rpc.Func(func(ctx context.Context, _ any) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}),
		"emit": rpc.Func(func(ctx context.Context, n int) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, f := range subscribers {
				if err := f.Send(ctx, n); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}),
	}
}

func deep(context.Context, any) (string, error) { return "deep", nil }

func double(ctx context.Context, args rpc.Args) (any, error) {
	var f, g, h rpc.Remote
	var x, y float64
	if err := args.Scan(&f, &g, &h); err != nil {
		return nil, err
	}
	if err := f.Call(ctx, &x, 10); err != nil {
		return nil, err
	}
	if err := g.Call(ctx, &y, 10); err != nil {
		return nil, err
	}
	return nil, h.Send(ctx, x, y)
}

// A ring points back to itself.
type ring struct {
	A int   `json:"a"`
	C *ring `json:"c"`
	D *ring `json:"d"`
}

func circular(_ context.Context, r *ring) (any, error) {
	was := r.C == r
	r.D = r
	return rpc.Values{r, was}, nil
}

// 100,000 calls in each direction, a hundred at a time.
func TestNodeManyCalls(t *testing.T) {
	p, _ := node(t, "", nil, rpc.Config{})
	var group sync.WaitGroup
	start := time.Now()
	for w := range 100 {
		group.Go(func() {
			for i := range 1000 {
				var back int
				n := 1000*w + i
				if err := p.Call(t.Context(), "echo", &back, n); !assert.NoError(t, err) || !assert.Equal(t, n, back) {
					return
				}
			}
		})
	}
	group.Wait()
	t.Logf("100,000 calls of npm: %v", time.Since(start))
	require.NoError(t, p.Close(soon(t)))

	start = time.Now()
	_, d := node(t, "many", offered(), rpc.Config{})
	d.want(t, 100_000, 100_000*99_999/2)
	t.Logf("100,000 calls by npm: %v", time.Since(start))
}

// A connection that is lost with 1,000 calls on it, in each direction.
func TestNodeDisconnects(t *testing.T) {
	p, d := node(t, "", nil, rpc.Config{})
	var results []<-chan error
	for range 1000 {
		results = append(results, later(func() error { return p.Call(t.Context(), "never", nil) }))
	}
	require.NoError(t, p.Call(soon(t), "louder", nil, "behind them"))
	start := time.Now()
	d.kill()
	for _, r := range results {
		require.ErrorIs(t, <-r, rpc.ErrLost)
	}
	t.Logf("1,000 calls failed %v after the kill", time.Since(start))

	released := make(chan error, 1000)
	methods := offered()
	methods["never"] = rpc.Func(func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		released <- context.Cause(ctx)
		return nil, ctx.Err()
	})
	p, d = node(t, "pending", methods, rpc.Config{})
	d.want(t, "sent")
	require.NoError(t, p.Call(soon(t), "louder", nil, "behind them"))
	d.kill()
	for range 1000 {
		<-released
	}
	<-p.Done()
}

// A handler that throws, or panics, fails its call and no other.
func TestNodeThrows(t *testing.T) {
	p, d := node(t, "", nil, rpc.Config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	called := later(func() error { return p.Call(ctx, "throws", nil) })
	d.want(t, "error", "thrown in npm")
	cancel(errBoom) // in dnode's protocol nobody says so
	require.Equal(t, errBoom, <-called)

	failed := make(chan error, 10)
	_, d = node(t, "throws", offered(), rpc.Config{Failed: func(err error) { failed <- err }})
	d.want(t, "STILL")
	require.ErrorContains(t, <-failed, "panic: in Go")

	_, d = node(t, "errors", offered(), rpc.Config{ErrFirst: true})
	got := []any{d.next(t), d.next(t)}
	require.ElementsMatch(t, []any{[]any{"the handler panicked"}, []any{nil, "FINE"}}, got)

	p, _ = node(t, "", nil, rpc.Config{ErrFirst: true})
	var re *rpc.RemoteError
	require.ErrorAs(t, p.Call(soon(t), "fails", nil), &re)
	require.Equal(t, &rpc.RemoteError{Code: "failed", Text: "lost"}, re)
	var n int
	require.NoError(t, p.Call(soon(t), "ok", &n, 1))
	require.Equal(t, 2, n)
}
