package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

func peerCommand(e *env) *cobra.Command {
	p := &peering{e: e}
	c := &cobra.Command{
		Use:   "peer R",
		Short: "Keep a replica equal to others, until interrupted",
		Long: `Listens for peers, connects to peers, and keeps R equal to all of them, until it
is interrupted. A peer that vanishes is connected to again.

A port alone means 127.0.0.1. Other addresses need --insecure, as the channel is
not secured yet: whoever reaches the port can read and write R.`,
		Example: `  weir peer r --listen :8000
  weir peer r --join 192.168.1.2:8000 --join 192.168.1.3:8000
  weir peer r --insecure --listen 0.0.0.0:8000`,
		Args: args(1, 1),
	}
	c.Flags().StringVar(&p.listen, "listen", "", "the address to accept peers at, HOST:PORT")
	c.Flags().StringArrayVar(&p.join, "join", nil, "the address of a peer, HOST:PORT; may be repeated")
	c.Flags().BoolVar(&p.insecure, "insecure", false, "listen beyond this host, on an unsecured channel")
	c.RunE = func(c *cobra.Command, args []string) error {
		if p.listen == "" && len(p.join) == 0 {
			return usage(c, "nothing to do: give --listen, --join or both")
		}
		return p.run(c.Context(), args[0])
	}
	return c
}

// How long a peer that is not there is left alone. Each wait is a random part
// of a bound that doubles.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
	// slowPause is for what another try will hardly change.
	slowPause = 30 * time.Second
	// lastExchange is how long sessions may take to finish.
	lastExchange = 1000 * time.Millisecond
)

// A peering is one run of the command peer.
type peering struct {
	e        *env
	listen   string
	join     []string
	insecure bool

	r        *replicaFile
	finish   chan struct{} // closed when sessions are to finish
	sessions sync.WaitGroup
}

func (p *peering) run(ctx context.Context, path string) error {
	address, err := p.address()
	if err != nil {
		return err
	}
	for _, join := range p.join {
		if _, _, err := net.SplitHostPort(join); err != nil {
			return fail(exitUsage, "--join HOST:PORT, with nothing before HOST", "%w", err)
		}
	}
	p.r = p.e.open(path)
	p.r.hold = true
	ctx, p.r.broken = context.WithCancelCause(ctx)
	defer p.r.broken(nil)
	if err := p.r.ready(ctx); err != nil {
		return untilSignal(err)
	}
	err = p.serve(ctx, address)
	return untilSignal(firstError(err, p.r.close(ctx)))
}

// serve runs until ctx is done, which is how it ends well.
func (p *peering) serve(ctx context.Context, address string) error {
	var ln *netconn.Listener
	if address != "" {
		var err error
		if ln, err = netconn.Listen(ctx, "tcp", address); err != nil {
			return fail(exitFailed, "an address of this host, and a port that is free: ':0' takes any", "%w", err)
		}
		p.event("listening", ln.Addr().String(), "", "listening on %s", ln.Addr())
	}
	// Sessions outlive ctx, to finish.
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	p.finish = make(chan struct{})
	if ln != nil {
		p.sessions.Go(func() { p.acceptAll(ctx, own, ln) })
	}
	for _, join := range p.join {
		p.sessions.Go(func() { p.joinFor(ctx, own, join) })
	}
	<-ctx.Done()
	close(p.finish)
	late := time.AfterFunc(lastExchange, func() { cancel(errClosing) })
	defer late.Stop()
	p.sessions.Wait()
	return pull.Cause(ctx)
}

// address is where to listen: a port alone is this host's alone.
func (p *peering) address() (string, error) {
	if p.listen == "" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(p.listen)
	if err != nil {
		return "", fail(exitUsage, "--listen HOST:PORT, or :PORT", "%w", err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	ip := net.ParseIP(host)
	switch local := host == "localhost" || ip != nil && ip.IsLoopback(); {
	case !local && !p.insecure:
		return "", fail(exitUsage, "--insecure does it nevertheless; or use 'weir sync' over ssh",
			"%s can be reached from other hosts, and the channel is not secured yet", host)
	case !local:
		p.e.tell(event{Event: "insecure", Address: p.listen},
			"warning: the channel is not secured yet: whoever reaches %s can read and write", p.listen)
	}
	return net.JoinHostPort(host, port), nil
}

// acceptAll keeps sessions with the peers that connect.
func (p *peering) acceptAll(ctx, own context.Context, ln *netconn.Listener) {
	for conn, err := range pull.Source[net.Conn](ln.Accept).All(ctx) {
		if err != nil {
			if ctx.Err() == nil {
				p.event("failed", p.listen, "", "listening ends: %s", plain(err))
			}
			return
		}
		p.sessions.Go(func() {
			from := conn.RemoteAddr().String()
			l, err := acceptPeer(own, conn)
			if err == nil {
				err = p.session(own, from, l)
			}
			p.left(from, "left", err)
		})
	}
}

// joinFor keeps a session with the peer at an address, connecting anew
// whenever it ends.
func (p *peering) joinFor(ctx, own context.Context, address string) {
	bound, said := firstPause, ""
	for ctx.Err() == nil {
		start := time.Now()
		l, err := dialPeer(ctx, address)
		if err == nil {
			said = ""
			err = p.session(own, address, l)
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(start) > lastPause {
			bound = firstPause
		}
		pause := time.Duration(rand.Int64N(int64(bound)))
		bound = min(2*bound, lastPause)
		if lasting(err) {
			pause = slowPause
		}
		// What goes on failing in the same way is told once.
		if text := fmt.Sprint(err); text != said {
			said = text
			how := "left"
			if l == nil && !lasting(err) {
				how = "is not there yet"
			}
			p.left(address, how, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// lasting reports whether trying again at once is of no use: whoever is there
// is the wrong one, or a clock is wrong.
func lasting(err error) bool {
	code := exitOK
	if err != nil {
		code = explain(err).Code
	}
	return code == exitIdentity || code == exitProtocol || errors.Is(err, replicate.ErrFuture)
}

// session runs a live session over l until it ends.
func (p *peering) session(ctx context.Context, address string, l *link) error {
	c := &call{request: request{Op: "session", Live: true}, finish: p.finish}
	c.note = func(_ context.Context, n note) {
		switch n.Event {
		case "met":
			p.event("joined", address, n.Peer, "joined %s at %s", n.Peer, address)
		case "synced":
			p.event("synced", address, n.Peer, "in sync with %s", n.Peer)
		}
	}
	err := p.r.sync(ctx, c, l.duplex)
	l.close(ctx)
	return err
}

// An event is what peer tells with --json.
type event struct {
	Event   string `json:"event"`
	Address string `json:"address"`
	Peer    string `json:"peer,omitempty"`
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

func (p *peering) event(name, address, peer, format string, args ...any) {
	p.e.tell(event{Event: name, Address: address, Peer: peer}, format, args...)
}

// left tells why a peer is not there any more, or not yet.
func (p *peering) left(address, how string, err error) {
	if err == nil || errors.Is(err, errClosing) {
		p.event("left", address, "", "%s left", address)
		return
	}
	f := explain(err)
	text := fmt.Sprintf("%s %s: %s", address, how, f.What)
	if lasting(err) {
		text += " (hint: " + f.Hint + ")"
	}
	p.e.tell(event{"left", address, "", f.What, f.Hint}, "%s", text)
}
