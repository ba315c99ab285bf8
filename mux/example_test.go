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

func ExampleRouter() {
	ctx := context.Background()
	var router mux.Router
	router.Handle("echo", func(ctx context.Context, st *mux.Stream) error {
		d := st.Duplex()
		return d.Sink(ctx, d.Source)
	})
	router.Handle("files/", func(ctx context.Context, st *mux.Stream) error {
		return fmt.Errorf("%s is not here", st.Name())
	})
	a, b := net.Pipe()
	served := make(chan error)
	go func() {
		session, _ := mux.Server(ctx, b, mux.Config{})
		served <- router.Serve(ctx, session)
	}()

	session, _ := mux.Client(ctx, a, mux.Config{})
	for _, name := range []string{"echo", "files/a.txt", "nonsense"} {
		st, _ := session.Open(ctx, name, nil)
		d := st.Duplex()
		_ = d.Sink(ctx, pull.Values([]byte("hello")))
		answer, err := pull.Collect(ctx, d.Source)
		fmt.Printf("%s %v\n", answer, err)
	}
	fmt.Println(session.Close(ctx), <-served)
	// Output:
	// [hello] <nil>
	// [] mux: stream ended by peer: failed: files/a.txt is not here
	// [] mux: stream ended by peer: refused: no such name
	// <nil> <nil>
}

// Middleware is a function from handler to handler.
func ExampleHandler() {
	logged := func(next mux.Handler) mux.Handler {
		return func(ctx context.Context, st *mux.Stream) error {
			err := next(ctx, st)
			fmt.Println(st.Name(), st.Stats().BytesIn, "bytes,", err)
			return err
		}
	}
	count := func(ctx context.Context, st *mux.Stream) error {
		return pull.Drain(ctx, st.Reused().Source)
	}
	var router mux.Router
	router.Handle("upload", logged(count))

	ctx := context.Background()
	a, b := net.Pipe()
	served := make(chan error)
	go func() {
		session, _ := mux.Server(ctx, b, mux.Config{})
		served <- router.Serve(ctx, session)
	}()
	session, _ := mux.Client(ctx, a, mux.Config{})
	st, _ := session.Open(ctx, "upload", nil)
	_ = st.Duplex().Sink(ctx, pull.Values(make([]byte, 100_000)))
	_, _ = pull.Collect(ctx, st.Duplex().Source)
	_ = session.Close(ctx)
	<-served
	// Output:
	// upload 100000 bytes, <nil>
}

func ExampleSession_Accept() {
	ctx := context.Background()
	a, b := net.Pipe()
	go func() {
		client, _ := mux.Client(ctx, a, mux.Config{})
		for _, name := range []string{"one", "two"} {
			st, _ := client.Open(ctx, name, nil)
			_ = st.Duplex().Close(nil)
		}
		_ = client.Close(ctx)
	}()
	server, _ := mux.Server(ctx, b, mux.Config{})
	accept := pull.Source[*mux.Stream](server.Accept)
	for st, err := range accept.All(ctx) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(st.ID(), st.Name())
		_ = st.Duplex().Close(nil)
	}
	<-server.Done()
	fmt.Println(server.Err())
	// Output:
	// 3 one
	// 5 two
	// <nil>
}

func ExampleStream_Stats() {
	ctx := context.Background()
	a, b := net.Pipe()
	go func() {
		server, _ := mux.Server(ctx, b, mux.Config{})
		st, _ := server.Accept(ctx)
		d := st.Duplex()
		_ = d.Sink(ctx, d.Source)
		_ = server.Close(ctx)
	}()
	client, _ := mux.Client(ctx, a, mux.Config{})
	st, _ := client.Open(ctx, "echo", nil)
	d := st.Duplex()
	_ = d.Sink(ctx, pull.Values([]byte("ping"), []byte("pong")))
	_, _ = pull.Collect(ctx, d.Source)
	n := st.Stats()
	fmt.Println(n.ChunksOut, "chunks,", n.BytesOut, "bytes out,", n.BytesIn, "bytes in,",
		n.Held, "held")
	<-client.Done()
	fmt.Println(client.Stats().Opened, "stream, of which", client.Stats().Streams, "open")
	// Output:
	// 2 chunks, 8 bytes out, 8 bytes in, 0 held
	// 1 stream, of which 0 open
}
