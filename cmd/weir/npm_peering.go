package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
)

// An npmPeering is one run of weir npm serve or join.
type npmPeering struct {
	e      *env
	listen string
	once   bool
	deaf   bool // nothing is taken in
	object func() (*npmObject, error)

	r        *replicaFile
	npm      *npmObject
	finish   chan struct{} // closed when sessions are to finish
	sessions sync.WaitGroup
}

func (p *npmPeering) flags(c *cobra.Command) {
	p.object = npmFlags(c)
	fsyncFlag(c, p.e)
}

// maxNpm is how many programs may be connected at once.
const maxNpm = 1000

func (p *npmPeering) run(c *cobra.Command, path string, join []string) (err error) {
	if p.npm, err = p.object(); err != nil {
		return err
	}
	var addresses []address
	for _, text := range join {
		a, err := parseAddress(text)
		if err == nil && a.name != "" {
			err = fail(exitUsage, addressForms, "%s: programs in JavaScript have no name", text)
		}
		if err != nil {
			return err
		}
		addresses = append(addresses, a)
	}
	ctx, broken := context.WithCancelCause(c.Context())
	defer broken(nil)
	p.r = p.e.open(path)
	p.r.hold, p.r.broken = !p.once, broken
	p.finish = make(chan struct{})
	if err = p.r.ready(ctx); err == nil {
		if p.once {
			err = p.exchange(ctx, addresses)
		} else {
			err = p.stay(ctx, addresses)
		}
	}
	return untilSignal(firstError(err, p.r.close(ctx)))
}

// exchange has one session with each, one behind another.
func (p *npmPeering) exchange(ctx context.Context, addresses []address) error {
	for _, a := range addresses {
		if err := p.dial(ctx, ctx, a); err != nil {
			return at(a.String(), err)
		}
	}
	return nil
}

// stay runs until ctx is done, which is how it ends well.
func (p *npmPeering) stay(ctx context.Context, addresses []address) error {
	// Sessions outlive ctx, to finish.
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	if p.listen != "" {
		ln, err := p.openListener(ctx)
		if err != nil {
			return err
		}
		p.sessions.Go(func() { p.acceptAll(ctx, own, ln) })
	}
	for _, a := range addresses {
		p.sessions.Go(func() { p.joinFor(ctx, own, a) })
	}
	<-ctx.Done()
	close(p.finish)
	late := time.AfterFunc(lastExchange, func() { cancel(errClosing) })
	defer late.Stop()
	p.sessions.Wait()
	return pull.Cause(ctx)
}

func (p *npmPeering) openListener(ctx context.Context) (*netconn.Listener, error) {
	other := peering{e: p.e, listen: p.listen, gate: &gate{e: p.e, insecure: true}}
	return other.openListener(ctx)
}

func (p *npmPeering) acceptAll(ctx, own context.Context, ln *netconn.Listener) {
	places := make(chan struct{}, maxNpm)
	for conn, err := range pull.Source[net.Conn](ln.Accept).All(ctx) {
		if err != nil {
			if ctx.Err() == nil {
				p.e.tell(event{Event: "failed", Address: p.listen}, "listening ends: %s", plain(err))
			}
			return
		}
		select {
		case places <- struct{}{}:
		default:
			_ = conn.Close()
			continue
		}
		p.sessions.Go(func() {
			defer func() { <-places }()
			p.session(own, conn.RemoteAddr().String(), conn)
		})
	}
}

// joinFor keeps a session with the program at an address.
func (p *npmPeering) joinFor(ctx, own context.Context, a address) {
	bound := firstPause
	for ctx.Err() == nil {
		start := time.Now()
		_ = p.dial(ctx, own, a)
		if time.Since(start) > lastPause {
			bound = firstPause
		}
		pause := time.Duration(rand.Int64N(int64(bound)))
		bound = min(2*bound, lastPause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// dial connects, and has a session.
func (p *npmPeering) dial(ctx, own context.Context, a address) error {
	conn, err := new(net.Dialer).DialContext(ctx, a.network, a.at)
	if err != nil {
		if ctx.Err() != nil {
			return pull.Cause(ctx)
		}
		if !p.once {
			p.left(a.String(), "is not there yet", err)
		}
		return err
	}
	return p.session(own, a.String(), conn)
}

// session has a session over a connection, and tells of it.
func (p *npmPeering) session(ctx context.Context, address string, conn net.Conn) error {
	_ = netconn.Tune(conn)
	c := &call{finish: p.finish, request: request{Op: "npm session", Live: !p.once, Deaf: p.deaf, Npm: p.npm}}
	c.note = func(_ context.Context, n note) {
		switch n.Event {
		case "met":
			p.e.tell(event{Event: "joined", Address: address, Peer: n.Peer}, "joined %s at %s", n.Peer, address)
		case "synced":
			p.e.tell(event{Event: "synced", Address: address, Peer: n.Peer}, "in sync with %s", n.Peer)
		}
	}
	err := p.r.sync(ctx, c, netconn.New(conn))
	if !p.once {
		p.left(address, "left", err)
	}
	return err
}

// left tells why a program is not there any more, or not yet.
func (p *npmPeering) left(address, how string, err error) {
	if err == nil || errors.Is(err, errClosing) {
		p.e.tell(event{Event: "left", Address: address}, "%s left", address)
		return
	}
	f := explain(err)
	p.e.tell(event{Event: "left", Address: address, Error: f.What, Hint: f.Hint}, "%s %s: %s", address, how, f.What)
}
