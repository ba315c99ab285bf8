package replicate

import "errors"

// end writes one end of a session. Frames are taken in as they are made, so
// that nothing is ever on its way.
func (c *Coder) end(s *Session) {
	if s == nil {
		c.byte(0xfe)
		return
	}
	r, o := s.r, &s.out
	c.byte(byte(s.state))
	if c.onlySays(s) {
		c.reason(s.err)
		return
	}
	streams := s.state == stateStreaming
	c.flags(s.greeted, s.placed && !streams, s.full, s.once, s.once && s.heard.marker, s.heard.bye, s.partial, s.agreed)
	waits := s.once || c.Waits && s.goal == nil
	c.flags(s.due != nil, waits, o.silent, o.peer != 0, s.resync && c.Forgets, s.feeding, s.staging != nil,
		s.start.swapped == r.swapped)
	if waits {
		at, j := s.start.seq, r.durable.journal
		c.flags(max(o.pos, o.cut) < at, r.visible() < at, j != nil && j.pos < at, s.goal == nil)
	}
	c.reason(s.err)
	c.clock(r, s.due)
	if s.once {
		c.clock(r, s.goal)
	}
	if s.once || c.Forgets {
		c.clock(r, s.said)
	}
	if s.state < stateStreaming || !s.placed && c.Forgets {
		c.handshake(s)
	}
	if c.Forgets {
		c.clockOf(s.horizon)
	}
	if s.staging != nil {
		c.content(s.staging)
		c.sorted(r)
	}
	if s.partial {
		c.filter(s.cfg.Want)
		c.filter(s.cfg.Allow)
		c.filter(s.only.only())
		c.filter(o.only.only())
	}
	c.outbox(r, o)
}

// onlySays reports whether nothing comes of an end any more but why it ends.
func (c *Coder) onlySays(s *Session) bool { return c.Copies && s.err != nil && s.greeted }

// handshake writes what is of no more use when both have said where they stand.
func (c *Coder) handshake(s *Session) {
	r := s.r
	g := s.start.greeting
	c.buf = g.print.append(append(c.buf, g.flags))
	c.clock(r, s.start.clock)
	if s.announced != nil {
		c.clock(r, s.announced)
		c.clock(r, s.told)
	}
}

// reason writes why a session is ending.
func (c *Coder) reason(err error) {
	code := byte(0)
	if err != nil {
		code = 0xff
	}
	for i, sentinel := range errorCodes {
		if sentinel != nil && errors.Is(err, sentinel) {
			code = byte(i)
		}
	}
	c.byte(code)
}

// outbox writes what is to be sent.
func (c *Coder) outbox(r *Replica, o *outbox) {
	c.clock(r, o.known)
	pos := o.reached(&r.log)
	cut := o.cut
	if o.silent {
		cut = pos
	} else {
		c.clock(r, o.promise)
	}
	c.flags(pos >= r.log.head, cut >= r.log.head, pos >= r.visible(), cut >= r.visible(), pos >= cut)
	for _, u := range r.log.entries {
		if u.state == stateDropped {
			continue
		}
		_, early := o.early[u]
		has := o.has(u)
		c.flags(has, early && u.seq > pos && !has, u.seq <= pos, u.seq <= cut)
	}
	c.queue(r, o.first, o.has)
	c.queue(r, o.owed.order, func(u *Update) bool { return !o.owed.holds(u) })
}

// queue writes which of r's live updates are in a list, in its order.
func (c *Coder) queue(r *Replica, list []*Update, skip func(*Update) bool) {
	for _, u := range list {
		n := byte(1)
		for _, v := range r.log.entries {
			if v == u && u.state != stateDropped && !skip(u) {
				c.byte(n)
			}
			if v.state != stateDropped {
				n++
			}
		}
	}
	c.byte(0)
}

// reached returns up to where nothing is left to send in this round.
func (o *outbox) reached(l *log) uint64 {
	if o.silent {
		return o.pos
	}
	for _, u := range l.entries {
		if _, early := o.early[u]; u.state != stateDropped && u.seq > o.pos && u.seq <= o.cut && !o.has(u) && !early {
			return o.pos
		}
	}
	return max(o.pos, o.cut)
}

// A Progress says how much of what is under way is done, most important first:
// a frame that moves, or a group commit, raises the sum of those of all replicas
// and sessions. As there are only so many states, none goes on for ever.
type Progress [4]int

// Done returns it of a seat without its sessions.
func (c *Coder) Done(s *Seat) (p Progress) {
	r := s.Replica
	p[0] = int(r.log.head)
	for _, a := range r.authors {
		p[1] += c.Tick(a.clock)
	}
	if s.Tail == nil {
		return p
	}
	p[2] += int(s.Tail.pos+r.durable.pos) * 10_000
	for _, clock := range [][]Time{s.Tail.seen, r.durable.clock} {
		for _, t := range clock {
			p[2] += c.Tick(t) * 10
		}
	}
	return p
}

// Progress returns it of one end.
func (c *Coder) Progress(s *Session) (p Progress) {
	o := &s.out
	p[2] += (int(s.state)*8 + int(o.reached(&s.r.log))) * 1000
	for _, set := range []bool{s.greeted, s.placed && s.state < stateStreaming, s.agreed} {
		if set {
			p[2] += 1000
		}
	}
	for _, t := range o.known {
		p[2] += c.Tick(t)
	}
	for _, u := range o.owed.order {
		if o.owed.holds(u) {
			p[3] -= 2
		}
	}
	if o.silent {
		p[3] += 2
	}
	if s.due != nil {
		p[3]--
	}
	return p
}

// AckDue reports whether Next has an ack now.
func (s *Session) AckDue() bool { return s.due != nil && s.keptPromise() }

// Left reports whether bye was said.
func (s *Session) Left() bool { return s.err == nil && s.state == stateLeft }

// Gone reports whether all was said, and the session did not end well.
func (s *Session) Gone() bool { return s.err != nil && s.state == stateLeft }

// Over reports whether it was also heard.
func (s *Session) Over() bool { return s.Left() && s.heard.bye }

// Streaming reports whether the handshake is over at this end.
func (s *Session) Streaming() bool { return s.state == stateStreaming }
