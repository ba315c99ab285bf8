package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io/fs"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/replicate"
)

// signing completes how a signed replica is opened: this user's key signs what
// is written, and only what that key or those of trusted peers have signed is
// taken in. Where there is no key nothing can be written, and none is made.
func (r *replicaFile) signing(rc *replicate.Config) error {
	g, list := r.gate, trustedOf(r.path)
	if g == nil {
		g = &gate{e: r.e}
	}
	rc.Trust = func(key ed25519.PublicKey) bool {
		peer := secure.Peer{ID: secure.PeerID(key)}
		return g.isPinned(peer.ID) || list.Accept(context.Background(), peer) == nil
	}
	if !g.hasIdentity(r.asItIs) {
		return nil
	}
	id, err := g.identity()
	if err == nil {
		rc.Key = id.Key()
	}
	return err
}

// hasIdentity reports whether this user has one, and if good is set, whether it
// can be used.
func (g *gate) hasIdentity(good bool) bool {
	path, err := identityPath(g.file)
	if err == nil {
		_, err = secure.LoadIdentity(path)
	}
	return err == nil || !good && !errors.Is(err, fs.ErrNotExist)
}

// proved is the key of the peer of a session, as the channel has proved it.
// What is no connection over TCP is this user's own doing.
func (c *call) proved(r *replicate.Replica) ed25519.PublicKey {
	switch {
	case c.Stranger:
		return nil
	case c.Peer == (secure.PeerID{}):
		key, _ := r.Author().Key()
		return key
	}
	return c.Peer[:]
}

// signer is who has signed what an author wrote, "" if nobody has.
func signer(a replicate.Author) string {
	key, ok := a.Key()
	if !ok {
		return ""
	}
	return secure.PeerID(key).String()
}
