package secure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// A Config says who this side is, and whom it accepts. It is not changed, and
// may be used by several goroutines at once if Accept may.
type Config struct {
	// Identity is the key of this side. It is required.
	Identity *Identity

	// Accept is asked who may be on the other side: nil accepts the peer, any
	// error refuses it. It is required: there is no default that trusts.
	//
	// It is called at most once for each handshake, after the peer has proven
	// that it owns the key. On the server's side that is everything but this
	// answer; on the client's, our own key has not been shown yet. It runs in
	// the goroutine of Client or Server, under a context that is done when the
	// handshake is out of time. The peer is told that it was refused, and
	// whether the error matches [ErrUnknownPeer], but nothing else of it.
	Accept func(ctx context.Context, p Peer) error

	// Handshake is how long Client and Server may take in all, Accept and the
	// other side's Accept included. 0 means 5 s; negative means for ever.
	Handshake time.Duration
}

// A Peer is who asks to be accepted.
type Peer struct {
	ID   PeerID   // its key, which it has proven to own
	Addr net.Addr // where it seems to be; proves nothing
}

// Only is for Config.Accept: it accepts one peer. Its error for any other
// matches [ErrUnknownPeer].
func Only(id PeerID) func(context.Context, Peer) error {
	return func(_ context.Context, p Peer) error {
		if !p.ID.Equal(id) {
			return fmt.Errorf("%w: expected %v", ErrUnknownPeer, id)
		}
		return nil
	}
}

const defaultHandshake = 5 * time.Second

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Identity == nil || c.Identity.key == nil:
		return c, errors.New("secure: Config.Identity is missing")
	case c.Accept == nil:
		return c, errors.New("secure: Config.Accept is missing")
	case c.Handshake == 0:
		c.Handshake = defaultHandshake
	}
	return c, nil
}
