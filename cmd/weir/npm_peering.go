package main

import (
	"context"
	"errors"
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
		err = p.work(ctx, addresses)
	}
	err = firstError(err, p.r.close(ctx))
	if p.once {
		return kept(err, "what had arrived is kept: once more brings the rest")
	}
	return untilSignal(err)
}

// work has all sessions, until ctx is done or, with --once, to their ends.
func (p *npmPeering) work(ctx context.Context, addresses []address) (err error) {
	// Sessions outlive ctx, to finish.
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	until, exchanged := context.WithCancel(ctx)
	defer exchanged()
	if p.listen != "" {
		ln, err := p.openListener(ctx)
		if err != nil {
			return err
		}
		p.sessions.Go(func() { p.acceptAll(ctx, own, ln) })
	}
	if p.once {
		p.sessions.Go(func() {
			defer exchanged()
			err = p.exchange(ctx, own, addresses)
		})
	} else {
		for _, a := range addresses {
			p.sessions.Go(func() { p.joinFor(ctx, own, a) })
		}
	}
	<-until.Done()
	close(p.finish)
	late := time.AfterFunc(lastExchange, func() { cancel(errClosing) })
	defer late.Stop()
	p.sessions.Wait()
	return firstError(ctxCause(ctx), err)
}

// exchange has one session with each, one behind another.
func (p *npmPeering) exchange(ctx, own context.Context, addresses []address) error {
	var said sayings[string]
	for _, a := range addresses {
		if _, _, err := p.dial(ctx, own, a, &said); err != nil {
			return at(a.String(), err)
		}
	}
	return nil
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
			from := conn.RemoteAddr().String()
			_ = netconn.Tune(conn)
			_, err := p.session(own, from, conn, func() {})
			p.left(from, "left", err, false)
		})
	}
}

// joinFor keeps a session with the program at an address.
func (p *npmPeering) joinFor(ctx, own context.Context, a address) {
	var said sayings[string]
	retry(ctx, func() error {
		connected, met, err := p.dial(ctx, own, a, &said)
		if ctx.Err() != nil && !connected || !said.news("left", met, err) {
			return err
		}
		how := "left"
		if !connected {
			how = "is not there yet"
		}
		p.left(a.String(), how, err, !met || lasting(err))
		return err
	})
}

// noProgram is the hint where nobody answers a join.
const noProgram = "is the program in JavaScript listening there, and is the address right?"

// noticeable is how long a program may take to send its header, before it is said
// that it is waited for.
const noticeable = time.Second

// dial connects, and has a session.
func (p *npmPeering) dial(
	ctx, own context.Context, a address, said *sayings[string],
) (connected, met bool, err error) {
	conn, err := connect(ctx, a)
	if err != nil {
		return false, false, otherwise(err, noProgram)
	}
	waiting := time.AfterFunc(noticeable, func() {
		if said.news("waiting", false, nil) {
			p.e.tell(event{Event: "waiting", Address: a.String()},
				"connected to %s, waiting for its header", a)
		}
	})
	defer waiting.Stop()
	met, err = p.session(own, a.String(), conn, func() {
		waiting.Stop()
		said.forget("waiting")
	})
	return true, met, err
}

// otherwise is err with another hint for where nobody answers than that of weir's
// own protocol.
func otherwise(err error, hint string) error {
	if f := explain(err); f.Hint == notThere {
		f.Hint = hint
		return f
	}
	return err
}

// session has a session over a connection, and tells of it. It calls meets once the
// program has said who it is.
func (p *npmPeering) session(
	ctx context.Context, address string, conn net.Conn, meets func(),
) (met bool, err error) {
	c := &call{finish: p.finish, request: request{Op: "npm session", Live: !p.once, Deaf: p.deaf, Npm: p.npm}}
	c.note = func(_ context.Context, n note) {
		switch n.Event {
		case "met":
			met = true
			meets()
			p.e.tell(event{Event: "joined", Address: address, Peer: n.Peer}, "joined %s at %s", n.Peer, address)
		case "synced":
			p.e.tell(event{Event: "synced", Address: address, Peer: n.Peer}, "in sync with %s", n.Peer)
		}
	}
	err = p.r.sync(ctx, c, netconn.New(conn))
	return met, err
}

// left tells why a program is not there any more, or not yet, and maybe what to do.
func (p *npmPeering) left(address, how string, err error, hint bool) {
	if err == nil || errors.Is(err, errClosing) {
		p.e.tell(event{Event: "left", Address: address}, "%s left", address)
		return
	}
	f := explain(err)
	text := f.What
	if hint && f.Hint != "" {
		text += " (hint: " + f.Hint + ")"
	}
	p.e.tell(event{Event: "left", Address: address, Error: f.What, Hint: f.Hint}, "%s %s: %s", address, how, text)
}
