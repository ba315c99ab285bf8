package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

const services = 1000 // that are looked through

func newRegistry() (*registry.Registry, error) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{registry.JSON}})
	return registry.Open(r, "", registry.Config{})
}

// register registers n services.
func register(g *registry.Registry, n int) error {
	for i := range n {
		_, err := g.Register(registry.Service{
			Role: fmt.Sprint("role", i%100), Version: "1.2.3", Host: "10.0.0.7",
			Port: 1 + i%60_000, Meta: map[string]any{"zone": "b"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// queries asks n times for one of a hundred roles.
func queries(n int) func(meter) contender {
	return func(by meter) contender {
		return func(context.Context) (int, error) {
			g, err := newRegistry()
			if err != nil {
				return 0, err
			}
			if err := register(g, services); err != nil {
				return 0, errors.Join(err, g.Close())
			}
			got := 0
			took, err := by(func() error {
				for i := range n {
					found, err := g.Query(fmt.Sprintf("role%d@1.x", i%100))
					if err != nil {
						return err
					}
					got += len(found)
				}
				return nil
			})
			return int(took), errors.Join(err, counted(got, n*services/100), g.Close())
		}
	}
}

// A square is a hub and two of its clients.
type square struct{ hub, from, to *registry.Registry }

// registrations has one client register n services, of which the hub tells the
// other one, until that has all.
func registrations(n int) func(meter) contender {
	return func(by meter) contender {
		return func(ctx context.Context) (took int, err error) {
			var q square
			for _, g := range []**registry.Registry{&q.hub, &q.from, &q.to} {
				if *g, err = newRegistry(); err != nil {
					return 0, err
				}
				defer func() { err = errors.Join(err, (*g).Close()) }()
			}
			ctx, stop := context.WithCancelCause(ctx)
			defer stop(nil)
			err = q.connected(ctx, stop, func() error {
				if err := q.await(ctx, 1); err != nil {
					return err
				}
				d, err := by(func() error { return q.await(ctx, n) })
				took = int(d)
				return err
			})
			return took, err
		}
	}
}

var errDone = errors.New("done")

// connected runs f while the clients are connected to the hub.
func (q *square) connected(ctx context.Context, stop context.CancelCauseFunc, f func() error) error {
	var near, far [2]net.Conn
	for i := range near {
		var err error
		if near[i], far[i], err = tcpPair(ctx); err != nil {
			return err
		}
	}
	clients := []*registry.Registry{q.from, q.to}
	return all(5, func(i int) (err error) {
		switch {
		case i < 2:
			err = clients[i].Join(ctx, netconn.New(near[i]))
		case i < 4:
			err = q.hub.Serve(ctx, netconn.New(far[i-2]), "127.0.0.1")
		default:
			if err = f(); err == nil {
				err = errDone
			}
		}
		if stop(err); context.Cause(ctx) == errDone {
			return nil
		}
		return err
	})
}

// await registers n services more, and waits until the other client has them.
func (q *square) await(ctx context.Context, n int) error {
	changes := q.to.Watch("")
	defer func() { _ = pull.Abort(changes, nil) }()
	known, err := q.to.Query("")
	if err != nil {
		return err
	}
	if err := register(q.from, n); err != nil {
		return err
	}
	for seen := make(map[string]bool); len(seen) < len(known)+n; {
		c, err := changes(ctx)
		if err != nil {
			return err
		}
		seen[c.Service.ID] = true
	}
	return nil
}
