package replicate

import (
	"errors"

	"github.com/weir-go/weir/through/frame"
)

// What follows breaks one rule each, from outside: a replica that ships has no
// switch for it.

// Heard has r promise every update it was ever given, as if the clock moved
// with each.
func (r *Replica) Heard() {
	for _, u := range r.log.entries {
		r.promise(u.author, u.end())
	}
}

// ForgetSeen has r's next stamp lie above its own writes alone.
func (r *Replica) ForgetSeen() { r.last = r.self.last() }

// Disinherit has r's sessions forget what took over a place.
func (p Place) Disinherit() {
	for _, s := range p.Ends {
		if s != nil {
			s.out.owed = queue{}
		}
	}
}

// ChaseHead moves the end of the round to the head of the log.
func (s *Session) ChaseHead() {
	if s.state == stateStreaming && !s.out.silent && s.out.cut < s.r.visible() {
		s.out.cut, s.out.promise = s.r.visible(), s.r.publicClock()
	}
}

// TakeUnlessOld takes in a frame of one update, which it skips if a newer one
// of its author was seen.
func (s *Session) TakeUnlessOld(b []byte) error {
	msg, _, err := frame.Parse(b, maxFrame)
	if err != nil {
		return err
	}
	d := s.dec
	f, err := d.parseUpdates(msg)
	if err != nil {
		return err
	}
	a := s.r.byName[writer(f, d)]
	if a == nil || f.newest >= a.last() {
		return s.Take(b)
	}
	if f, err = s.dec.parseUpdates(msg); err != nil {
		return err
	}
	s.r.keepToken(nil, s.peer.id, token{s.peer.epoch, f.pos})
	return s.dec.intern(s.r, f.names)
}

// writer returns who wrote the first update of a frame.
func writer(f updatesFrame, d decoder) Author {
	n := int(f.updates[0].author)
	if n < len(d.authors) {
		return d.authors[n].name
	}
	return f.names.authors[n-len(d.authors)]
}

// TakeTokens has r resume where another replica would have.
func (r *Replica) TakeTokens(from *Replica) {
	for id, t := range from.tokens {
		r.tokens[id] = t
	}
}

// Recount makes the fingerprint anew, of those updates that counts says yes to.
func (r *Replica) Recount(counts func(*Update) bool) {
	r.print = Fingerprint{}
	for _, a := range r.authors {
		if a.clock > 0 {
			r.print.add(hashEntry(a.name, a.clock))
		}
	}
	for _, u := range r.log.entries {
		if u.state != stateLive || !counts(u) {
			continue
		}
		u.rows(func(p *Update) {
			if p.state == stateLive {
				r.print.add(hashOf(p))
			}
		})
	}
}

// NewEpoch has r be another opening.
func (r *Replica) NewEpoch() { r.newEpoch() }

// SetHorizon plants a horizon, and returns what it was.
func (r *Replica) SetHorizon(h []Time) (was []Time) {
	was, r.horizon = r.horizon, h
	return was
}

// Unstop has sessions go on that ended for a reason.
func (p Place) Unstop(why error) {
	for _, s := range p.Ends {
		if s != nil && errors.Is(s.err, why) {
			s.err = nil
			s.start.swapped = p.Replica.swapped
		}
	}
}

// Unsettle has sessions forget what both sides hold and no clock covers.
func (p Place) Unsettle() {
	for _, s := range p.Ends {
		if s != nil {
			s.out.settled = nil
		}
	}
}

// Widen has r promise everybody what it was promised under filters.
func (r *Replica) Widen() {
	for _, p := range r.partials {
		for i, t := range p.clock {
			r.promise(r.authors[i], t)
		}
	}
}

// WriteAs has r write as whom it was before, if it knows that author.
func (r *Replica) WriteAs(name Author) {
	if a := r.byName[name]; a != nil {
		r.self = a
	}
}

// TrustDisk has r take what it holds for durable, until told otherwise.
func (r *Replica) TrustDisk() (undo func()) {
	pos, clock := r.durable.pos, r.durable.clock
	r.durable.pos, r.durable.clock = r.log.head, r.times()
	return func() { r.durable.pos, r.durable.clock = pos, clock }
}

// Hasten has sessions leave without the peer's first marker, or send their own
// before all that it is about.
func (p Place) Hasten(own bool) {
	for _, s := range p.Ends {
		switch {
		case s == nil:
		case own:
			s.start.seq = 0
		default:
			s.heard.marker = true
		}
	}
}

// ForgetPast has r forget which openings of others were superseded.
func (r *Replica) ForgetPast() {
	for _, p := range r.peers {
		p.past = nil
	}
}

// Swapped counts how often everything was taken anew.
func (r *Replica) Swapped() uint64 { return r.swapped }
