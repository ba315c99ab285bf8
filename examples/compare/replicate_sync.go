package main

import (
	"context"
	"errors"
	"net"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/replicate"
)

// A carrier is a duplex, and what ends that which carries it.
type carrier struct {
	duplex.Duplex[[]byte, []byte]
	end func(error)
}

// ends are two ends of one connection, each made by its own goroutine.
type ends [2]func(context.Context) (carrier, error)

// fill fills an empty replica from the full one, and returns how many keys it
// got.
func (f *fixture) fill(ctx context.Context, on ends) (int, error) {
	full, err := f.full()
	if err != nil {
		return 0, err
	}
	empty, err := newReplica()
	if err != nil {
		return 0, err
	}
	err = converge(ctx, full.Replica, empty.Replica, on)
	return empty.m.Len(), err
}

// converge makes two replicas equal.
func converge(ctx context.Context, a, b *replicate.Replica, on ends) error {
	return all(2, func(i int) error {
		c, err := on[i](ctx)
		if err != nil {
			return err
		}
		r := a
		if i == 1 {
			r = b
		}
		err = replicate.NewSession(r, replicate.SyncConfig{Once: true}).Run(ctx, c.Duplex)
		c.end(err)
		return err
	})
}

// meet runs two sessions with each other in memory.
func meet(ctx context.Context, a, b *replicate.Session) error {
	x, y := duplex.Pair[[]byte, []byte]()
	return all(2, func(i int) error {
		if i == 0 {
			return a.Run(ctx, x)
		}
		return b.Run(ctx, y)
	})
}

func inMemory() ends {
	a, b := duplex.Pair[[]byte, []byte]()
	end := func(d duplex.Duplex[[]byte, []byte]) func(context.Context) (carrier, error) {
		return func(context.Context) (carrier, error) { return carrier{d, func(error) {}}, nil }
	}
	return ends{end(a), end(b)}
}

func (f *fixture) inMemory(ctx context.Context) (int, error) { return f.fill(ctx, inMemory()) }

func (f *fixture) overTCP(ctx context.Context) (int, error) {
	a, b, err := tcpPair(ctx)
	if err != nil {
		return 0, err
	}
	end := func(c net.Conn) func(context.Context) (carrier, error) {
		return func(context.Context) (carrier, error) {
			return carrier{netconn.New(c), func(error) {}}, nil
		}
	}
	return f.fill(ctx, ends{end(a), end(b)})
}

// inMux is overTCP in a stream of a mux session.
func (f *fixture) inMux(ctx context.Context) (int, error) {
	a, b, err := tcpPair(ctx)
	if err != nil {
		return 0, err
	}
	return f.fill(ctx, ends{
		func(ctx context.Context) (carrier, error) { return muxed(ctx, a, true) },
		func(ctx context.Context) (carrier, error) { return muxed(ctx, b, false) },
	})
}

// muxed carries a stream of a mux session.
func muxed(ctx context.Context, c net.Conn, server bool) (carrier, error) {
	start := mux.Client
	if server {
		start = mux.Server
	}
	session, err := start(ctx, c, mux.Config{})
	if err != nil {
		return carrier{}, err
	}
	var stream *mux.Stream
	if server {
		stream, err = session.Accept(ctx)
	} else {
		stream, err = session.Open(ctx, "sync", nil)
	}
	if err != nil {
		return carrier{}, errors.Join(err, session.Abort(err))
	}
	return carrier{stream.Duplex(), func(error) { _ = session.Close(ctx) }}, nil
}

func tcpPair(ctx context.Context) (a, b net.Conn, err error) {
	l, err := netconn.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if b, err = new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	a, err = l.Accept(ctx)
	return a, b, err
}

// A talk is sessions that are played by hand, so that all is said that is to be
// said, and then no more.
type talk []*replicate.Session

// newTalk begins a session between two replicas.
func newTalk(a, b *replicate.Replica) talk {
	t := talk{
		replicate.NewSession(a, replicate.SyncConfig{}), replicate.NewSession(b, replicate.SyncConfig{}),
	}
	t[0].Begin()
	t[1].Begin()
	return t
}

func (t talk) end() {
	for _, s := range t {
		s.End()
	}
}

// play goes on until nobody has anything to say. Peers are neighbours: 0 and 1,
// 2 and 3. In each round everybody speaks before anybody listens: what is on its
// way to several is taken in by none of them before they have passed it on.
func (t talk) play() error {
	said := make([][]byte, len(t))
	for {
		silent := true
		for i, s := range t {
			var err error
			if said[i], err = s.Next(); err != nil {
				return err
			}
			silent = silent && said[i] == nil
		}
		if silent {
			return nil
		}
		for i, s := range t {
			if err := s.Take(said[i^1]); err != nil {
				return err
			}
		}
	}
}
