package secure_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// counted is a connection that is counted while it is open.
type counted struct {
	net.Conn
	open   *atomic.Int32
	closed atomic.Bool
}

func (c *counted) Close() error {
	if !c.closed.Swap(true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

var three = [][]byte{[]byte("one"), []byte("two"), []byte("three")}

// Aborts of a stalled read are among it.
//
// row: G16
func TestConnDuplexSourceConforms(t *testing.T) {
	for name, stalls := range map[string]bool{"ends": false, "stalls": true} {
		t.Run(name, func(t *testing.T) {
			c, s := two(t)
			var open atomic.Int32
			pulltest.Source(t, func() pull.Source[[]byte] {
				a, b := net.Pipe()
				open.Add(1)
				go func() {
					server, err := secure.Server(context.Background(), b, s)
					if err != nil {
						return
					}
					// A pipe has no room, so the end must be read beside.
					read := async(func() (int64, error) { return io.Copy(io.Discard, b) })
					for _, chunk := range three {
						_, _ = server.Write(chunk)
					}
					if !stalls {
						_ = server.CloseWrite()
					}
					_, _ = read() // until the other end is closed
					_ = b.Close()
				}()
				client, err := secure.Client(context.Background(), &counted{Conn: a, open: &open}, c)
				require.NoError(t, err)
				d := client.Duplex()
				require.NoError(t, d.Sink(context.Background(), pull.Empty[[]byte]()))
				return d.Source
			}, pulltest.SourceOptions[[]byte]{
				Want: three, Stalls: stalls, Token: true, Holds: true,
				Held: func() int { return int(open.Load()) },
			})
		})
	}
}

func TestConnDuplexSinkConforms(t *testing.T) {
	c, s := two(t)
	var clean bool
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[[]byte]) error {
		clean = false
		a, b := tcp(t)
		client, server, errA, errB := shake(a, b, c, s)
		require.NoError(t, errA)
		require.NoError(t, errB)
		defer b.Close()
		d := client.Duplex()
		_ = pull.Abort(d.Source, nil)
		read := async(func() (int64, error) { return io.Copy(io.Discard, server) })
		err := d.Sink(ctx, src)
		clean = second(read()) == nil
		return err
	}, pulltest.SinkOptions[[]byte]{
		RealTime:  true,
		Committed: func() bool { return clean }, // a cut that looks like an end
	})
}
