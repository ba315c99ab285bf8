package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex/secure"
)

// A gate decides who may be on the other side of a connection over TCP.
type gate struct {
	e        *env
	insecure bool     // nobody is asked, nothing is encrypted
	file     string   // --identity
	pinned   []string // --peer, as typed

	self *secure.Identity
	pins []secure.PeerID

	mu     sync.Mutex
	asking bool                 // somebody at the terminal is
	told   map[string]time.Time // when a refusal was last told or asked about, by peer or host
}

const (
	maxTold   = 100         // strangers, or hosts, for whom a line is printed
	tellAgain = time.Minute // until one is printed again
)

func gateFlags(c *cobra.Command, g *gate) {
	identityFlag(c, &g.file)
	c.Flags().BoolVar(&g.insecure, "insecure", false,
		"talk in the clear, with whoever is there; both ends must say so")
	c.Flags().StringArrayVar(&g.pinned, "peer", nil,
		"trust the peer with this `ID` for now, and connect to no other; may be repeated")
}

// open reads the flags, and the identity if there will be a use for it.
func (g *gate) open(c *cobra.Command) error {
	if g.insecure && len(g.pinned) > 0 {
		return usage(c, "--insecure and --peer: without keys there is no telling who is there")
	}
	for _, text := range g.pinned {
		peer, err := parsePeer(text)
		if err != nil {
			return err
		}
		g.pins = append(g.pins, peer)
	}
	return nil
}

// identity is this user's, read or made at the first call.
func (g *gate) identity() (*secure.Identity, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.self != nil {
		return g.self, nil
	}
	path, err := identityPath(g.file)
	if err != nil {
		return nil, err
	}
	id, made, err := openIdentity(path)
	if err != nil {
		return nil, err
	}
	if made {
		g.e.tell(event{Event: "identity", Address: path, Peer: id.ID().String()},
			"made an identity, %s: this user is peer %s", path, id.ID())
	}
	g.self = id
	return id, nil
}

// dialled accepts who may be at the address that was dialled: the pinned ones,
// or those trusted with the replica and, as everybody is trusted with
// themselves, this user.
func (g *gate) dialled(lists ...secure.AllowList) func(context.Context, secure.Peer) error {
	return func(ctx context.Context, p secure.Peer) error {
		if len(g.pins) > 0 {
			if g.isPinned(p.ID) {
				return nil
			}
			return fmt.Errorf("%w: it is not the one that --peer names", errNotPinned)
		}
		return g.trusts(ctx, p, lists)
	}
}

// errNotPinned is no reason to ask a person, who has said already who it is.
var errNotPinned = errors.New("wrong peer")

// accepted accepts who may connect to us.
func (g *gate) accepted(lists ...secure.AllowList) func(context.Context, secure.Peer) error {
	return func(ctx context.Context, p secure.Peer) error {
		if g.isPinned(p.ID) {
			return nil
		}
		return g.trusts(ctx, p, lists)
	}
}

func (g *gate) isPinned(id secure.PeerID) bool {
	found := false
	for _, pin := range g.pins {
		found = pin.Equal(id) || found
	}
	return found
}

// trusts reports whether one of the lists has the peer, or it is ourselves.
// Lists that cannot be read are only told of where none has it.
func (g *gate) trusts(ctx context.Context, p secure.Peer, lists []secure.AllowList) error {
	if id, err := g.identity(); err == nil && id.ID().Equal(p.ID) {
		return nil
	}
	unknown := error(secure.ErrUnknownPeer)
	for _, list := range lists {
		err := list.Accept(ctx, p)
		if err == nil {
			return nil
		}
		if !errors.Is(err, secure.ErrUnknownPeer) {
			unknown = badList(list, err)
		}
	}
	return unknown
}

// stranger is the peer that err says is not trusted, if that is what it says.
func stranger(err error) (secure.PeerID, bool) {
	var refused *secure.PeerError
	if errors.As(err, &refused) && errors.Is(refused.Err, secure.ErrUnknownPeer) {
		return refused.Peer, true
	}
	return secure.PeerID{}, false
}

// notTrusted is the failure of a connection to a peer that nobody vouches for.
// It says what to type.
func notTrusted(peer secure.PeerID, replica string) *failure {
	f := fail(exitIdentity, "if that is the right one: "+trustLine(replica, peer),
		"peer %s is not trusted", peer)
	f.err = secure.ErrUnknownPeer
	return f
}

func trustLine(replica string, peer secure.PeerID) string {
	return "weir trust " + escape(replica) + " " + peer.String()
}

// explained says of an error of the handshake what to type, and where.
func (g *gate) explained(err error, replica string) error {
	var refused *secure.PeerError
	var there *secure.RefusedError
	if peer, ok := stranger(err); ok {
		return notTrusted(peer, replica)
	}
	us := func() string {
		id, err := g.identity()
		if err != nil {
			return ""
		}
		return id.ID().String()
	}
	switch {
	case errors.As(err, &refused) && errors.Is(err, errNotPinned):
		return fail(exitIdentity, "somebody else is there, or its identity is new: "+
			"'weir id' on that host says which it has",
			"peer %s is not the one that --peer names", refused.Peer)
	case errors.As(err, &refused):
		return refused.Err
	case errors.As(err, &there) && !there.Unknown:
		f := fail(exitFailed, "try again; there, 'weir doctor R' says what is wrong with the list of peers",
			"peer %s cannot tell now whom it trusts", there.Peer)
		f.err = err
		return f
	case errors.As(err, &there):
		f := fail(exitIdentity, "on that host: weir trust R "+us(),
			"peer %s does not trust this one", there.Peer)
		f.err = err
		return f
	case errors.Is(err, secure.ErrNoKey):
		f := fail(exitIdentity, "on that host, if it is to: weir trust R "+us()+
			"; 'weir id' there says whom to trust here", "it does not trust this peer")
		f.err = err
		return f
	}
	return err
}

// news reports whether something is to be told, or asked, about a peer: once,
// and not while somebody at the terminal is asked about another one.
func (g *gate) news(peer secure.PeerID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.told[peer.String()]; g.asking || known || !g.tell(peer.String()) {
		return false
	}
	g.asking = g.e.canAsk()
	return true
}

// again reports whether it is time to tell that a peer, of whom there was news,
// goes on coming.
func (g *gate) again(peer secure.PeerID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, known := g.told[peer.String()]
	return !g.asking && known && g.tell(peer.String())
}

// due reports whether it is time to tell of somebody who did not say who it is,
// but comes from that host.
func (g *gate) due(host string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tell(host)
}

// tell notes that something is told about someone, unless it was just now. The
// caller holds mu.
func (g *gate) tell(of string) bool {
	last, known := g.told[of]
	if known && time.Since(last) < tellAgain || !known && len(g.told) >= maxTold {
		return false
	}
	if g.told == nil {
		g.told = map[string]time.Time{}
	}
	g.told[of] = time.Now()
	return true
}
