package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"

	"github.com/hashicorp/yamux"
	libp2p "github.com/libp2p/go-yamux/v5"
	"github.com/xtaci/smux"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/chaos"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux"
)

// Both are the two ends between which lines are opened: those of a session, or
// of a host and itself.
type both struct {
	open, accept func(context.Context) (line, error)
	end          func() // cuts off what is open
}

// A setup makes both ends.
type setup func(ctx context.Context) (both, error)

// A medium makes a connection for a session.
type medium func(ctx context.Context) (a, b net.Conn, err error)

// lines opens n lines, one after the other, which is all the same to a
// comparison that begins then. Where one fails, the others are dropped.
func (b both) lines(ctx context.Context, n int) (near, far []line, err error) {
	for range n {
		x, err := b.open(ctx)
		if err != nil {
			drop(near, far)
			return nil, nil, err
		}
		near = append(near, x)
		y, err := b.accept(ctx)
		if err != nil {
			drop(near, far)
			return nil, nil, err
		}
		far = append(far, y)
	}
	return near, far, nil
}

// drop drops lines of which the end was not reached.
func drop(lines ...[]line) {
	for _, l := range slices.Concat(lines...) {
		l.drop()
	}
}

// tcp has a connection for each line.
func tcp(ctx context.Context) (both, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return both{}, err
	}
	return both{
		open: func(ctx context.Context) (line, error) {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
			return conn{c}, err
		},
		accept: func(context.Context) (line, error) {
			c, err := l.Accept()
			return conn{c}, err
		},
		end: func() { _ = l.Close() },
	}, nil
}

// netconns has a duplex of its own connection for each line.
func netconns(on medium) setup {
	return func(context.Context) (both, error) {
		var next net.Conn
		return both{
			open: func(ctx context.Context) (line, error) {
				a, b, err := on(ctx)
				if err != nil {
					return nil, err
				}
				next = b
				return duo(netconn.New(a)), nil
			},
			accept: func(context.Context) (line, error) { return duo(netconn.New(next)), nil },
			end:    func() {},
		}, nil
	}
}

func weir(on medium, cfg mux.Config) setup { return weirAs(on, cfg, (*mux.Stream).Duplex) }

// weirAs has streams of our mux as what as makes of them.
func weirAs(
	on medium, cfg mux.Config, as func(*mux.Stream) duplex.Duplex[[]byte, []byte],
) setup {
	return func(ctx context.Context) (both, error) {
		client, server, err := started(ctx, on, func(c net.Conn, client bool) (*mux.Session, error) {
			if client {
				return mux.Client(ctx, c, cfg)
			}
			return mux.Server(ctx, c, cfg)
		})
		if err != nil {
			return both{}, err
		}
		return both{
			open: func(ctx context.Context) (line, error) {
				st, err := client.Open(ctx, "line", nil)
				if err != nil {
					return nil, err
				}
				return duo(as(st)), nil
			},
			accept: func(ctx context.Context) (line, error) {
				st, err := server.Accept(ctx)
				if err != nil {
					return nil, err
				}
				return duo(as(st)), nil
			},
			end: func() { _, _ = client.Abort(nil), server.Abort(nil) },
		}, nil
	}
}

// started starts both sides of a session at once.
func started[S any](
	ctx context.Context, on medium, start func(c net.Conn, client bool) (S, error),
) (client, server S, err error) {
	a, b, err := on(ctx)
	if err != nil {
		return client, server, err
	}
	failed := make(chan error, 1)
	go func() {
		var err error
		server, err = start(b, false)
		failed <- err
	}()
	client, err = start(a, true)
	if err = errors.Join(err, <-failed); err != nil {
		_, _ = a.Close(), b.Close() // which ends a side that had no failure too
	}
	return client, server, err
}

// dialler makes a setup of a session whose streams are connections.
func dialler[S io.Closer, C net.Conn](
	on medium, start func(c net.Conn, client bool) (S, error),
	open func(context.Context, S) (C, error), accept func(S) (C, error),
) setup {
	return func(ctx context.Context) (both, error) {
		client, server, err := started(ctx, on, start)
		if err != nil {
			return both{}, err
		}
		return both{
			open: func(ctx context.Context) (line, error) {
				c, err := open(ctx, client)
				return conn{c}, err
			},
			accept: func(context.Context) (line, error) {
				c, err := accept(server)
				return conn{c}, err
			},
			end: func() { _, _ = client.Close(), server.Close() },
		}, nil
	}
}

func bareYamux(on medium) setup {
	return dialler(on, func(c net.Conn, client bool) (*yamux.Session, error) {
		cfg := yamux.DefaultConfig()
		cfg.LogOutput = io.Discard
		if client {
			return yamux.Client(c, cfg)
		}
		return yamux.Server(c, cfg)
	}, func(_ context.Context, s *yamux.Session) (*yamux.Stream, error) {
		return s.OpenStream()
	}, (*yamux.Session).AcceptStream)
}

func libp2pYamux(on medium) setup {
	return dialler(on, func(c net.Conn, client bool) (*libp2p.Session, error) {
		cfg := libp2p.DefaultConfig()
		cfg.LogOutput = io.Discard
		cfg.MaxIncomingStreams = 1 << 20
		if client {
			return libp2p.Client(c, cfg, nil)
		}
		return libp2p.Server(c, cfg, nil)
	}, func(ctx context.Context, s *libp2p.Session) (*libp2p.Stream, error) {
		return s.OpenStream(ctx)
	}, (*libp2p.Session).AcceptStream)
}

// smuxV2 is the version with a window for each stream.
func smuxV2(on medium) setup {
	return dialler(on, func(c net.Conn, client bool) (*smux.Session, error) {
		cfg := smux.DefaultConfig()
		cfg.Version = 2
		if client {
			return smux.Client(c, cfg)
		}
		return smux.Server(c, cfg)
	}, func(_ context.Context, s *smux.Session) (*smux.Stream, error) {
		return s.OpenStream()
	}, (*smux.Session).AcceptStream)
}

// chaotic is a simulated connection whose directions are both like l.
func chaotic(l chaos.Link) medium {
	return func(context.Context) (net.Conn, net.Conn, error) {
		a, b := chaos.Pair(chaos.Symmetric(l))
		return a, b, nil
	}
}

// tlsPair is tcpPair under TLS 1.3.
func tlsPair(ctx context.Context) (net.Conn, net.Conn, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	cfg := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS13, SessionTicketsDisabled: true,
		InsecureSkipVerify: true, // both ends are here
	}
	return started(ctx, tcpPair, func(c net.Conn, client bool) (net.Conn, error) {
		end := tls.Server(c, cfg)
		if client {
			end = tls.Client(c, cfg)
		}
		return end, end.HandshakeContext(ctx)
	})
}
