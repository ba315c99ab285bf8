package netconn_test

import (
	"context"
	"fmt"
	"net"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

func Example() {
	ctx := context.Background()
	l, err := netconn.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		c, err := l.Accept(ctx)
		if err != nil {
			return
		}
		echo := netconn.New(c)
		_ = echo.Sink(ctx, echo.Source)
	}()

	d, err := netconn.Dial(ctx, "tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := d.Sink(ctx, pull.Values([]byte("hello"))); err != nil {
		fmt.Println(err)
	}
	for chunk, err := range d.Source.All(ctx) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	// Output: hello <nil>
}

func ExampleNew() {
	ctx := context.Background()
	a, b := net.Pipe()
	go func() {
		_, _ = b.Write([]byte("hello"))
		_ = b.Close()
	}()
	d := netconn.New(a)
	got, err := pull.Collect(ctx, d.Source)
	fmt.Printf("%s %v %v\n", got, err, d.Close(nil))
	// Output: [hello] <nil> <nil>
}

func ExampleListener_Accept() {
	ctx := context.Background()
	l, err := netconn.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		for range 2 {
			if d, err := netconn.Dial(ctx, "tcp", l.Addr().String()); err == nil {
				_ = d.Close(nil)
			}
		}
	}()
	// Accept is a source like any other: take two, then stop listening.
	conns, err := pull.Collect(ctx, through.Take(l.Accept, 2))
	fmt.Println(len(conns), err)
	for _, c := range conns {
		_ = c.Close()
	}
	// Output: 2 <nil>
}
