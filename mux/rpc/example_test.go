package rpc_test

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// Both ends call each other; either may as well be dnode, over a connection.
func ExamplePeer() {
	ctx := context.Background()
	ours, theirs := duplex.Pair[frame.Msg, frame.Msg]()
	server := rpc.New(theirs, rpc.Methods{
		"louder": rpc.Func(func(_ context.Context, s string) (string, error) {
			return strings.ToUpper(s), nil
		}),
		"greet": rpc.Func(func(ctx context.Context, _ any) (string, error) {
			var name string
			err := rpc.Caller(ctx).Call(ctx, "name", &name)
			return "hello, " + name, err
		}),
	}, rpc.Config{})
	client := rpc.New(ours, rpc.Methods{
		"name": rpc.Func(func(context.Context, any) (string, error) { return "world", nil }),
	}, rpc.Config{})

	var loud, greeting string
	err := client.Call(ctx, "louder", &loud, "beep")
	fmt.Println(loud, err)
	err = client.Call(ctx, "greet", &greeting)
	fmt.Println(greeting, err)
	fmt.Println(client.Call(ctx, "softer", nil, "BEEP"))
	fmt.Println(client.Close(ctx), server.Close(ctx))
	// Output:
	// BEEP <nil>
	// hello, world <nil>
	// rpc: no such method: "softer"
	// <nil> <nil>
}

// A function is passed, and called as often as the other side likes.
func ExampleRemote() {
	ctx := context.Background()
	ours, theirs := duplex.Pair[frame.Msg, frame.Msg]()
	server := rpc.New(theirs, rpc.Methods{
		"count": rpc.Handler(func(ctx context.Context, args rpc.Args) (any, error) {
			var to int
			var each rpc.Remote
			if err := args.Scan(&to, &each); err != nil {
				return nil, err
			}
			for i := range to {
				if err := each.Call(ctx, nil, i); err != nil {
					return nil, err
				}
			}
			return "done", nil
		}),
	}, rpc.Config{})
	client := rpc.New(ours, nil, rpc.Config{})

	each := rpc.Func(func(_ context.Context, n int) (any, error) {
		fmt.Println(n)
		return nil, nil
	})
	var result string
	err := client.Call(ctx, "count", &result, 3, each)
	fmt.Println(result, err)
	fmt.Println(client.Close(ctx), server.Close(ctx))
	// Output:
	// 0
	// 1
	// 2
	// done <nil>
	// <nil> <nil>
}

// A source is passed, and pulled from where it arrives.
func ExampleSource() {
	ctx := context.Background()
	a, b := net.Pipe()
	serve := func(conn net.Conn) error {
		s, err := mux.Server(ctx, conn, mux.Config{})
		if err != nil {
			return err
		}
		p, err := rpc.Over(ctx, s, rpc.Methods{
			"squares": rpc.Func(func(_ context.Context, n int) (rpc.Source[int], error) {
				var squares []int
				for i := range n {
					squares = append(squares, i*i)
				}
				return rpc.Source[int](pull.Values(squares...)), nil
			}),
		}, rpc.Config{})
		if err != nil {
			return err
		}
		<-p.Done()
		return p.Err()
	}
	served := make(chan error)
	go func() { served <- serve(b) }()

	s, err := mux.Client(ctx, a, mux.Config{})
	if err != nil {
		panic(err)
	}
	p, err := rpc.Over(ctx, s, nil, rpc.Config{})
	if err != nil {
		panic(err)
	}
	var squares rpc.Source[int]
	if err := p.Call(ctx, "squares", &squares, 5); err != nil {
		panic(err)
	}
	fmt.Println(pull.Collect(ctx, pull.Source[int](squares)))
	fmt.Println(p.Close(ctx), <-served)
	// Output:
	// [0 1 4 9 16] <nil>
	// <nil> <nil>
}

// To npm's dnode over TCP: node -e 'require("dnode")({f: …}, {weak: false})…'.
func ExampleLines() {
	ctx := context.Background()
	d, err := netconn.Dial(ctx, "tcp", "127.0.0.1:8000")
	if err != nil {
		fmt.Println("nobody listens")
		return
	}
	p := rpc.New(rpc.Lines(d, 0), nil, rpc.Config{})
	defer func() { _ = p.Abort(nil) }()
	var loud string
	err = p.Call(ctx, "louder", &loud, "beep")
	fmt.Println(loud, err)
}

// Who knows nothing of the other side asks what there is, and takes what comes.
func ExamplePeer_Names() {
	ctx := context.Background()
	ours, theirs := duplex.Pair[frame.Msg, frame.Msg]()
	server := rpc.New(theirs, rpc.Methods{
		"math": rpc.Methods{"both": rpc.Handler(func(_ context.Context, args rpc.Args) (any, error) {
			var a, b int
			err := args.Scan(&a, &b)
			return rpc.Values{a + b, a * b}, err
		})},
	}, rpc.Config{})
	client := rpc.New(ours, nil, rpc.Config{})

	names, err := client.Names(ctx)
	fmt.Println(names, err)
	var got rpc.Args
	err = client.Call(ctx, names[0], &got, 7, 4)
	for i := range got.Len() {
		fmt.Printf("%s ", got.JSON(i))
	}
	fmt.Println(err)
	fmt.Println(client.Close(ctx), server.Close(ctx))
	// Output:
	// [math.both] <nil>
	// 11 28 <nil>
	// <nil> <nil>
}
