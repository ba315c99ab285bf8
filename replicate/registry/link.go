package registry

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
)

// Errors that end a connection.
var (
	// ErrSilent means that nothing has come for three heartbeats.
	ErrSilent = errors.New("registry: peer is silent")
	// ErrTooMany means that a connection registers more than MaxServices.
	ErrTooMany = errors.New("registry: too many services on one connection")
)

// RoleHub is the role of seaport's hubs: whoever registers a service of that
// role is one, and tells others what it was told.
const RoleHub = "seaport"

// A link is one connection that speaks seaport's protocol. All but the reader's
// and the writer's own is guarded by the registry's lock.
type link struct {
	g      *Registry
	w      *watcher
	name   string // of the client, for the claims of what it registers
	client bool   // this side has connected to the other one, a hub
	hub    bool   // the other side tells what it was told
	helo   string

	batch  []offer           // what it has said of services that were there before it
	begun  bool              // and that it has said all of that
	known  map[string]string // what the other side knows: the texts of services
	said   map[string]bool   // what this side has registered
	offers map[string]record // services that it says are there, and is not believed yet
	echoes map[string]int    // frees that it was told and has not said back, and beats by then
	beats  int               // heartbeats that came
	mute   bool              // it does not say back what it is told to be freed
	holds  int               // services that it has registered
	greet  bool              // its address is to be told
	owes   bool              // it is to be told that all was told
	seen   bool              // this side knows its own address
	addr   string            // which is that
	ended  bool

	synced func() // is called, without the lock, when the other side has told all; or nil
}

func (g *Registry) newLink(client bool, addr string) *link {
	return &link{
		g: g, name: randomHex(4), client: client, hub: client, begun: client, helo: plainHost(addr), greet: !client, owes: true,
		known: map[string]string{}, said: map[string]bool{}, offers: map[string]record{}, echoes: map[string]int{},
	}
}

// Serve speaks with a client of seaport over d, which is used up, until one of
// the two ends it; addr is the address that the client comes from, without a
// port, and which its services have that name no other. A client may be a hub
// that was told to peer with this one.
//
// It returns nil when the client has ended the connection. Else the client was
// cut off: ErrSilent, ErrTooMany, a codec.LineError for what is no row, which
// matches [ErrRow] or ErrService where it is JSON, Cause of ctx, ErrClosed, the
// failure of the replica's journal, or of d.
func (g *Registry) Serve(ctx context.Context, d duplex.Duplex[[]byte, []byte], addr string) error {
	return g.newLink(false, addr).run(ctx, d)
}

// Join speaks with a hub of seaport over d, as its client, until one of the two
// ends it: the hub is told what is registered here by Register, and what it
// tells is there here, too. Services without a host get the one that the hub
// sees. Where this is a hub itself, which it is while it has registered a service
// of the role [RoleHub], the hub is told everything.
//
// Its errors are those of Serve. Connect is Join and Join again.
func (g *Registry) Join(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	return g.newLink(true, "").run(ctx, d)
}

func (l *link) run(parent context.Context, d duplex.Duplex[[]byte, []byte]) error {
	g := l.g
	l.open()
	ctx, cut := context.WithCancelCause(parent)
	defer cut(nil)
	silence := g.cfg.lease()
	watchdog := time.AfterFunc(silence, func() { cut(ErrSilent) })
	defer watchdog.Stop()
	sent := make(chan error, 1)
	go func() {
		err := d.Sink(ctx, EncodeRows(l.rows()))
		switch closed := g.failure(); {
		case err != nil:
			cut(err)
		case closed != nil:
			watchdog.Reset(goodbye)
		}
		sent <- err
	}()
	err := pull.Each(ctx, DecodeRows(d.Source, g.cfg.MaxLine), func(r Row) error {
		watchdog.Reset(silence)
		err := l.take(r)
		if err == nil && r.Kind == RowSynced && l.synced != nil {
			l.synced()
			l.synced = nil
		}
		return err
	})
	l.end()
	if err != nil {
		cut(err)
	}
	if serr := <-sent; err == nil {
		err = serr
	}
	switch closed := g.failure(); {
	case closed != nil:
		err = closed
	case ctx.Err() != nil && err != nil:
		err = pull.Cause(ctx)
	}
	return err
}

func (l *link) open() {
	l.w = l.g.watch()
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	l.g.links[l] = true
}

// end has what the link holds given up, unless it is back in time.
func (l *link) end() {
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	l.ended = true
	l.w.wake()
	delete(l.g.links, l)
	delete(l.g.watchers, l.w)
	if l.holds > 0 {
		l.g.lost = append(l.g.lost, lostLink{l, time.Now().Add(l.g.cfg.Linger)})
		l.g.wake()
	}
}

// rows is the source of what the other side is told. It ends when that has ended
// its side.
func (l *link) rows() pull.Source[Row] {
	var beat *time.Ticker
	return pull.From(func(ctx context.Context) (Row, error) {
		if beat == nil {
			beat = time.NewTicker(l.g.cfg.Heartbeat)
		}
		for {
			select {
			case <-beat.C:
				return Row{Kind: RowHeartbeat}, nil
			default:
			}
			if r, ok, err := l.next(); ok || err != nil {
				return r, err
			}
			select {
			case <-l.w.ready:
			case <-beat.C:
				return Row{Kind: RowHeartbeat}, nil
			case <-ctx.Done():
				return Row{}, pull.Cause(ctx)
			}
		}
	}, func(error) error {
		if beat != nil {
			beat.Stop()
		}
		return nil
	})
}

// next returns the row that is due.
func (l *link) next() (r Row, ok bool, err error) {
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	switch {
	case l.g.err != nil && !l.parting():
		return r, false, l.g.err
	case l.ended:
		return r, false, io.EOF
	case l.greet:
		l.greet = false
		return Row{Kind: RowHelo, Addr: l.helo}, true, nil
	}
	for id, more := l.w.next(); more; id, more = l.w.next() {
		if r, ok = l.tell(id); ok {
			l.owes = l.owes || l.client && r.Kind == RowRegister
			return r, true, nil
		}
	}
	switch {
	case l.owes:
		l.owes = false
		return Row{Kind: RowSynced}, true, nil
	case l.g.err != nil:
		return r, false, io.EOF
	}
	return r, false, nil
}

// parting reports whether the registry was closed, and the other side is to be told
// what that frees, and then the end.
func (l *link) parting() bool { return l.g.err == ErrClosed }

// goodbye is how long the other side has to end its own when it was told all.
const goodbye = time.Second

// tell returns what the other side does not know of a service.
func (l *link) tell(id string) (r Row, ok bool) {
	c := l.g.board.shown[id]
	known, is := l.known[id]
	switch {
	case c == nil && !is, c != nil && !l.may(c), c != nil && !is && l.early(c):
		return r, false
	case c == nil:
		delete(l.known, id)
		delete(l.said, id)
		if !l.hub && !l.mute {
			l.echoes[id] = l.beats
		}
		return Row{Kind: RowFree, ID: id}, true
	}
	// A hub that knows a service may have it from elsewhere, or of old.
	untold := l.client && !l.said[id] && l.g.native(id)
	if is && known == c.raw && !untold {
		return r, false
	}
	l.known[id], l.said[id] = c.raw, true
	return Row{Kind: RowRegister, ID: id, Service: []byte(c.raw)}, true
}

// early reports whether the other side, a hub, is not to be told yet of what came
// by one.
func (l *link) early(c *claim) bool {
	_, wait := l.g.settling[c.id]
	return l.hub && c.relayed && wait
}

// may reports whether the other side is to be told of what is shown.
func (l *link) may(c *claim) bool {
	if !l.client {
		return true
	}
	if l.g.native(c.id) {
		return l.seen || c.Host != ""
	}
	return l.g.isHub()
}

// native reports whether Register has registered a service here.
func (g *Registry) native(id string) bool {
	h := g.own[id]
	return h != nil && h.native != nil
}

// isHub reports whether the registry has registered itself as a hub.
func (g *Registry) isHub() bool { return len(g.hubs) > 0 }
