package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// Names of the streams between peers: a session of the only replica there,
// that of a replica with a name, and what doctor asks.
const (
	streamSync   = "sync"
	streamNamed  = "sync/"
	streamDoctor = "doctor"
)

// goodbye is how long a link may take to close in good order.
const goodbye = 300 * time.Millisecond

// streamFor is the stream of a session with a replica, by its name there.
func streamFor(name string) string {
	if name == "" {
		return streamSync
	}
	return streamNamed + name
}

// A link is a session with a peer, who is nobody in particular in the clear.
type link struct {
	*mux.Session
	peer secure.PeerID
}

// dial connects to the peer at an address, for the sake of replicas with these
// paths, and asks the person at the terminal about one that is not known.
func (g *gate) dial(ctx context.Context, a address, replicas ...string) (*link, error) {
	l, err := g.dialOnce(ctx, a, replicas)
	peer, unknown := stranger(err)
	if unknown && g.e.canAsk() && g.news(peer) {
		yes, askErr := g.ask(ctx, peer, a.String(), replicas...)
		switch {
		case askErr != nil:
			return nil, askErr
		case yes:
			l, err = g.dialOnce(ctx, a, replicas)
		}
	}
	return l, g.explained(err, firstOr(replicas, "R"))
}

func firstOr(list []string, or string) string {
	if len(list) > 0 {
		return list[0]
	}
	return or
}

func (g *gate) dialOnce(ctx context.Context, a address, replicas []string) (*link, error) {
	if a.network == "tcp" && !g.insecure {
		if _, err := g.identity(); err != nil {
			return nil, err
		}
	}
	conn, err := connect(ctx, a)
	if err != nil {
		return nil, err
	}
	return g.over(ctx, conn, a, replicas)
}

// over has the handshakes over a connection to an address.
func (g *gate) over(ctx context.Context, conn net.Conn, a address, replicas []string) (*link, error) {
	h, secured := &heard{Conn: conn}, a.network == "tcp" && !g.insecure
	conn = h
	var peer secure.PeerID
	if secured {
		id, err := g.identity()
		if err != nil {
			return nil, errors.Join(err, h.Close())
		}
		cfg := secure.Config{Identity: id, Accept: g.dialled(listsOf(replicas)...)}
		c, err := secureClient(ctx, h, cfg)
		if err != nil {
			return nil, notSpeaking(ended(ctx, err))
		}
		conn, peer = c, c.Peer()
	}
	// Nobody opens streams towards the side that has connected.
	session, err := mux.Client(ctx, conn, mux.Config{MaxStreams: -1})
	if err != nil && !secured && h.speaksTLS() {
		err = errWeAreInsecure()
	}
	if err != nil {
		return nil, notSpeaking(ended(ctx, err))
	}
	return &link{session, peer}, nil
}

func listsOf(replicas []string) []secure.AllowList {
	var lists []secure.AllowList
	for _, path := range replicas {
		lists = append(lists, trustedOf(path))
	}
	return lists
}

// answer has the handshakes with whoever has connected. It asks for limits once
// it is known that the peer may connect.
func (g *gate) answer(
	ctx context.Context, conn net.Conn, replicas []string, limits func() mux.Config,
) (*link, error) {
	var peer secure.PeerID
	if conn.LocalAddr().Network() == "tcp" {
		var err error
		if conn, peer, err = g.answerTCP(ctx, &heard{Conn: conn}, replicas); err != nil {
			return nil, notSpeaking(ended(ctx, err))
		}
	} else if !sameUser(conn) {
		return nil, errors.Join(errors.New("it is another user's"), conn.Close())
	}
	session, err := mux.Server(ctx, conn, limits())
	if err != nil {
		return nil, notSpeaking(ended(ctx, err))
	}
	return &link{session, peer}, nil
}

// answerTCP finds out how the other side speaks, and who it is.
func (g *gate) answerTCP(
	ctx context.Context, h *heard, replicas []string,
) (conn net.Conn, peer secure.PeerID, err error) {
	if err := h.listenFirst(ctx); err != nil {
		return nil, peer, errors.Join(err, h.Close())
	}
	switch {
	case g.insecure && h.speaksTLS():
		h.part([]byte(inTheClear))
		return nil, peer, errWeAreInsecure()
	case g.insecure:
		return h, peer, nil
	}
	id, err := g.identity()
	if err != nil {
		return nil, peer, errors.Join(err, h.Close())
	}
	c, err := secureServer(ctx, h, secure.Config{Identity: id, Accept: g.accepted(listsOf(replicas)...)})
	if err != nil {
		return nil, peer, err
	}
	return c, c.Peer(), nil
}

// openSync opens the stream of a session of a replica, by its name there.
func (l *link) openSync(ctx context.Context, name string) (*mux.Stream, error) {
	return l.open(ctx, streamFor(name), nil)
}

// open opens a stream, or says that the other side is full.
func (l *link) open(ctx context.Context, name string, meta map[string]string) (*mux.Stream, error) {
	stream, err := l.Open(ctx, name, meta)
	var refused *mux.StreamError
	if errors.As(err, &refused) && refused.Code == mux.CodeRefused {
		return nil, fail(exitFailed, "try again later, or raise --limit peers=N there",
			"the other side has as many peers as it takes")
	}
	if err != nil {
		return nil, ended(ctx, err)
	}
	return stream, nil
}

// notSpeaking says of a peer which does not even answer that it is not weir.
func notSpeaking(err error) error {
	if errors.Is(err, mux.ErrSilent) || errors.Is(err, mux.ErrLost) || errors.Is(err, secure.ErrTimeout) {
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

// leave ends a link in good order, if that can be done soon: the last that was
// written may still be on its way.
func (l *link) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	_ = l.Close(ctx)
}
