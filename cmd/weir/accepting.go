package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// acceptAll keeps sessions with the peers that connect.
func (p *peering) acceptAll(ctx, own context.Context, ln *netconn.Listener) {
	p.places = make(chan struct{}, p.limits.peers)
	for conn, err := range pull.Source[net.Conn](ln.Accept).All(ctx) {
		if err != nil {
			if ctx.Err() == nil {
				p.event("failed", p.listen, "", "listening ends: %s", plain(err))
			}
			return
		}
		entering, leave := p.hall.enter(p.hurry)
		p.sessions.Go(func() { p.receive(own, entering, leave, conn) })
	}
}

// receive has the handshakes with whoever has connected, and then serves it.
func (p *peering) receive(ctx, entering context.Context, entered func(), conn net.Conn) {
	from := conn.RemoteAddr().String()
	if conn.LocalAddr().Network() == "unix" {
		from = "unix:" + conn.LocalAddr().String()
	}
	_ = netconn.SetUserTimeout(conn, unanswered)
	full, leave := false, func() {}
	l, err := p.gate.answer(entering, conn, p.paths, func() mux.Config {
		limits := mux.Config{MaxStreams: int(p.limits.streams), Budget: p.limits.budget}
		if leave, full = p.place(); full {
			limits.MaxStreams = -1 // whoever connects learns it as soon as it opens one
		}
		return limits
	})
	defer leave()
	entered()
	switch {
	case err != nil:
		p.turnedAway(from, err)
	case full:
		l.leave(ctx)
		p.refused(from, fmt.Errorf("the limit is %s at once", plural(p.limits.peers, "peer")))
	default:
		p.serveSession(ctx, l, from)
	}
}

// place takes one of the places for peers, if there is one left.
func (p *peering) place() (leave func(), full bool) {
	select {
	case p.places <- struct{}{}:
		return func() { <-p.places }, false
	default:
		return func() {}, true
	}
}

// turnedAway tells who was refused, once for each, or asks the person at the
// terminal whether that shall be so.
func (p *peering) turnedAway(from string, err error) {
	peer, unknown := stranger(err)
	switch {
	case unknown && p.gate.again(peer):
	case unknown && !p.gate.news(peer):
		return
	case unknown && p.e.canAsk():
		p.askAbout(peer, from)
		return
	case errors.Is(err, secure.ErrNoKey):
		host, _, _ := net.SplitHostPort(from)
		if p.gate.due(host) && p.noise.Allow() {
			p.left(nil, from, "left", p.gate.explained(err, p.paths[0]))
		}
		return
	case errors.As(err, new(*secure.PeerError)) && !unknown && !p.troubles.Allow():
		return // a list cannot be read, as was told
	}
	p.refused(from, p.gate.explained(err, p.paths[0]))
}

// askAbout asks the person at the terminal, and says how to answer later.
func (p *peering) askAbout(peer secure.PeerID, from string) {
	switch yes, err := p.gate.ask(p.hurry, peer, from, p.paths...); {
	case yes:
		p.event("trusted", from, peer.String(), "it is let in when it connects again, which peer does by itself")
	case err != nil:
		p.refused(from, err)
	default:
		p.e.say("to let it in later: %s", trustLine(p.paths[0], peer))
	}
}

// refused tells of somebody who did not get in; not of each, if there are many.
func (p *peering) refused(from string, err error) {
	if p.noise.Allow() {
		p.left(nil, from, "was refused", err)
	}
}

// serveSession serves the streams that a peer opens, until the session ends.
func (p *peering) serveSession(ctx context.Context, l *link, from string) {
	var router mux.Router
	sync := func(ctx context.Context, st *mux.Stream) error { return p.serveSync(ctx, st, l.peer, from) }
	router.Handle(streamSync, sync)
	router.Handle(streamNamed, sync)
	router.Handle(streamDoctor, p.doctors.handler(&p.limits, func(ctx context.Context, name string) error {
		_, err := p.find(ctx, name, l.peer)
		return err
	}))
	served := make(chan struct{})
	closing := make(chan struct{})
	go func() {
		defer close(closing)
		select {
		case <-p.finish: // the streams that are open go on to their end
			_ = l.Close(ctx)
		case <-served:
		}
	}()
	_ = router.Serve(ctx, l.Session) // what went wrong is told stream by stream
	close(served)
	<-closing
	_ = l.Abort(nil)
}

// serveSync has the session of the replica that a stream's name asks for.
func (p *peering) serveSync(ctx context.Context, st *mux.Stream, peer secure.PeerID, from string) error {
	r, err := p.find(ctx, strings.TrimPrefix(strings.TrimPrefix(st.Name(), streamSync), "/"), peer)
	if err != nil {
		p.refused(from, err)
		return err
	}
	own, cancel := lingering(ctx)
	defer cancel()
	_, err = p.session(own, r, peer, from, telling(st.Duplex()))
	p.left(r, from, "left", err)
	return nil // the session has ended both halves
}

// lingering is a context that is done a moment after ctx: whoever is turned
// away hangs up, while what the replica's holder says of it is on its way here.
func lingering(ctx context.Context) (own context.Context, cancel func()) {
	own, end := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(goodbye, func() { end(pull.Cause(ctx)) })
	})
	return own, func() { stop(); end(nil) }
}

// find returns the replica of that name that the peer may use; of no name, the
// only one. The peer is told of none that it may not use.
func (p *peering) find(ctx context.Context, name string, peer secure.PeerID) (*served, error) {
	var usable []*served
	unread := false // a list
	for _, r := range p.replicas {
		switch err := mayUse(ctx, peer, p.gate.accepted(trustedOf(r.path))); {
		case err == nil:
			usable = append(usable, r)
		case !errors.Is(err, secure.ErrUnknownPeer):
			unread = true
		}
	}
	if name == "" && len(usable) == 1 {
		return usable[0], nil
	}
	for _, r := range usable {
		if r.name == name {
			return r, nil
		}
	}
	text := fmt.Sprintf("no replica %q here; there are %s", name, names(usable))
	switch {
	case unread:
		return nil, &mux.StreamError{Code: mux.CodeFailed, Text: "it cannot be told now who is trusted: try again"}
	case len(usable) == 0:
		text = "no replica here for this peer any more"
	case name == "":
		text = "which replica? there are " + names(usable)
	}
	return nil, &mux.StreamError{Code: mux.CodeRefused, Text: text}
}

// mayUse asks a gate for one replica about a peer, whom it has let in for some
// replica. Without a peer the channel is in the clear, for anybody.
func mayUse(ctx context.Context, peer secure.PeerID, accept func(context.Context, secure.Peer) error) error {
	if peer == (secure.PeerID{}) {
		return nil
	}
	return accept(ctx, secure.Peer{ID: peer})
}

// listenSocketAt listens at a Unix socket that only this user can reach. One
// that a killed weir has left is replaced.
func listenSocketAt(ctx context.Context, path string) (*netconn.Listener, error) {
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		return nil, errors.Join(fmt.Errorf("%s is in use", path), conn.Close())
	}
	ln, err := listenSocket(path)
	if err != nil {
		return nil, err
	}
	return netconn.NewListener(ln), nil
}
