package replicate

import "slices"

// accept applies u, which is neither held nor covered by the own clock, gives
// it its place and retires what it replaces.
func (r *Replica) accept(u *Update) {
	r.obsolete.list = r.obsolete.list[:0]
	u.rows(r.obsolete.apply)
	r.place(u, r.obsolete.list)
}

// place gives u, which was applied, its place in the log, and retires what it
// made obsolete. If that is u itself, something newer was here already.
func (r *Replica) place(u *Update, old []verdict) {
	r.witness(u.end())
	var partly []*Update // transactions that lost a part and have others
	gone := r.obsolete.gone[:0]
	for _, v := range old {
		if entry, whole := r.retire(v); whole {
			gone = append(gone, entry)
		} else if entry != u {
			partly = append(partly, entry)
		}
	}
	r.obsolete.gone = gone
	by := u
	if slices.Contains(gone, u) {
		by = nil
	} else {
		r.log.append(u)
		r.count(u)
	}
	for _, v := range gone {
		if v != u {
			r.replace(v, by)
		}
	}
	for _, v := range partly {
		r.replacePart(v, by)
	}
}

// replace retires v, which u made obsolete.
func (r *Replica) replace(v, u *Update) {
	if v.state != stateLive || v.seq == 0 {
		return
	}
	if v.group == nil {
		r.discountRow(v) // else each row was discounted as it went
	}
	if r.durable.journal == nil {
		r.drop(v, u)
		return
	}
	// Until u is durable, peers go on seeing v: u may still be lost, and what
	// is written faster than the disk takes it would never be shown at all.
	v.state = stateReplaced
	r.durable.replaced = append(r.durable.replaced, replacement{old: v, by: u})
}

// replacePart notes that u made a part of the transaction v obsolete, while
// others of its parts live. A peer that is owed v is owed u from now on too:
// once v goes, nothing else would say what became of that part.
func (r *Replica) replacePart(v, u *Update) {
	switch {
	case u == nil || v.seq == 0:
	case r.durable.journal == nil:
		r.share(v, u)
	default:
		r.durable.replaced = append(r.durable.replaced, replacement{old: v, by: u, part: true})
	}
}

// share has u sent to whom v is owed.
func (r *Replica) share(v, u *Update) {
	for c := range r.readers {
		if c.peer != nil {
			c.peer.share(v, u)
		}
	}
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
		if clashes(u) {
			return 0, r.fork(u.Stamp())
		}
	}
	for _, u := range updates {
		if clashes(u) { // two of one frame
			return news, r.fork(u.Stamp())
		}
		a := u.author
		if u = unheld(u); u == nil || u.end() <= a.clock && !full {
			continue
		}
		if a == r.self && u.end() > a.clock {
			// Someone has a write of mine that I do not: I was restored.
			r.newIncarnation()
		}
		r.accept(u)
		news++
	}
	return news, nil
}

// clashes reports whether a stamp in u is held with other content.
func clashes(u *Update) (clash bool) {
	u.rows(func(p *Update) {
		held := u.author.at(p.time)
		clash = clash || held != nil && (held.Op() != p.Op() || held.object != p.object)
	})
	return clash
}

// unheld returns what of u is not held: u, some of its parts, or nil.
func unheld(u *Update) *Update {
	if u.group == nil {
		if u.author.at(u.time) == nil {
			return u
		}
		return nil
	}
	var rest []*Update
	n := 0
	u.rows(func(p *Update) {
		if n++; u.author.at(p.time) == nil {
			rest = append(rest, p)
		}
	})
	switch {
	case len(rest) == n:
		return u
	case len(rest) == 0:
		return nil
	case len(rest) == 1:
		rest[0].group = nil
		return rest[0]
	}
	return newGroup(rest)
}

// fork says that s names two updates. If s is ours, a copy of this replica is
// alive: the next write has a new author.
func (r *Replica) fork(s Stamp) error {
	if r.wrote(s.Author) {
		r.disown()
	}
	return &ForkError{ID: r.id, Stamp: s}
}
