package registry

import "fmt"

// take takes in a row.
func (l *link) take(r Row) error {
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	switch {
	case l.parting():
		return nil
	case l.g.err != nil:
		return l.g.err
	}
	if r.Kind != RowRegister && !l.begun {
		if err := l.begin(); err != nil {
			return err
		}
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
	l.seen, l.addr = true, addr
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

// placed gives a service that does not say where, and is registered here, the host
// that a hub sees, if one has said.
func (g *Registry) placed(rec record) record {
	if rec.Host != "" {
		return rec
	}
	host := ""
	for l := range g.links {
		if l.addr != "" && (host == "" || l.addr < host) {
			host = l.addr
		}
	}
	if host == "" {
		return rec
	}
	return rec.at(host)
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
	_, told := l.known[r.ID]
	l.known[r.ID] = rec.raw
	delete(l.echoes, r.ID)
	c, h := g.board.shown[r.ID], g.own[r.ID]
	held := h != nil && h.links[l]
	switch {
	case held:
		return l.hold(r.ID, rec)
	case !l.begun && (rec.Role == RoleHub || g.board.client(r.ID) != ""):
		if len(l.batch) >= g.cfg.MaxServices {
			return ErrTooMany
		}
		l.batch = append(l.batch, offer{r.ID, rec})
		return nil
	case !l.hub && told && c != nil && c.raw != rec.raw && !h.orphan():
		return g.update(r.ID, rec)
	}
	return l.mine(r.ID, rec)
}

// An offer is a service that a link says is there.
type offer struct {
	id  string
	rec record
}

// begin takes in what a client said first. A client of npm's that connects again
// registers all that it knew, others' services too, and then its own. So what
// was there before is its own if it belongs to the client whose service came
// last. Of the rest it knows, and if that is gone it is told.
func (l *link) begin() error {
	l.begun = true
	batch := l.batch
	l.batch = nil
	if len(batch) == 0 {
		return nil
	}
	last := batch[len(batch)-1].id
	if name := l.g.board.client(last); name != "" {
		l.name = name
	}
	for _, o := range batch {
		if name := l.g.board.client(o.id); name != l.name && o.id != last {
			l.w.touch(o.id)
			continue
		}
		if err := l.mine(o.id, o.rec); err != nil {
			return err
		}
	}
	return nil
}

// mine takes in a service that the other side has itself, or, if it is a hub,
// was told of.
func (l *link) mine(id string, rec record) error {
	if rec.Role == RoleHub && !l.hub {
		if err := l.becomeHub(); err != nil {
			return err
		}
	}
	if l.hub {
		return l.offered(id, rec)
	}
	return l.hold(id, rec)
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
	delete(l.offers, id)
	// A hub that was told of it here, too, may be told after it has freed it, and
	// take it for new: it is told that it is gone.
	twice := l.hub && l.said[id]
	if !twice {
		delete(l.known, id)
	}
	h := l.g.own[id]
	switch {
	case !l.hub:
		return l.g.free(id)
	case h != nil && h.links[l]:
		return l.g.release(id, l)
	case l.client && twice && !l.g.isHub():
		delete(l.known, id)
		return l.g.free(id) // there is no other way by which it could have lost it
	case l.g.spokenFor(id):
		delete(l.said, id)
		delete(l.known, id)
		l.w.touch(id)
	case twice:
		l.w.touch(id)
	}
	return nil
}
