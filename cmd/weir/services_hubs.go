package main

import (
	"context"
	"errors"
	"net"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/replicate/registry"
)

// hubs keep a directory connected to one of them, and tell how that goes.
type hubs struct {
	note  func(note)   // "joined", "left" and, of one that was never joined, "missing"
	told  chan<- error // gets nil when the first has told all, or why not; may be nil
	again bool         // one that is not there is tried again,
	firm  bool         // and one that is none
	quiet bool         // of a hub that is there nothing is told

	joined map[string]bool
	said   sayings[string]
}

// connect connects to the hubs until ctx is done.
func (h *hubs) connect(ctx context.Context, g *registry.Registry, addresses ...string) error {
	h.joined = map[string]bool{}
	return g.Connect(ctx, registry.Hubs{Addresses: addresses, Dial: dialHub, Note: func(at string, err error) {
		if ctx.Err() == nil {
			h.noted(at, err)
		}
	}})
}

func (h *hubs) noted(at string, err error) {
	switch {
	case err == nil:
		h.joined[at] = true
		h.said.forget(at)
		h.tell(nil)
		if !h.quiet {
			h.note(note{Event: "joined", Label: at})
		}
		return
	case errors.Is(err, registry.ErrClosed):
		return
	}
	what, err := "left", otherwise(err, noHub)
	if !h.joined[at] {
		what, err = "missing", unlikeHub(err)
	}
	if !h.again || !h.firm && len(h.joined) == 0 && lasting(err) {
		h.tell(err)
		return
	}
	if h.said.news(at, false, err) {
		h.note(note{Event: what, Label: at, End: explain(err)})
		h.quiet = false // that it is there again is worth telling
	}
}

func (h *hubs) tell(err error) {
	select {
	case h.told <- err:
	default:
	}
}

// noHub and notHub are hints where nobody answers, and where somebody else does.
const (
	noHub  = "is a hub running there, as 'weir services hub' is one, and is the address right?"
	notHub = "what answers there is no hub: is it the right port?"
)

// unlikeHub is the failure of a connection at which no hub has told all it knew.
func unlikeHub(err error) error {
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		return err
	case errors.Is(err, registry.ErrEnded):
		return fail(exitProtocol, notHub, "it has ended the connection before it told of any services")
	}
	return fail(exitProtocol, notHub, "%w", err)
}

// dialHub connects to what has to say something soon.
func dialHub(ctx context.Context, at string) (d duplex.Duplex[[]byte, []byte], err error) {
	conn, err := connect(ctx, address{network: "tcp", at: at})
	if err != nil {
		return d, err
	}
	d = netconn.New(conn)
	src, heard := d.Source, false
	d.Source = func(ctx context.Context) ([]byte, error) {
		if heard {
			return src(ctx)
		}
		heard = true
		first, cancel := context.WithTimeoutCause(ctx, patience, errSilentHub)
		defer cancel()
		return src(first)
	}
	return d, nil
}

var errSilentHub = fail(exitProtocol, notHub, "it has said nothing for %v", patience)
