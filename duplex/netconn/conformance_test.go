package netconn_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// counted is a connection that is counted while it is open.
type counted struct {
	net.Conn
	open *atomic.Int32
}

func (c counted) Close() error {
	c.open.Add(-1) // a second Close would make it negative
	return c.Conn.Close()
}

var three = [][]byte{[]byte("one"), []byte("two"), []byte("three")}

func TestNewSourceConforms(t *testing.T) {
	for name, stalls := range map[string]bool{"ends": false, "stalls": true} {
		t.Run(name, func(t *testing.T) {
			var open atomic.Int32
			pulltest.Source(t, func() pull.Source[[]byte] {
				ca, cb := net.Pipe()
				open.Add(1)
				go func() {
					for _, b := range three {
						_, _ = cb.Write(b)
					}
					if stalls {
						_, _ = cb.Read(make([]byte, 1)) // until the other end is closed
					}
					_ = cb.Close()
				}()
				d := netconn.New(counted{ca, &open})
				require.NoError(t, d.Sink(context.Background(), pull.Empty[[]byte]()))
				return d.Source
			}, pulltest.SourceOptions[[]byte]{
				Want: three, Stalls: stalls, Token: true, Holds: true,
				Held: func() int { return int(open.Load()) },
			})
		})
	}
}

func TestSocketSourceConforms(t *testing.T) {
	l, err := netconn.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	pulltest.Source(t, func() pull.Source[[]byte] {
		ca, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		cb, err := l.Accept(context.Background())
		require.NoError(t, err)
		t.Cleanup(func() { _ = cb.Close() })
		_, err = cb.Write([]byte("hello"))
		require.NoError(t, err)
		d := netconn.New(ca)
		require.NoError(t, d.Sink(context.Background(), pull.Empty[[]byte]()))
		return d.Source
	}, pulltest.SourceOptions[[]byte]{
		Want: [][]byte{[]byte("hello")}, Stalls: true, Token: true, Holds: true, RealTime: true,
	})
}

// piped is the sink of a connection whose peer does as peer says, and which is
// closed with it.
func piped(peer func(c net.Conn)) pull.Sink[[]byte] {
	return func(ctx context.Context, src pull.Source[[]byte]) error {
		ca, cb := net.Pipe()
		gone := async(func() error {
			peer(cb)
			return nil
		})
		d := netconn.New(ca)
		_ = pull.Abort(d.Source, nil)
		defer func() {
			_ = cb.Close()
			_ = gone()
		}()
		return d.Sink(ctx, src)
	}
}

func TestNewSinkConforms(t *testing.T) {
	pulltest.Sink(t, piped(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }),
		pulltest.SinkOptions[[]byte]{
			Value: func(int) []byte { return make([]byte, 8<<10) },
			Fail:  piped(func(c net.Conn) { _ = c.Close() }),
			Stall: piped(func(net.Conn) {}),
			// 32 KiB in the write, 32 KiB behind it, and one that did not fit.
			ReadAhead: 4,
		})
}

func TestDialSinkConforms(t *testing.T) {
	l, err := netconn.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	var clean bool
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[[]byte]) error {
		clean = false
		d, err := netconn.Dial(context.Background(), "tcp", l.Addr().String())
		require.NoError(t, err)
		_ = pull.Abort(d.Source, nil)
		peer, err := l.Accept(context.Background())
		require.NoError(t, err)
		defer peer.Close()
		read := async(func() error {
			_, err := io.Copy(io.Discard, peer)
			return err
		})
		err = d.Sink(ctx, src)
		clean = read() == nil
		return err
	}, pulltest.SinkOptions[[]byte]{
		RealTime:  true,
		Committed: func() bool { return clean }, // a cut that looks like an end
	})
}

func TestListenerConforms(t *testing.T) {
	pulltest.Source(t, func() pull.Source[net.Conn] {
		l, err := netconn.Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		return l.Accept
	}, pulltest.SourceOptions[net.Conn]{Stalls: true, Holds: true, RealTime: true})
}
