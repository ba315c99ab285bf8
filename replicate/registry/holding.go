package registry

import (
	"strings"
	"time"
)

// A holding is a service that this registry claims, and for whom.
type holding struct {
	id      string
	rec     record
	client  string         // whose it is
	native  *Registration  // nil if only connections hold it
	links   map[*link]bool // the connections that hold it
	relayed bool           // as it was written
}

// hubsOnly reports whether nobody holds it who has it from itself.
func (h *holding) hubsOnly() bool {
	if h.native != nil {
		return false
	}
	for l := range h.links {
		if !l.hub {
			return false
		}
	}
	return true
}

// orphan reports whether only connections hold it that have ended.
func (h *holding) orphan() bool {
	if h == nil || h.native != nil {
		return false
	}
	for l := range h.links {
		if !l.ended {
			return false
		}
	}
	return true
}

// claim is what is written of it.
func (h *holding) claim(holder string) claim {
	h.relayed = h.hubsOnly()
	return claim{record: h.rec, id: h.id, holder: holder, client: h.client, relayed: h.relayed}
}

const (
	leasePrefix = "h:"
	claimPrefix = "s:"
)

func leaseKey(holder string) string     { return leasePrefix + holder }
func claimKey(holder, id string) string { return claimPrefix + holder + ":" + id }

func parseClaimKey(key string) (holder, id string, ok bool) {
	if key, ok = strings.CutPrefix(key, claimPrefix); ok {
		holder, id, ok = strings.Cut(key, ":")
	}
	return holder, id, ok && holder != "" && checkID(id) == nil
}

// hold has the registry claim a service, for l or, if that is nil, for n. The
// caller holds the lock, here and below.
func (g *Registry) hold(id string, rec record, l *link, n *Registration) error {
	h := g.own[id]
	if h == nil {
		if len(g.own) == 0 {
			if err := g.renew(time.Now()); err != nil {
				return err
			}
		}
		h = &holding{id: id, client: g.name, links: map[*link]bool{}}
		if l != nil {
			h.client = l.name
		}
		g.own[id] = h
	}
	if l != nil && !h.links[l] {
		h.links[l] = true
		l.holds++
	}
	if n != nil {
		h.native = n
	}
	g.says(h, rec)
	return g.write(h)
}

// says notes what a holding's service is, and whether it makes this a hub.
func (g *Registry) says(h *holding, rec record) {
	h.rec = rec
	if h.native != nil && rec.Role == RoleHub {
		g.hubs[h.id] = true
	} else {
		delete(g.hubs, h.id)
	}
}

// write writes a holding's claim, if it says anything new.
func (g *Registry) write(h *holding) error {
	is, was := h.claim(g.name), g.board.claim(g.name, h.id)
	if was != nil && was.raw == is.raw && was.relayed == is.relayed {
		return nil
	}
	return g.put(is)
}

// put writes a claim, and takes it in.
func (g *Registry) put(c claim) error {
	key := claimKey(c.holder, c.id)
	if err := g.m.Set(key, c.value()); err != nil {
		return err
	}
	e, err := g.m.Entry(key)
	if err != nil {
		return err
	}
	delete(g.gone, key)
	c.stamp = e.Stamp
	g.board.put(&c, time.Now())
	return nil
}

// update changes what is shown of a service.
func (g *Registry) update(id string, rec record) error {
	c := g.board.shown[id]
	if c == nil {
		return ErrNotFound
	}
	if c.raw == rec.raw {
		return nil
	}
	if h := g.own[id]; h != nil && c.holder == g.name {
		g.says(h, rec)
	}
	return g.put(claim{record: rec, id: id, holder: c.holder, client: c.client, relayed: c.relayed})
}

// erase deletes a holder's claim.
func (g *Registry) erase(holder, id string) error {
	c := g.board.claim(holder, id)
	if c == nil {
		return nil
	}
	key := claimKey(holder, id)
	g.gone[key] = c.stamp
	g.board.remove(holder, id)
	_, err := g.m.Delete(key)
	return err
}

// drop gives up what the registry itself claims of a service.
func (g *Registry) drop(id string) error {
	g.forget(id)
	return g.erase(g.name, id)
}

// forget takes a service out of what the registry claims.
func (g *Registry) forget(id string) {
	h := g.own[id]
	if h == nil {
		return
	}
	delete(g.own, id)
	delete(g.hubs, id)
	for l := range h.links {
		l.holds--
	}
	if h.native != nil {
		close(h.native.done)
	}
}

// free deletes all claims of a service.
func (g *Registry) free(id string) (err error) {
	g.forget(id)
	for holder := range g.board.claims[id] {
		if e := g.erase(holder, id); e != nil {
			err = e
		}
	}
	return err
}

// release gives up what l holds of a service.
func (g *Registry) release(id string, l *link) error {
	h := g.own[id]
	if h == nil || !h.links[l] {
		return nil
	}
	delete(h.links, l)
	if l.holds--; len(h.links) == 0 && h.native == nil {
		return g.drop(id)
	}
	return g.write(h)
}

// yield gives up a claim that rests on the word of hubs, where somebody else
// claims the service who has it from itself.
func (g *Registry) yield(id string) error {
	if h := g.own[id]; h != nil && h.relayed && g.spokenFor(id) {
		return g.drop(id)
	}
	return nil
}

// spokenFor reports whether a live holder claims a service who has it from
// itself, or from another's client.
func (g *Registry) spokenFor(id string) bool {
	for name, c := range g.board.claims[id] {
		if !c.relayed && g.board.holders[name].live {
			return true
		}
	}
	return false
}

// renew writes the registry's lease.
func (g *Registry) renew(now time.Time) error {
	value, err := encode(leaseValue{g.cfg.lease().Milliseconds()})
	if err == nil {
		err = g.m.Set(leaseKey(g.name), value)
	}
	g.renewal = now.Add(g.cfg.Heartbeat)
	g.wake()
	return err
}

// wake has the loop look at the time.
func (g *Registry) wake() {
	select {
	case g.poke <- struct{}{}:
	default:
	}
}
