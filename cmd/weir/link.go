package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// streamSync is the name of the stream that carries a session between peers.
const streamSync = "sync"

// goodbye is how long a link may take to close in good order.
const goodbye = 300 * time.Millisecond

// A link is a connection to a peer, with the one stream that a session needs.
type link struct {
	session *mux.Session
	duplex  duplex.Duplex[[]byte, []byte]
}

// dialPeer connects to a peer that listens at a TCP address.
func dialPeer(ctx context.Context, address string) (*link, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fail(exitUsage, "an address is HOST:PORT", "%w", err)
	}
	d := net.Dialer{Timeout: patience}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, ended(ctx, err)
	}
	session, err := mux.Client(ctx, conn, mux.Config{})
	if err != nil {
		return nil, notSpeaking(ended(ctx, err))
	}
	stream, err := session.Open(ctx, streamSync, nil)
	if err != nil {
		return nil, errors.Join(err, session.Abort(err))
	}
	return &link{session: session, duplex: stream.Duplex()}, nil
}

// acceptPeer answers a peer that has connected.
func acceptPeer(ctx context.Context, conn net.Conn) (*link, error) {
	session, err := mux.Server(ctx, conn, mux.Config{})
	if err != nil {
		return nil, notSpeaking(ended(ctx, err))
	}
	stream, err := session.Accept(ctx)
	if err == nil && stream.Name() != streamSync {
		err = fmt.Errorf("it asks for %q: %w", stream.Name(), mux.ErrProtocol)
	}
	if err != nil {
		return nil, errors.Join(ended(ctx, err), session.Abort(err))
	}
	return &link{session: session, duplex: stream.Duplex()}, nil
}

// notSpeaking says of a peer which does not even answer that it is not weir.
func notSpeaking(err error) error {
	if errors.Is(err, mux.ErrSilent) || errors.Is(err, mux.ErrLost) {
		return fail(exitProtocol, "something is there, but it does not speak: is it weir?", "%w", err)
	}
	return err
}

// ended is err, or why ctx is done if it is.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return pull.Cause(ctx)
	}
	return err
}

// close ends the connection in good order, if that can be done soon: the last
// that was written may still be on its way.
func (l *link) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	_ = l.session.Close(ctx)
}
