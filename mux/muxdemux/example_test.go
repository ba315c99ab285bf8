package muxdemux_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// serve doubles the numbers on every stream that the peer opens.
func serve(ctx context.Context, s *muxdemux.Session) error {
	return pull.Each(ctx, s.Accept, func(st *muxdemux.Stream) error {
		fmt.Printf("opened with %s, to %v\n", st.Meta(), st.Kind())
		numbers := muxdemux.Values[int, int](st)
		return numbers.Sink(ctx, through.Map(numbers.Source, func(n int) int { return 2 * n }))
	})
}

// The other end may as well be a program in Node, at the other end of a
// connection.
func ExampleSession() {
	ctx := context.Background()
	ours, theirs := duplex.Pair[[]byte, []byte]()
	server := muxdemux.New(theirs, muxdemux.Config{})
	served := make(chan error)
	go func() { served <- serve(ctx, server) }()

	client := muxdemux.New(ours, muxdemux.Config{})
	st, err := client.Open(ctx, map[string]string{"do": "double"}, muxdemux.Both)
	if err != nil {
		panic(err)
	}
	numbers := muxdemux.Values[int, int](st)
	if err := numbers.Sink(ctx, pull.Values(1, 2, 3)); err != nil {
		panic(err)
	}
	doubled, err := pull.Collect(ctx, numbers.Source)
	fmt.Println(doubled, err)
	fmt.Println(client.Close(ctx), <-served)
	// Output:
	// opened with {"do":"double"}, to both
	// [2 4 6] <nil>
	// <nil> <nil>
}
