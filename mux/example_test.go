package mux_test

import (
	"context"
	"fmt"
	"net"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// serve answers each stream with its name and what came through it.
func serve(ctx context.Context, conn net.Conn) error {
	session, err := mux.Server(ctx, conn, mux.Config{})
	if err != nil {
		return err
	}
	for st, err := range pull.Source[*mux.Stream](session.Accept).All(ctx) {
		if err != nil {
			return err
		}
		d := st.Duplex()
		for chunk, err := range d.Source.All(ctx) {
			if err != nil {
				return err
			}
			fmt.Printf("%s: %s\n", st.Name(), chunk)
		}
		if err := d.Sink(ctx, pull.Values([]byte("thanks"))); err != nil {
			return err
		}
	}
	return session.Close(ctx)
}

func Example() {
	ctx := context.Background()
	a, b := net.Pipe()
	served := make(chan error)
	go func() { served <- serve(ctx, b) }()

	session, err := mux.Client(ctx, a, mux.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	st, err := session.Open(ctx, "greeting", map[string]string{"lang": "en"})
	if err != nil {
		fmt.Println(err)
		return
	}
	d := st.Duplex()
	fmt.Println(d.Sink(ctx, pull.Values([]byte("hello"))))
	answer, err := pull.Collect(ctx, d.Source)
	fmt.Printf("%s %v\n", answer, err)
	fmt.Println(session.Close(ctx), <-served)
	// Unordered output:
	// <nil>
	// greeting: hello
	// [thanks] <nil>
	// <nil> <nil>
}

func ExampleStreamError() {
	ctx := context.Background()
	a, b := net.Pipe()
	go func() {
		server, _ := mux.Server(ctx, b, mux.Config{})
		st, _ := server.Accept(ctx)
		// One number is enough.
		d := st.Duplex()
		_, _ = d.Source(ctx)
		_ = d.Close(nil)
		_ = server.Close(ctx)
	}()
	client, _ := mux.Client(ctx, a, mux.Config{})
	st, _ := client.Open(ctx, "numbers", nil)
	d := st.Duplex()
	err := d.Sink(ctx, func(ctx context.Context) ([]byte, error) {
		if ctx.Err() != nil {
			return nil, pull.Cause(ctx)
		}
		return []byte("1 "), nil
	})
	fmt.Println(err)
	_, err = pull.Collect(ctx, d.Source)
	fmt.Println(err)
	<-client.Done()
	fmt.Println(client.Err())
	// Output:
	// mux: stream ended by peer: stopped
	// mux: stream ended by peer: stopped
	// <nil>
}
