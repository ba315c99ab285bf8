package registry

import (
	"context"
	"errors"
	"fmt"
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
	client bool // this side has connected to the other one, a hub
	hub    bool // the other side tells what it was told
	helo   string

	known  map[string]string // what the other side knows: the texts of services
	said   map[string]bool   // of a client: what it has registered
	offers map[string]record // services that it says are there, and is not believed yet
	echoes map[string]int    // frees that it was told and has not said back, and beats by then
	beats  int               // heartbeats that came
	mute   bool              // it does not say back what it is told to be freed
	holds  int               // services that it has registered
	greet  bool              // its address is to be told
	owes   bool              // it is to be told that all was told
	seen   bool              // this side knows its own address
	ended  bool
}

func (g *Registry) newLink(client bool, addr string) *link {
	return &link{
		g: g, client: client, hub: client, helo: plainHost(addr), greet: !client, owes: true,
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
	l.begin()
	ctx, cut := context.WithCancelCause(parent)
	defer cut(nil)
	silence := g.cfg.lease()
	watchdog := time.AfterFunc(silence, func() { cut(ErrSilent) })
	defer watchdog.Stop()
	sent := make(chan error, 1)
	go func() {
		err := d.Sink(ctx, EncodeRows(l.rows()))
		if err != nil {
			cut(err)
		}
		sent <- err
	}()
	err := pull.Each(ctx, DecodeRows(d.Source, g.cfg.MaxLine), func(r Row) error {
		watchdog.Reset(silence)
		return l.take(r)
	})
	l.end()
	if err != nil {
		cut(err)
	}
	if serr := <-sent; err == nil {
		err = serr
	}
	if ctx.Err() != nil && err != nil {
		err = pull.Cause(ctx)
	}
	return err
}

func (l *link) begin() {
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
	case l.g.err != nil:
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
	if l.owes {
		l.owes = false
		return Row{Kind: RowSynced}, true, nil
	}
	return r, false, nil
}

// tell returns what the other side does not know of a service.
func (l *link) tell(id string) (r Row, ok bool) {
	c, known, is := l.g.board.shown[id], "", false
	if known, is = l.known[id]; c == nil || !l.may(c) {
		if !is {
			return r, false
		}
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
	if l.known[id] = c.raw; l.client {
		l.said[id] = true
	}
	return Row{Kind: RowRegister, ID: id, Service: []byte(c.raw)}, true
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
func (g *Registry) isHub() bool {
	for _, h := range g.own {
		if h.native != nil && h.rec.Role == RoleHub {
			return true
		}
	}
	return false
}

// take takes in a row.
func (l *link) take(r Row) error {
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	if l.g.err != nil {
		return l.g.err
	}
	switch r.Kind {
	case RowHelo:
		if l.client {
			return l.hosted(plainHost(r.Addr))
		}
	case RowHeartbeat:
		l.beat()
	case RowRegister:
		return l.register(r)
	case RowFree:
		return l.free(r.ID)
	}
	return nil
}

// hosted gives the services that are registered here, and do not say where,
// their host.
func (l *link) hosted(addr string) error {
	l.seen = true
	for id, h := range l.g.own {
		if h.native == nil || h.rec.Host != "" {
			continue
		}
		h.rec = h.rec.at(addr)
		if err := l.g.write(h); err != nil {
			return err
		}
		l.w.touch(id)
	}
	return nil
}

// register takes in what the other side says of a service: that it has it, that
// it has changed it, or that it was told of it, by this one perhaps.
func (l *link) register(r Row) error {
	g := l.g
	rec, err := parseRecord(r.Service)
	if err != nil {
		return fmt.Errorf("registry: service %.64q: %w", r.ID, err)
	}
	switch host := plainHost(rec.Host); {
	case rec.Host == "" && !l.client && l.helo != "":
		rec = rec.at(l.helo)
	case host != rec.Host:
		rec = rec.at(host)
	}
	if rec.Role == RoleHub && !l.hub {
		if err := l.becomeHub(); err != nil {
			return err
		}
	}
	_, told := l.known[r.ID]
	l.known[r.ID] = rec.raw
	delete(l.echoes, r.ID)
	if l.hub {
		return l.offered(r.ID, rec)
	}
	c, h := g.board.shown[r.ID], g.own[r.ID]
	if held := h != nil && h.links[l]; c != nil && !held && told && c.raw != rec.raw && !h.orphan() {
		return g.update(r.ID, rec)
	}
	return l.hold(r.ID, rec)
}

// offered takes in what a hub says of a service. What somebody has from itself
// it can only have changed.
func (l *link) offered(id string, rec record) error {
	if l.g.spokenFor(id) {
		return l.g.update(id, rec)
	}
	if _, wait := l.g.settling[id]; wait && l.g.board.shown[id] == nil {
		if len(l.offers) >= l.g.cfg.MaxServices {
			return ErrTooMany
		}
		l.offers[id] = rec
		return nil
	}
	return l.hold(id, rec)
}

// hold has the registry claim a service for this link.
func (l *link) hold(id string, rec record) error {
	if h := l.g.own[id]; (h == nil || !h.links[l]) && l.holds >= l.g.cfg.MaxServices {
		return ErrTooMany
	}
	return l.g.hold(id, rec, l, nil)
}

// becomeHub says of all that the link holds that it was told.
func (l *link) becomeHub() error {
	l.hub = true
	for id, h := range l.g.own {
		if !h.links[l] {
			continue
		}
		if err := l.g.write(h); err != nil {
			return err
		}
		if err := l.g.yield(id); err != nil {
			return err
		}
	}
	return nil
}

// beat counts a heartbeat. Who has not said back what was freed before the one
// before last does not do that, and means what it frees.
func (l *link) beat() {
	l.beats++
	for _, at := range l.echoes {
		if l.beats >= at+2 {
			l.mute = true
			clear(l.echoes)
			return
		}
	}
}

// free takes in that a service is no more. A client of npm's says back, once,
// what it was told to be freed, which may come when that id is registered again.
// A hub frees what it has registered; of all else it has only lost what it was
// told, and is told again.
func (l *link) free(id string) error {
	if _, ok := l.echoes[id]; ok {
		delete(l.echoes, id)
		return nil
	}
	delete(l.known, id)
	delete(l.offers, id)
	h := l.g.own[id]
	switch {
	case !l.hub:
		return l.g.free(id)
	case h != nil && h.links[l]:
		return l.g.release(id, l)
	case l.said[id] && !l.g.isHub():
		return l.g.free(id) // there is no other way by which it could have lost it
	case l.g.spokenFor(id):
		delete(l.said, id)
		l.w.touch(id)
	}
	return nil
}
