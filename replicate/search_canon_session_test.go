package replicate

import (
	"encoding/binary"
	"slices"
)

// end writes one end of a session. Frames are taken in as they are made, so
// that nothing is ever on its way.
func (c *Canon) end(s, other *Session) {
	if s == nil {
		c.Byte(0xfe)
		return
	}
	r := s.r
	c.Byte(byte(s.state))
	differ := other != nil && (s.state == stateAlone || other.state == stateAlone) &&
		s.start.greeting.print != other.start.greeting.print
	c.flags(s.greeted, s.placed, s.full, s.once, s.once && s.heard.marker, s.heard.bye, s.err != nil, differ)
	o := &s.out
	c.flags(s.due != nil, s.goal != nil, o.silent, o.peer != 0)
	c.clock(r, s.due)
	if s.once {
		c.clock(r, s.goal)
		c.clock(r, s.said)
	}
	if s.state == stateAlone {
		c.clock(r, s.start.clock)
	}
	if s.goal == nil || s.once {
		at, j := s.start.seq, r.durable.journal
		c.flags(max(o.pos, o.cut) < at, r.visible() < at, j != nil && j.pos < at)
	}
	c.clock(r, o.known)
	c.place(r, o.reached(&r.log), o.has)
	if !o.silent {
		c.clock(r, o.promise)
		c.place(r, o.cut, o.has)
	}
	for _, u := range o.first {
		if u.state != stateDropped && !o.has(u) {
			c.Stamp(u.Stamp())
		}
	}
	c.Byte(0xfb)
	for _, u := range o.owed.order {
		if o.owed.holds(u) {
			c.Stamp(u.Stamp())
		}
	}
	c.Byte(0xfd)
	c.early(o)
}

// reached returns up to where nothing is left to send in this round.
func (o *outbox) reached(l *log) uint64 {
	if o.silent {
		return o.pos
	}
	for _, u := range l.entries {
		if u.state != stateDropped && u.seq > o.pos && u.seq <= o.cut && !o.has(u) {
			return o.pos
		}
	}
	return max(o.pos, o.cut)
}

func (c *Canon) early(o *outbox) {
	var keys []uint16
	for u := range o.early {
		if u.seq > o.pos && u.state != stateDropped && !o.has(u) {
			keys = append(keys, c.Key(u.Stamp()))
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		c.buf = binary.BigEndian.AppendUint16(c.buf, k)
	}
	c.Byte(0xfc)
}

// Quiet reports whether Next certainly has no frame now. It spares a search
// copying what does not move.
func (s *Session) Quiet() bool {
	switch r, o := s.r, &s.out; {
	case s.err != nil || !s.greeted || s.state == stateMet || s.heard.bye || s.once:
		return false
	case s.state != stateStreaming:
		return true
	case s.due != nil && covers(r.publicClock(), s.due):
		return false
	case !o.silent:
		return o.owed.peek() == nil && len(o.first) == 0 && o.pos >= o.cut &&
			s.goal == nil && o.pos < s.start.seq && r.visible() <= o.pos
	default:
		return r.visible() <= o.pos && covers(o.known, r.publicClock())
	}
}

// AckDue reports whether Next has an ack now.
func (s *Session) AckDue() bool { return s.due != nil && covers(s.r.publicClock(), s.due) }

// Streaming reports whether the handshake is over at this end.
func (s *Session) Streaming() bool { return s.state == stateStreaming }
