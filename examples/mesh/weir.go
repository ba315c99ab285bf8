package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

// A gateway is a replica of weir. Its model is one object, which it keeps equal to
// an original's in the original's protocol, and to another replica's in weir's own.
type gateway struct {
	called string
	mesh   *mesh
	s      *npm.Scuttlebutt
	m      *npm.Model[string]
	l      *netconn.Listener
}

// A protocol keeps a model equal to that at the other end, until one has gone.
type protocol func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error

func startWeir(ctx context.Context, m *mesh, name string) (member, error) {
	g, err := newGateway(ctx, m, name)
	if err != nil {
		return nil, err
	}
	m.keep(func() error { return g.listen(ctx, g.native) })
	return g, nil
}

func newGateway(ctx context.Context, m *mesh, name string) (*gateway, error) {
	r := replicate.New(replicate.Config{Types: npm.Types()})
	s, err := npm.Open(r, npm.ModelType, "", npm.Config{ID: name})
	if err != nil {
		return nil, err
	}
	g := &gateway{called: name, mesh: m, s: s}
	if g.m, err = npm.NewModel[string](s); err != nil {
		return nil, err
	}
	if g.l, err = netconn.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	m.keep(func() error { return g.watch(ctx) })
	return g, nil
}

// native is weir's own protocol: it has all of the replica's objects.
func (g *gateway) native(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	return replicate.NewSession(g.s.Replica(), replicate.SyncConfig{}).Run(ctx, d)
}

// lines is npm's.
func (g *gateway) lines(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	return g.s.NewSession(npm.SyncConfig{}).Run(ctx, d)
}

// watch has the mesh look whenever somebody has written something.
func (g *gateway) watch(ctx context.Context) error {
	for _, err := range g.m.Changes(0).All(ctx) {
		if err != nil {
			return err
		}
		g.mesh.tell()
	}
	return nil
}

// listen speaks a protocol with whoever joins, until it is left.
func (g *gateway) listen(ctx context.Context, speak protocol) error {
	for {
		conn, err := g.l.Accept(ctx)
		if err != nil {
			return err
		}
		g.mesh.running.Go(func() { _ = speak(ctx, netconn.New(conn)) })
	}
}

var errCut = errors.New("link cut")

func (g *gateway) join(ctx context.Context, to member) (cut func() error, err error) {
	speak := g.native
	if to.kind() == "npm" {
		speak = g.lines
	}
	d, err := netconn.Dial(ctx, "tcp", to.address())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	g.mesh.keep(func() error {
		defer close(ended)
		err := speak(ctx, d)
		if errors.Is(context.Cause(ctx), errCut) {
			return nil
		}
		return fmt.Errorf("the link of %s with %s has ended: %w", g.called, to.name(),
			cmp.Or(err, io.EOF))
	})
	return func() error {
		cancel(errCut)
		<-ended
		return nil
	}, nil
}

func (g *gateway) set(_ context.Context, key, value string) error { return g.m.Set(key, value) }

func (g *gateway) sees() map[string]string {
	all, _ := g.m.All() // all values are strings
	return all
}

func (g *gateway) name() string    { return g.called }
func (g *gateway) kind() string    { return "weir" }
func (g *gateway) address() string { return g.l.Addr().String() }
