package chaos_test

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/weir-go/weir/duplex/chaos"
)

// BenchmarkBulk moves b.N writes through links that are to be no bottleneck.
func BenchmarkBulk(b *testing.B) {
	links := map[string]chaos.Link{
		"perfect": {}, "delay25ms": {Latency: 25 * time.Millisecond}, "rate1GB": {Rate: 1e9},
	}
	for name, l := range links {
		for _, size := range []int{128, 32 << 10} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				w, r := pair(b, chaos.Config{Out: l})
				bulk(b, w, r, size)
			})
		}
	}
}

// BenchmarkWrappedTCP is the same around a connection over the loopback.
func BenchmarkWrappedTCP(b *testing.B) {
	w, r := tcp(b)
	c := chaos.Wrap(w, chaos.Config{Out: chaos.Link{Latency: 25 * time.Millisecond}})
	defer c.Close()
	bulk(b, c, r, 32<<10)
}

func bulk(b *testing.B, w, r net.Conn, size int) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	sent := async(func() error {
		chunk := make([]byte, size)
		for range b.N {
			if _, err := w.Write(chunk); err != nil {
				return err
			}
		}
		return w.(*chaos.Conn).CloseWrite()
	})
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 64<<10))
	if err != nil || n != int64(b.N*size) {
		b.Fatal(n, err)
	}
	if err := sent(); err != nil {
		b.Fatal(err)
	}
}
