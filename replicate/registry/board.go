package registry

import (
	"encoding/json"
	"time"

	"github.com/weir-go/weir/replicate"
)

// A claim is what a holder says of a service.
type claim struct {
	record
	id      string // that it goes by; the record may say another, or none
	holder  string
	client  string // of the holder's, or of one before it: all that one client has registered
	relayed bool   // the holder has it from hubs, and nobody else
	stamp   replicate.Stamp
}

// A holder is a registry that was heard of.
type holder struct {
	lease time.Duration
	until time.Time // when the lease runs out; zero is never
	live  bool
	dead  time.Time // since when it is not
	ids   map[string]bool
}

// A board is who claims what, and what is shown of it: of each service the
// newest claim of a live holder. It knows no clock but what it is told.
type board struct {
	lease   time.Duration // of a holder that has not said
	claims  map[string]map[string]*claim
	holders map[string]*holder
	shown   map[string]*claim
	roles   map[string]map[string]*claim // the same by role
	past    map[string]string            // the clients of services that are gone
	touched func(id string)              // is called when what is shown of a service changes
}

func newBoard(lease time.Duration, touched func(string)) board {
	return board{
		lease: lease, touched: touched,
		claims: map[string]map[string]*claim{}, holders: map[string]*holder{}, shown: map[string]*claim{},
		roles: map[string]map[string]*claim{}, past: map[string]string{},
	}
}

// holder returns a holder; one that is new is live for a lease.
func (b *board) holder(name string, now time.Time) *holder {
	h := b.holders[name]
	if h == nil {
		h = &holder{lease: b.lease, until: now.Add(b.lease), live: true, ids: map[string]bool{}}
		b.holders[name] = h
	}
	return h
}

// put takes in a claim, in the place of the holder's older one.
func (b *board) put(c *claim, now time.Time) {
	b.holder(c.holder, now).ids[c.id] = true
	if b.claims[c.id] == nil {
		b.claims[c.id] = map[string]*claim{}
	}
	b.claims[c.id][c.holder] = c
	b.show(c.id)
}

// claim returns what a holder claims of a service, or nil.
func (b *board) claim(holder, id string) *claim { return b.claims[id][holder] }

func (b *board) remove(holder, id string) {
	c := b.claim(holder, id)
	if c == nil {
		return
	}
	if len(b.past) >= maxPast {
		clear(b.past)
	}
	b.past[id] = c.client
	delete(b.claims[id], holder)
	if len(b.claims[id]) == 0 {
		delete(b.claims, id)
	}
	delete(b.holders[holder].ids, id)
	b.show(id)
}

// maxPast bounds how many services that are gone are remembered.
const maxPast = 1 << 16

// client returns whose a service is, or was; "" if nobody has heard of it.
func (b *board) client(id string) string {
	var best *claim
	for _, c := range b.claims[id] {
		if best == nil || c.stamp.Compare(best.stamp) > 0 {
			best = c
		}
	}
	if best == nil {
		return b.past[id]
	}
	return best.client
}

// show finds out what is shown of a service.
func (b *board) show(id string) {
	var best *claim
	for name, c := range b.claims[id] {
		if b.holders[name].live && (best == nil || c.stamp.Compare(best.stamp) > 0) {
			best = c
		}
	}
	old := b.shown[id]
	if best == old {
		return
	}
	if old != nil {
		b.hide(old)
	}
	if best != nil {
		b.shown[id] = best
		if b.roles[best.Role] == nil {
			b.roles[best.Role] = map[string]*claim{}
		}
		b.roles[best.Role][id] = best
	}
	b.touched(id)
}

func (b *board) hide(c *claim) {
	delete(b.shown, c.id)
	delete(b.roles[c.Role], c.id)
	if len(b.roles[c.Role]) == 0 {
		delete(b.roles, c.Role)
	}
}

// renew counts a holder's lease from now.
func (b *board) renew(name string, lease time.Duration, now time.Time) {
	h := b.holder(name, now)
	if h.lease = lease; !h.until.IsZero() {
		h.until = now.Add(lease)
	}
	b.set(h, true, now)
}

// set makes a holder live or dead.
func (b *board) set(h *holder, live bool, now time.Time) {
	if h.live == live {
		return
	}
	h.live, h.dead = live, now
	for id := range h.ids {
		b.show(id)
	}
}

// end takes a holder for dead.
func (b *board) end(name string, now time.Time) {
	if h := b.holders[name]; h != nil {
		b.set(h, false, now)
	}
}

// lapse ends the leases that have run out, and forgets who has been dead for so
// long that its claims are in no replica any more. It returns when the next
// lease runs out, or a zero time.
func (b *board) lapse(now time.Time) (next time.Time) {
	for name, h := range b.holders {
		switch {
		case h.until.IsZero():
			continue
		case h.live && !now.Before(h.until):
			b.set(h, false, now)
		case h.live && (next.IsZero() || h.until.Before(next)):
			next = h.until
		case !h.live && now.Sub(h.dead) > Keep:
			for id := range h.ids {
				b.remove(name, id)
			}
			delete(b.holders, name)
		}
	}
	return next
}

// extend gives all leases the time in which nobody looked.
func (b *board) extend(d time.Duration) {
	for _, h := range b.holders {
		if h.live && !h.until.IsZero() {
			h.until = h.until.Add(d)
		}
	}
}

// What is written of a claim, and of a lease.
type (
	claimValue struct {
		Client  string          `json:"client"`
		Relayed bool            `json:"relayed,omitempty"`
		Service json.RawMessage `json:"service"`
	}
	leaseValue struct {
		Lease int64 `json:"lease"` // milliseconds
	}
)

// value returns the claimValue of c.
func (c *claim) value() []byte {
	text := append([]byte(`{"client":`), quote(c.client)...)
	if c.relayed {
		text = append(text, `,"relayed":true`...)
	}
	return append(append(append(text, `,"service":`...), c.raw...), '}')
}

// maxLease bounds what a holder may ask for.
const maxLease = time.Hour

// leaseOf reads a lease; what makes no sense is the default.
func (b *board) leaseOf(value []byte) time.Duration {
	var v leaseValue
	if json.Unmarshal(value, &v) != nil || v.Lease <= 0 || v.Lease > maxLease.Milliseconds() {
		return b.lease
	}
	return time.Duration(v.Lease) * time.Millisecond
}
