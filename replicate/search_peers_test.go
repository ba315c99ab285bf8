package replicate

import "slices"

// openings writes who a replica is, and which openings it knows of others.
func (c *Coder) openings(s *Seat) {
	c.byte(byte(seatOf(s.Replica.id)))
	c.flags(s.Replica.spare == s.Replica.self)
	for _, r := range s.states() {
		for i := range c.name {
			c.token(r.tokens, idOfSeat(i))
			if p := r.peers[idOfSeat(i)]; p != nil {
				c.buf = append(c.buf, byte(p.epoch), byte(len(p.past)))
				for _, epoch := range p.past {
					c.byte(byte(epoch))
				}
			}
			c.byte(0)
		}
	}
}

// heard writes how far a peer's log was heard, and which opening of it is known:
// the first one is as good as none.
func (c *Coder) heard(r *Replica, id ReplicaID) {
	c.token(r.tokens, id)
	for _, p := range r.partials {
		c.token(p.tokens, id)
	}
	if p := r.peers[id]; p != nil && p.epoch != 1 {
		c.byte(byte(p.epoch))
	}
	c.byte(0)
}

// Heard returns how far s has heard the log of t: which of what its clock does
// not cover it would not be sent again. It is nothing unless that log is the one
// that it has heard.
func (c *Coder) Heard(s, t *Seat) []byte {
	c.buf = c.buf[:0]
	for _, r := range s.states() {
		c.resume(r, r.tokens, t.Replica)
		for _, p := range r.partials {
			c.resume(r, p.tokens, t.Replica)
		}
	}
	p := s.Replica.peers[t.Replica.id]
	for _, u := range s.Replica.log.entries {
		a := t.Replica.byName[u.author.name]
		held := a != nil && u.time <= timeAt(t.Replica.publicClock(), a.index)
		if u.state != stateDropped && p != nil && p.epoch == t.Replica.epoch {
			c.flags(u.origin == p.number && !held)
		}
	}
	known := p == nil && t.Replica.epoch == 1 || p != nil && p.epoch == t.Replica.epoch
	c.flags(known)
	return c.buf
}

func (c *Coder) resume(r *Replica, tokens map[ReplicaID]token, from *Replica) {
	n := byte(0)
	if t, ok := tokens[from.id]; ok && t.Epoch == from.epoch {
		p := from.peers[r.id]
		for _, u := range from.log.entries {
			its := p != nil && p.epoch == r.epoch && p.number == u.origin
			a := r.byName[u.author.name]
			covered := a != nil && u.time <= timeAt(r.publicClock(), a.index)
			if u.state != stateDropped && u.seq <= t.Pos && !its && !covered {
				n++
			}
		}
	}
	c.byte(n)
}

func (c *Coder) token(tokens map[ReplicaID]token, id ReplicaID) {
	if t, ok := tokens[id]; ok {
		c.buf = append(c.buf, byte(t.Epoch), byte(t.Pos)+1)
	} else {
		c.byte(0)
	}
}

// members writes what is forgotten, and who must agree to it.
func (c *Coder) members(r *Replica) {
	c.clock(r, r.horizon)
	for n := range c.name {
		i := slices.Index(c.name[:], byte(n))
		if m, ok := r.members[idOfSeat(i)]; ok {
			c.byte(1)
			c.clock(r, m.heard)
			c.clock(r, m.latest)
			c.clock(r, m.waited)
		} else {
			c.byte(0)
		}
	}
}

// origin returns which peer an update will not be sent to, since it came from
// there; 1 for none.
func (c *Coder) origin(r *Replica, u *Update) byte {
	for id, p := range r.peers {
		if u.origin != 0 && p.number == u.origin {
			return 2 + c.name[seatOf(id)]
		}
	}
	return 1
}
