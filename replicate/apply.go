package replicate

import "slices"

// accept applies u, which is neither held nor covered by the own clock, gives
// it its place and retires what it replaces.
func (r *Replica) accept(u *Update) {
	r.witness(u.time)
	old := r.scratch[:0]
	u.object.state.Apply(u, func(v *Update) { old = append(old, v) })
	r.scratch = old[:0]
	if typ := u.object.typ; typ.Observe != nil {
		typ.Observe(u, old)
	}
	if slices.Contains(old, u) {
		// Something newer is here: u was obsolete when it came.
		old = slices.DeleteFunc(old, func(v *Update) bool { return v == u })
		for _, v := range old {
			r.replace(v, nil)
		}
		return
	}
	r.log.append(u)
	r.print.add(hashOf(u))
	for _, v := range old {
		r.replace(v, u)
	}
}

// replace retires v, which u made obsolete.
func (r *Replica) replace(v, u *Update) {
	if v.state != stateLive || v.seq == 0 {
		return
	}
	r.print.sub(hashOf(v))
	if r.durable.journal == nil {
		r.drop(v, u)
		return
	}
	// Until u is durable, peers go on seeing v: u may still be lost, and what
	// is written faster than the disk takes it would never be shown at all.
	v.state = stateReplaced
	r.durable.replaced = append(r.durable.replaced, replacement{v, u})
}

// drop takes v out of every peer's view; u inherits its places.
func (r *Replica) drop(v, u *Update) {
	for c := range r.readers {
		c.inherit(v, u)
	}
	r.log.drop(v)
}

// receive takes what a peer or a file holds, in the order of the frame, and
// returns how many updates were news. An update that the own clock covers is
// here already, or something newer is; in a full exchange that is not trusted.
// The updates carry no seq yet. The caller holds the lock and has checked every
// op.
func (r *Replica) receive(updates []*Update, full bool) (news int, err error) {
	for _, u := range updates {
		if clashes(u.author.at(u.time), u) {
			return 0, r.fork(u.Stamp())
		}
	}
	for _, u := range updates {
		a := u.author
		if held := a.at(u.time); held != nil {
			if clashes(held, u) { // two of one frame
				return news, r.fork(u.Stamp())
			}
			continue
		}
		if u.time <= a.clock && !full {
			continue
		}
		if a == r.self && u.time > a.clock {
			// Someone has a write of mine that I do not: I was restored.
			r.newIncarnation()
		}
		r.accept(u)
		news++
	}
	return news, nil
}

// clashes reports whether two updates of one stamp, if there are two, differ.
func clashes(held, u *Update) bool {
	return held != nil && (held.op != u.op || held.object != u.object)
}

// fork says that s names two updates. If s is ours, a copy of this replica is
// alive: the next write has a new author.
func (r *Replica) fork(s Stamp) error {
	if id, ok := s.Author.ID(); ok && id == r.id {
		r.newIncarnation()
	}
	return &ForkError{ID: r.id, Stamp: s}
}

// promised joins a marker's clock, once all before it is applied.
func (r *Replica) promised(entries []clockEntry) {
	for _, e := range entries {
		if e.author == r.self && e.time > r.self.clock {
			r.newIncarnation()
		}
		r.promise(e.author, e.time)
	}
}
