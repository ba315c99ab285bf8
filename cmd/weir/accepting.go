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
	p.handshakes = make(chan struct{}, maxHandshakes)
	p.places = make(chan struct{}, p.limits.peers)
	for conn, err := range pull.Source[net.Conn](ln.Accept).All(ctx) {
		if err != nil {
			if ctx.Err() == nil {
				p.event("failed", p.listen, "", "listening ends: %s", plain(err))
			}
			return
		}
		select {
		case p.handshakes <- struct{}{}:
		default: // whoever means it tries again
			_ = conn.Close()
			continue
		}
		p.sessions.Go(func() { p.receive(own, conn) })
	}
}

// receive has the handshakes with whoever has connected, and then serves it.
func (p *peering) receive(ctx context.Context, conn net.Conn) {
	from := conn.RemoteAddr().String()
	if conn.LocalAddr().Network() == "unix" {
		from = "unix:" + conn.LocalAddr().String()
	}
	_ = netconn.SetUserTimeout(conn, unanswered)
	full := false
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		full = true
	}
	cfg := mux.Config{MaxStreams: int(p.limits.streams), Budget: p.limits.budget}
	if full {
		cfg.MaxStreams = -1 // whoever connects learns it as soon as it opens one
	}
	hurry, done := p.untilFinish(ctx)
	session, peer, err := p.gate.answer(hurry, conn, p.paths, cfg)
	done()
	<-p.handshakes
	switch {
	case err != nil:
		p.turnedAway(ctx, from, err)
	case full:
		closeSession(ctx, session)
		p.left(nil, from, "was turned away", fmt.Errorf("%d peers are connected, which is the limit", p.limits.peers))
	default:
		p.serveSession(ctx, session, peer, from)
	}
}

// untilFinish is ctx, but done when sessions are to finish: a handshake is not
// worth waiting for.
func (p *peering) untilFinish(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-p.finish:
			cancel(errClosing)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// turnedAway tells who was refused, once for each, and asks the person at the
// terminal whether that shall be so.
func (p *peering) turnedAway(ctx context.Context, from string, err error) {
	peer, unknown := stranger(err)
	switch {
	case unknown && !p.gate.news(peer):
		return
	case unknown && p.gate.e.canAsk():
		yes, err := p.gate.ask(ctx, peer, from, p.paths...)
		if yes {
			p.event("trusted", from, peer.String(), "it is let in when it connects again, which peer does by itself")
			return
		}
		if err != nil {
			p.left(nil, from, "was refused", err)
			return
		}
	}
	p.left(nil, from, "was refused", p.gate.explained(err, p.paths[0]))
}

// serveSession serves the streams that a peer opens, until the session ends.
func (p *peering) serveSession(ctx context.Context, session *mux.Session, peer secure.PeerID, from string) {
	var router mux.Router
	sync := func(ctx context.Context, st *mux.Stream) error { return p.serveSync(ctx, st, peer, from) }
	router.Handle(streamSync, sync)
	router.Handle(streamNamed, sync)
	router.Handle(streamDoctor, p.doctors.handler(&p.limits))
	served := make(chan struct{})
	closing := make(chan struct{})
	go func() {
		defer close(closing)
		select {
		case <-p.finish: // the streams that are open go on to their end
			_ = session.Close(ctx)
		case <-served:
		}
	}()
	_ = router.Serve(ctx, session) // what went wrong is told stream by stream
	close(served)
	<-closing
	_ = session.Abort(nil)
}

// serveSync has the session of the replica that a stream's name asks for.
func (p *peering) serveSync(ctx context.Context, st *mux.Stream, peer secure.PeerID, from string) error {
	r, err := p.find(ctx, strings.TrimPrefix(strings.TrimPrefix(st.Name(), streamSync), "/"), peer)
	if err != nil {
		p.left(nil, from, "was refused", err)
		return err
	}
	_, err = p.session(ctx, r, from, st.Duplex())
	p.left(r, from, "left", err)
	return nil // the session has ended both halves
}

// find returns the replica of that name that the peer may use; of no name, the
// only one. The peer is told of none that it may not use.
func (p *peering) find(ctx context.Context, name string, peer secure.PeerID) (*served, error) {
	var usable []*served
	for _, r := range p.replicas {
		if peer == (secure.PeerID{}) || // in the clear
			p.gate.accepted(trustedOf(r.path))(ctx, secure.Peer{ID: peer}) == nil {
			usable = append(usable, r)
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
	case len(usable) == 0:
		text = "no replica here for this peer any more"
	case name == "":
		text = "which replica? there are " + names(usable)
	}
	return nil, &mux.StreamError{Code: mux.CodeRefused, Text: text}
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
