package duplex_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
)

func ExamplePair() {
	ctx := context.Background()
	left, right := duplex.Pair[int, string]()
	go func() {
		defer right.Close(nil) // nobody reads what left might say
		_ = right.Sink(ctx, pull.Values(1, 2, 3))
	}()
	got, err := pull.Collect(ctx, left.Source)
	fmt.Println(got, err, left.Close(nil))
	// Output: [1 2 3] <nil> <nil>
}

func ExampleConnect() {
	ctx := context.Background()
	client, near := duplex.Pair[string, string]()
	far, server := duplex.Pair[string, string]()
	go func() { _ = duplex.Connect(ctx, near, far) }()

	go func() { _ = client.Sink(ctx, pull.Values("hello")) }()
	words, _ := pull.Collect(ctx, server.Source)
	go func() { _ = server.Sink(ctx, pull.Values(strings.ToUpper(words[0]))) }()
	answer, err := pull.Collect(ctx, client.Source)
	fmt.Println(answer, err)
	// Output: [HELLO] <nil>
}

func ExampleStdio() {
	// A filter that gives back what it gets, as cat does.
	d := duplex.Stdio()
	_ = d.Sink(context.Background(), d.Source)
}

func ExampleDuplex_Close() {
	d, _ := duplex.Pair[int, int]()
	fmt.Println(d.Close(nil))
	_, err := d.Source(context.Background())
	fmt.Println(err)
	// Output:
	// <nil>
	// pull: stopped
}
