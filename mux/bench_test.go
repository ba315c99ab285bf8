package mux_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// benchConnect is connect for benchmarks, over TCP on the loopback.
func benchConnect(b *testing.B) (client, server *mux.Session) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	ready := make(chan *mux.Session, 1)
	go func() {
		conn, _ := l.Accept()
		s, _ := mux.Server(context.Background(), conn, mux.Config{})
		ready <- s
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	client, err = mux.Client(context.Background(), conn, mux.Config{})
	if err != nil {
		b.Fatal(err)
	}
	server = <-ready
	b.Cleanup(func() {
		_ = client.Abort(nil)
		_ = server.Abort(nil)
	})
	return client, server
}

// BenchmarkBulk sends b.N chunks through one stream.
func BenchmarkBulk(b *testing.B) {
	for name, size := range map[string]int{"128B": 128, "4KiB": 4 << 10, "32KiB": 32 << 10} {
		b.Run(name, func(b *testing.B) {
			client, server := benchConnect(b)
			ours, theirs := fresh(client, server)
			chunk := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			n := 0
			go func() {
				_ = ours.Duplex().Sink(context.Background(),
					func(context.Context) ([]byte, error) {
						if n++; n > b.N {
							return nil, io.EOF
						}
						return chunk, nil
					})
			}()
			_, _ = receiveCount(theirs.Duplex().Source)
		})
	}
}

func receiveCount(src pull.Source[[]byte]) (n int, err error) {
	for {
		chunk, err := src(context.Background())
		if err != nil {
			return n, err
		}
		n += len(chunk)
	}
}

// BenchmarkPingPong sends 64 bytes there and back, b.N times.
func BenchmarkPingPong(b *testing.B) {
	client, server := benchConnect(b)
	ours, theirs := fresh(client, server)
	go func() {
		d := theirs.Duplex()
		_ = d.Sink(context.Background(), d.Source)
	}()
	src := ours.Duplex().Source
	chunk := make([]byte, 64)
	n := 0
	b.ReportAllocs()
	b.ResetTimer()
	_ = ours.Duplex().Sink(context.Background(), func(ctx context.Context) ([]byte, error) {
		if n > 0 {
			if _, err := src(ctx); err != nil {
				return nil, err
			}
		}
		if n++; n > b.N {
			return nil, io.EOF
		}
		return chunk, nil
	})
}

// BenchmarkOpen opens a stream, sends a byte there and back, and ends it.
func BenchmarkOpen(b *testing.B) {
	client, server := benchConnect(b)
	go func() { _ = echo(context.Background(), server) }()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		st, err := client.Open(context.Background(), "x", nil)
		if err != nil {
			b.Fatal(err)
		}
		d := st.Duplex()
		if err := d.Sink(context.Background(), pull.Values([]byte("x"))); err != nil {
			b.Fatal(err)
		}
		if n, err := receiveCount(d.Source); n != 1 || err != io.EOF {
			b.Fatal(n, err)
		}
	}
}
