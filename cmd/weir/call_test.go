package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// callHostMain is a program with methods for weir call. With -plain it speaks
// dnode only; with -key it is encrypted, for the peers with ids -accept.
func callHostMain(args []string) int {
	f := flag.NewFlagSet("callhost", flag.ContinueOnError)
	var cfg rpc.Config
	f.BoolVar(&cfg.Plain, "plain", false, "")
	f.BoolVar(&cfg.ErrFirst, "error-first", false, "")
	key, accept, at := f.String("key", "", ""), f.String("accept", "", ""), f.String("at", "127.0.0.1:0", "")
	if f.Parse(args) != nil {
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := callHost(ctx, cfg, *key, *accept, *at); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func callHost(ctx context.Context, cfg rpc.Config, key, accept, at string) error {
	link := func(_ context.Context, conn net.Conn) (duplex.Duplex[[]byte, []byte], error) {
		return netconn.New(conn), nil
	}
	if key != "" {
		id, err := secure.LoadIdentity(key)
		if err != nil {
			return err
		}
		peer, err := secure.ParsePeerID(accept)
		if err != nil {
			return err
		}
		cfg := secure.Config{Identity: id, Accept: secure.Only(peer)}
		link = func(ctx context.Context, conn net.Conn) (d duplex.Duplex[[]byte, []byte], err error) {
			c, err := secure.Server(ctx, conn, cfg)
			if err != nil {
				return d, err
			}
			return c.Duplex(), nil
		}
	}
	a, err := parseAddress(at)
	if err != nil {
		return err
	}
	ln, err := net.Listen(a.network, a.at)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	fmt.Println("listening on", ln.Addr())
	var all sync.WaitGroup
	defer all.Wait()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		all.Go(func() { callHostServe(ctx, conn, link, cfg) })
	}
}

func callHostServe(ctx context.Context, conn net.Conn,
	link func(context.Context, net.Conn) (duplex.Duplex[[]byte, []byte], error), cfg rpc.Config,
) {
	d, err := link(ctx, conn)
	if err != nil {
		fmt.Println("refused:", err)
		return
	}
	leave := make(chan struct{})
	var once sync.Once
	p := rpc.New(rpc.Lines(d, 0), callHostMethods(func() { once.Do(func() { close(leave) }) }), cfg)
	select {
	case <-p.Done():
	case <-leave:
		_ = p.Close(ctx)
	case <-ctx.Done():
		_ = p.Abort(context.Cause(ctx))
	}
	fmt.Println("gone")
}

func callHostMethods(leave func()) rpc.Methods {
	m := rpc.Methods{
		"version": "1.2.3",
		"louder": rpc.Func(func(_ context.Context, s string) (string, error) {
			return strings.ToUpper(s), nil
		}),
		"softer": rpc.Func(func(_ context.Context, s string) (string, error) {
			return strings.ToLower(s), nil
		}),
		"divide": rpc.Handler(func(_ context.Context, args rpc.Args) (any, error) {
			var a, b int
			err := args.Scan(&a, &b)
			if err == nil && b == 0 {
				err = errors.New("by zero,\nwhich cannot be")
			}
			if err != nil {
				return nil, err
			}
			return rpc.Values{a / b, a % b}, nil
		}),
		"none": rpc.Func(func(context.Context, any) (any, error) { return rpc.Values{}, nil }),
		"note": rpc.Func(func(_ context.Context, s string) (any, error) {
			fmt.Println("noted", s)
			return nil, nil
		}),
		"never": rpc.Func(func(ctx context.Context, _ any) (any, error) {
			fmt.Println("waiting")
			<-ctx.Done()
			fmt.Println("told")
			return nil, ctx.Err()
		}),
		"tick": rpc.Handler(callHostTick),
		"leave": rpc.Handler(func(ctx context.Context, args rpc.Args) (any, error) {
			defer leave()
			return callHostTick(ctx, args)
		}),
		"raw": rpc.Func(func(context.Context, any) (any, error) {
			loop := map[string]any{"n": 1<<53 + 1, "f": rpc.Func(func(context.Context, any) (any, error) { return nil, nil })}
			loop["self"] = loop
			return loop, nil
		}),
	}
	m["in"] = rpc.Methods{"deep": m["louder"]}
	return m
}

// callHostTick calls a function as often as it is told, with two values.
func callHostTick(ctx context.Context, args rpc.Args) (any, error) {
	var n int
	var each rpc.Remote
	if err := args.Scan(&n, &each); err != nil {
		return nil, err
	}
	for i := range n {
		if err := each.Send(ctx, i, "of "+fmt.Sprint(n)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// What is wrong is said before anything is sent.
func TestCallRefuses(t *testing.T) {
	for _, row := range []struct {
		args   []string
		status int
		stderr string // a part
	}{
		{[]string{}, exitUsage, "too few"},
		{[]string{":1", "m", "it's"}, exitUsage, `hint: a text has quotes of its own, within those of the shell: '"it'\''s"'`},
		{[]string{":1", "m", "a\u009bb"}, exitUsage, `'"a\u009bb"'`},
		{[]string{":1", "m", "{a:1}"}, exitUsage, "hint: JSON has quotes around names and texts"},
		{[]string{":1", "m", "1 2"}, exitUsage, `not JSON: "1 2"`},
		{[]string{":1", "m", "-7"}, exitUsage, "what begins with - comes after --: weir call ADDRESS -- …"},
		{[]string{":1", ""}, exitUsage, "METHOD is empty"},
		{[]string{"nonsense"}, exitUsage, "hint: an address is HOST:PORT, :PORT or unix:PATH\n"},
		{[]string{":1/name"}, exitUsage, "only replicas have names"},
		{[]string{":1", "m", "--times", "0"}, exitUsage, "--times is above 0"},
		{[]string{":1", "m", "--times", "1", "--watch"}, exitUsage, "only one of"},
		{[]string{":1", "m", "--timeout", "-1s"}, exitUsage, "--timeout is not below 0"},
		{[]string{":1", "m", "--identity", "me.key"}, exitUsage, "--identity is for --peer"},
		{[]string{":1", "m", "--peer", "nonsense"}, exitUsage, "nonsense"},
		{[]string{"127.0.0.1:1", "m"}, exitFailed, "connection refused\nhint: is the program with the methods running there"},
		{[]string{"unix:nowhere", "m"}, exitFailed, "hint: is the program with the methods running there"},
	} {
		status, stdout, stderr := weirCall(t, row.args...)
		assert.Equal(t, row.status, status, "%q: %s", row.args, stderr)
		assert.Empty(t, stdout, "%q", row.args)
		assert.Contains(t, stderr, row.stderr, "%q", row.args)
	}
}

// clock calls a function each second.
var clock = rpc.Func(func(ctx context.Context, each rpc.Remote) (any, error) {
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	for n := 1; ; n++ {
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return nil, pull.Cause(ctx)
		}
		if err := each.Send(ctx, n); err != nil {
			return nil, err
		}
	}
})

// callOf has a calling use methods, by dnode's protocol alone or not, and returns
// what it prints.
func callOf(
	ctx context.Context, t *testing.T, plain bool, methods rpc.Methods, k *calling,
) (printed string, err error) {
	t.Helper()
	ours, theirs := duplex.Pair[frame.Msg, frame.Msg]()
	p := rpc.New(ours, nil, rpc.Config{})
	there := rpc.New(theirs, methods, rpc.Config{Plain: plain})
	var out bytes.Buffer
	k.e = &env{stdout: &out}
	limited, cancel := k.limit(ctx)
	defer cancel()
	err = k.use(ctx, limited, p)
	k.leave(ctx, p)
	_ = there.Abort(nil)
	return out.String(), k.explained(err)
}

// Time is short for what ends, and not for what goes on.
func TestCallInTime(t *testing.T) {
	for name, plain := range map[string]bool{"weir": false, "dnode": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const limit = 3500 * time.Millisecond
				methods := rpc.Methods{"clock": clock, "never": callHostMethods(func() {})["never"]}
				_, err := callOf(t.Context(), t, plain, methods, &calling{method: "never", timeout: limit})
				f := explain(err)
				assert.Equal(t, exitFailed, f.Code, f.What)
				assert.Equal(t, "no answer within 3.5s", f.What)

				printed, err := callOf(t.Context(), t, plain, methods, &calling{method: "clock", timeout: limit, times: 5})
				f = explain(err)
				assert.Equal(t, exitPartial, f.Code)
				assert.Equal(t, "after 3 answers: no answer within 3.5s", f.What)
				assert.Equal(t, "1\n2\n3\n", printed)

				printed, err = callOf(t.Context(), t, plain, methods, &calling{method: "clock", times: 5})
				assert.NoError(t, err)
				assert.Equal(t, "1\n2\n3\n4\n5\n", printed)

				ctx, interrupt := context.WithCancelCause(t.Context())
				time.AfterFunc(4500*time.Millisecond, func() { interrupt(signalError{syscall.SIGINT}) })
				printed, err = callOf(ctx, t, plain, methods, &calling{method: "clock", timeout: limit, watch: true})
				assert.NoError(t, untilSignal(err))
				assert.Equal(t, "1\n2\n3\n4\n", printed)
			})
		})
	}
}

// A function that is passed to ours is printed, and not called. Nor is what comes
// after the last that was asked for printed.
func TestCallGathers(t *testing.T) {
	for name, plain := range map[string]bool{"weir": false, "dnode": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var called atomic.Bool
				passed := rpc.Func(func(context.Context, any) (any, error) {
					called.Store(true)
					return nil, nil
				})
				methods := rpc.Methods{"pass": rpc.Func(func(ctx context.Context, each rpc.Remote) (any, error) {
					return nil, errors.Join(each.Send(ctx, 1, passed), each.Send(ctx, passed), each.Send(ctx, 3))
				})}
				printed, err := callOf(t.Context(), t, plain, methods, &calling{method: "pass", times: 2})
				assert.NoError(t, err)
				assert.Equal(t, "1\n\"[Function]\"\n\"[Function]\"\n", printed)
				assert.False(t, called.Load())
			})
		})
	}
}

// What a method returns counts as well, unless it is nothing.
func TestCallReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		methods := callHostMethods(func() {})
		printed, err := callOf(t.Context(), t, false, methods, &calling{
			method: "louder", args: []any{"once"}, times: 1, timeout: time.Minute})
		assert.NoError(t, err)
		assert.Equal(t, "\"ONCE\"\n", printed)
	})
}

// Without an answer to wait for, a program in Go is waited for all the same.
func TestCallNoReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		methods := callHostMethods(func() {})
		_, err := callOf(t.Context(), t, true, methods, &calling{method: "never", noReply: true, timeout: time.Minute})
		assert.NoError(t, err)
		_, err = callOf(t.Context(), t, false, methods, &calling{
			method: "louder", args: []any{7}, noReply: true, timeout: time.Minute})
		assert.ErrorAs(t, err, new(*rpc.RemoteError))
	})
}

// Who says nothing is no dnode.
func TestCallMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := duplex.Pair[frame.Msg, frame.Msg]()
		p := rpc.New(ours, nil, rpc.Config{})
		k := &calling{timeout: time.Minute}
		err := k.explained(k.use(t.Context(), t.Context(), p))
		require.Equal(t, exitProtocol, explain(err).Code)
		_ = p.Abort(nil)
		_ = theirs.Close(nil)
	})
}

// Names like the one that was typed come first.
func TestCallUnknown(t *testing.T) {
	k := &calling{method: "Deep"}
	names := []string{"aaaa", "deeq", "x.deep.y", "zzzz"}
	f := explain(k.unknown(names))
	assert.Equal(t, exitNotFound, f.Code)
	assert.Equal(t, "there are: x.deep.y, deeq, aaaa, zzzz", f.Hint)
	assert.Equal(t, "it offers no methods", explain(k.unknown(nil)).Hint)
	for i := range 30 {
		names = append(names, fmt.Sprint("n", i))
	}
	assert.Regexp(t, "^there are: x.deep.y, .* n15, …; 'weir call .*' lists all$", explain(k.unknown(names)).Hint)
}
