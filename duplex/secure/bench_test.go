package secure_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

// The same with TLS 1.3 alone: mutual, ed25519, the same key exchange.
func plainTLS(b *testing.B, client, server *tls.Config) (_, _ net.Conn) {
	x, y := tcp(b)
	s := tls.Server(y, server)
	done := async(func() (int, error) { return 0, s.Handshake() })
	c := tls.Client(x, client)
	require.NoError(b, c.Handshake())
	require.NoError(b, second(done()))
	return c, s
}

func BenchmarkHandshake(b *testing.B) {
	b.Run("secure", func(b *testing.B) {
		c, s := two(b)
		for b.Loop() {
			x, y := tcp(b)
			client, server, errA, errB := shake(x, y, c, s)
			require.NoError(b, errA)
			require.NoError(b, errB)
			_ = client.Close()
			_ = server.Close()
		}
	})
	b.Run("tls", func(b *testing.B) {
		c, s := stranger(ed(b)), stranger(ed(b))
		for b.Loop() {
			client, server := plainTLS(b, c, s)
			_ = client.Close()
			_ = server.Close()
		}
	})
}

// BenchmarkThroughput writes 32 KiB at a time.
func BenchmarkThroughput(b *testing.B) {
	run := func(b *testing.B, from, to net.Conn) {
		chunk := make([]byte, 32<<10)
		b.SetBytes(int64(len(chunk)))
		read := async(func() (int64, error) { return io.Copy(io.Discard, to) })
		for b.Loop() {
			if _, err := from.Write(chunk); err != nil {
				b.Fatal(err)
			}
		}
		_ = from.Close()
		require.NoError(b, second(read()))
		_ = to.Close()
	}
	b.Run("secure", func(b *testing.B) {
		x, y := tcp(b)
		client, server := connect(b, x, y)
		run(b, client, server)
	})
	b.Run("tls", func(b *testing.B) {
		client, server := plainTLS(b, stranger(ed(b)), stranger(ed(b)))
		run(b, client, server)
	})
}

var _ net.Conn = (*secure.Conn)(nil)
