package registry

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
)

// DefaultRetry is how long Connect waits between two attempts where Hubs does
// not say: one second, as seaport does.
const DefaultRetry = time.Second

// Hubs says where a client finds a hub of seaport.
type Hubs struct {
	// Addresses are those of the hubs, "host:port", in the order in which they
	// are tried; at least one.
	Addresses []string

	// Dial connects to an address, such as netconn.Dial with "tcp". It must be
	// set.
	Dial func(ctx context.Context, address string) (duplex.Duplex[[]byte, []byte], error)

	// Retry is how long to wait before the next hub is tried; 0 means
	// DefaultRetry.
	Retry time.Duration

	// Note, if not nil, is told of each connection: with a nil error when the hub
	// has told all that it knows, and when the connection has ended, or could not
	// be made, with the reason, which is never nil. It must not block.
	Note func(address string, err error)
}

// ErrEnded is the reason Hubs.Note is given when a hub has ended a connection.
var ErrEnded = errors.New("registry: the hub has ended the connection")

// Connect keeps connected to one of the hubs, as Join does, until ctx is done:
// when a connection ends it tries the next one, in turn, and after the addresses
// it was given those hubs that it has heard of, which are services of the role
// [RoleHub]. What is registered here is told to each hub anew, under the same
// ids.
//
// It returns Cause of ctx, ErrClosed, or the failure of the replica's journal.
func (g *Registry) Connect(ctx context.Context, hubs Hubs) error {
	if hubs.Retry <= 0 {
		hubs.Retry = DefaultRetry
	}
	if hubs.Note == nil {
		hubs.Note = func(string, error) {}
	}
	all := slices.Clone(hubs.Addresses)
	for i := 0; ; i++ {
		address := all[i%len(all)]
		err := g.connect(ctx, hubs, address)
		switch {
		case ctx.Err() != nil:
			return pull.Cause(ctx)
		case err == nil:
			err = ErrEnded
		}
		hubs.Note(address, err)
		if err := g.failure(); err != nil {
			return err
		}
		if heard := g.heardOf(hubs.Addresses); len(heard) > 0 {
			all = append(slices.Clone(hubs.Addresses), heard...)
		}
		select {
		case <-time.After(hubs.Retry):
		case <-g.done:
			return g.failure()
		case <-ctx.Done():
			return pull.Cause(ctx)
		}
	}
}

func (g *Registry) connect(ctx context.Context, hubs Hubs, address string) error {
	d, err := hubs.Dial(ctx, address)
	if err != nil {
		return err
	}
	l := g.newLink(true, "")
	l.synced = func() { hubs.Note(address, nil) }
	return l.run(ctx, d)
}

// failure returns why the registry has ended, or nil.
func (g *Registry) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// heardOf returns the addresses of hubs, but for those that are known and those
// of this registry itself.
func (g *Registry) heardOf(known []string) (all []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range g.ids() {
		c, h := g.board.shown[id], g.own[id]
		if c.Role != RoleHub || c.Host == "" || h != nil && h.native != nil {
			continue
		}
		address := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
		if !slices.Contains(known, address) && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}
