package replicate

import (
	"slices"
	"strings"
)

// Seat is one replica of a world, as its state is written down: what runs, what
// a crash now would leave of it, and what is on its way to the disk.
type Seat struct {
	Place
	Who     Author     // on the disk
	Pending *Batch     // being written
	Past    []*Replica // what older disks would be opened as, where they matter
	Disk    *Replica   // and the disk; nil for none
	Then    []*Replica // and the disk with each frame more of what is being written
}

// Canon writes states of worlds down so that two are equal exactly if they
// behave alike from here on. Places in a log are reduced to their order, what
// only counts is left out, and so is what was dropped. Replica ids are 1, 2, 3
// in their last byte of the first eight, and are renamed by a permutation.
type Canon struct {
	Base  Time // the time of the first write at the earliest
	Clock bool // the newest time seen matters
	buf   []byte
	name  [3]byte // by seat
	seats []*Seat // nil for the dead
	order []int   // authors of one replica, by their code
}

// seatOf returns the seat of a replica.
func seatOf(id ReplicaID) int { return int(id[7]) - 1 }

// Begin starts a state, of seats whose names are given.
func (c *Canon) Begin(seats []*Seat, name [3]byte) {
	c.buf, c.seats, c.name = c.buf[:0], seats, name
}

// Bytes returns the state. It is valid until the next Begin.
func (c *Canon) Bytes() []byte { return c.buf }

// Byte writes a byte of the caller's own.
func (c *Canon) Byte(b byte) { c.buf = append(c.buf, b) }

// Stamp writes a stamp.
func (c *Canon) Stamp(s Stamp) { c.buf = append(c.buf, c.author(s.Author), c.time(s.Time)) }

// Key returns what Stamp writes, as a number to sort by.
func (c *Canon) Key(s Stamp) uint16 { return uint16(c.author(s.Author))<<8 | uint16(c.time(s.Time)) }

func (c *Canon) author(a Author) byte {
	id, _ := a.ID()
	return 1 + c.name[seatOf(id)]<<5 | a[len(a)-1]&15<<1
}

func (c *Canon) time(t Time) byte {
	if t == 0 {
		return 0
	}
	d := t - c.Base
	if d>>counterBits > 15 || d&(1<<counterBits-1) > 14 {
		panic("a time that Canon cannot write")
	}
	return byte(d>>counterBits)<<4 | byte(d)&15 + 1
}

// resume writes how far r has heard the log of seat j: which of what its clock
// does not cover it would not be sent again. It is nothing unless that log is
// the one that it has heard.
func (c *Canon) resume(r *Replica, j int) {
	from := c.seats[j].Replica
	n := byte(0)
	if t, ok := r.tokens[from.id]; ok && t.Epoch == from.epoch {
		p := from.peers[r.id]
		for _, u := range from.log.entries {
			its := p != nil && p.epoch == r.epoch && p.number == u.origin
			if u.state != stateDropped && u.seq <= t.Pos && !its && !c.covered(r, r.publicClock(), u) {
				n++
			}
		}
	}
	c.Byte(n)
}

// covered reports whether a clock of r's covers u, which is another's.
func (c *Canon) covered(r *Replica, clock []Time, u *Update) bool {
	a := r.byName[u.author.name]
	return a != nil && u.time <= timeAt(clock, a.index)
}

// place writes a place of r's log, as one that matters to who has all that
// needs not says.
func (c *Canon) place(r *Replica, pos uint64, has func(*Update) bool) {
	n := byte(0)
	for _, u := range r.log.entries {
		if u.state != stateDropped && u.seq <= pos && !has(u) {
			n++
		}
	}
	if pos >= r.log.head {
		n |= 0x80
	}
	if r.durable.journal != nil && pos >= r.durable.pos {
		n |= 0x40
	}
	if r.durable.journal != nil && pos >= r.durable.journal.pos {
		n |= 0x20
	}
	c.Byte(n)
}

func none(*Update) bool { return false }

// sorted sets the order in which r's authors are written.
func (c *Canon) sorted(r *Replica) {
	c.order = c.order[:0]
	for i := range r.authors {
		c.order = append(c.order, i)
	}
	slices.SortFunc(c.order, func(a, b int) int {
		return int(c.author(r.authors[a].name)) - int(c.author(r.authors[b].name))
	})
}

func (c *Canon) clock(r *Replica, times []Time) {
	for _, i := range c.order {
		if t := timeAt(times, i); t > 0 {
			c.buf = append(c.buf, c.author(r.authors[i].name), c.time(t))
		}
	}
	c.Byte(0)
}

func (c *Canon) flags(bits ...bool) {
	b := byte(0)
	for i, set := range bits {
		if set {
			b |= 1 << i
		}
	}
	c.Byte(b)
}

// Dead writes a seat that is gone for good.
func (c *Canon) Dead() { c.Byte(0xff) }

// Seat writes seat i, others in the order given.
func (c *Canon) Seat(i int, others []int) {
	s := c.seats[i]
	r := s.Replica
	c.content(r)
	c.Byte(c.author(r.self.name))
	c.flags(r.renewed, r.suspect, r.failed != nil, s.Tail != nil, s.Disk != nil, s.Pending != nil)
	if c.Clock {
		c.Byte(c.time(r.last))
	}
	for _, u := range r.log.entries {
		if u.state != stateDropped {
			c.Byte(byte(u.state)<<4 | c.origin(s, u))
		}
	}
	if s.Tail != nil {
		c.journal(i, s)
	}
	for _, j := range others {
		if peer := c.seats[j]; peer != nil {
			c.resume(r, j)
			c.end(s.Ends[j], peer.Ends[i])
		}
	}
}

// content writes what a replica holds and promises.
func (c *Canon) content(r *Replica) {
	c.sorted(r)
	for _, i := range c.order {
		a := r.authors[i]
		last := a.last()
		if last <= a.clock && last <= timeAt(r.publicClock(), i) {
			last = 0
		}
		if a.clock > 0 || last > 0 {
			c.buf = append(c.buf, c.author(a.name), c.time(a.clock), c.time(last))
		}
	}
	c.Byte(0)
	for _, u := range r.log.entries {
		if u.state != stateDropped {
			c.update(u)
		}
	}
	c.Byte(0)
}

// update writes a live update. What it says follows from its name, but for
// whether it is a deletion.
func (c *Canon) update(u *Update) {
	c.Stamp(u.Stamp())
	c.flags(strings.HasPrefix(u.op, "\x00"))
	if u.group != nil {
		for _, p := range u.group.parts {
			c.Byte(0xf0 | byte(p.state))
			c.Stamp(p.Stamp())
		}
	}
}

// origin returns which seat an update will not be sent to, since it came from
// there.
func (c *Canon) origin(s *Seat, u *Update) byte {
	for j, peer := range c.seats {
		if peer == nil || u.origin == 0 {
			continue
		}
		p := s.Replica.peers[peer.Replica.id]
		if p == nil || p.number != u.origin || p.epoch != peer.Replica.epoch {
			continue
		}
		if e := s.Ends[j]; e != nil && u.time <= timeAt(e.out.known, u.author.index) ||
			e == nil && c.covered(peer.Replica, peer.Replica.publicClock(), u) {
			return 0 // it would not be sent anyway
		}
		return 1 + c.name[j]
	}
	return 0
}

// journal writes what is durable, what is on its way, and what a crash leaves.
func (c *Canon) journal(i int, s *Seat) {
	r := s.Replica
	d := &r.durable
	c.place(r, d.pos, none)
	c.clock(r, d.clock)
	for _, p := range d.replaced {
		c.update(p.old)
		if c.flags(p.part, p.by != nil); p.by != nil {
			c.Stamp(p.by.Stamp())
		}
	}
	c.place(r, s.Tail.pos, none)
	c.clock(r, s.Tail.seen)
	if c.Byte(0); s.Who != "" {
		c.Byte(c.author(s.Who))
	}
	if b := s.Pending; b != nil {
		c.clock(r, b.clock)
		c.flags(b.Renewed)
		c.Byte(c.author(b.Author))
	}
	c.Byte(byte(len(s.Past)<<4 | len(s.Then)))
	for _, disk := range slices.Concat(s.Past, []*Replica{s.Disk}, s.Then) {
		c.content(disk)
		for j := range c.name {
			k := slices.Index(c.name[:], byte(j))
			if k != i && c.seats[k] != nil {
				c.resume(disk, k)
			}
		}
	}
	c.sorted(r)
}

// Sketch returns a number that says something of seat i whatever the names are,
// to tell seats apart cheaply.
func (s *Seat) Sketch() uint32 {
	r := s.Replica
	n := uint32(len(r.log.entries))
	var clocks, lasts Time
	own := Time(0)
	for _, a := range r.authors {
		clocks += a.clock
		lasts += a.last()
		if seatOf(ReplicaID([]byte(a.name[:16]))) == seatOf(r.id) {
			own += a.clock
		}
	}
	n = n*31 + uint32(clocks>>counterBits^clocks)
	n = n*31 + uint32(lasts>>counterBits^lasts)
	n = n*31 + uint32(own>>counterBits^own)
	for _, e := range s.Ends {
		if e != nil {
			n += 1000003 * uint32(3+e.state)
		}
	}
	return n
}

// EachLive calls f with each update whose effect is in the state.
func (r *Replica) EachLive(f func(*Update)) {
	for _, u := range r.log.entries {
		if u.state == stateLive {
			u.rows(func(p *Update) {
				if p.state == stateLive {
					f(p)
				}
			})
		}
	}
}

// Covers reports whether the clock promises s.
func (r *Replica) Covers(s Stamp) bool {
	a := r.byName[s.Author]
	return a != nil && s.Time <= a.clock
}

// SmallFrames has a journal write each update in a frame of its own, so that a
// crash can come between any two.
func (t *Tail) SmallFrames() { t.limit = 1 }
