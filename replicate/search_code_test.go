package replicate

import (
	"slices"
	"strings"
)

// Seat is one replica of a world with all that is its own: what runs, what a
// crash now would leave of it, and what is on its way to the disk.
type Seat struct {
	Place
	At      int        // which of the three it is
	Draws   byte       // how much chance was used up
	Who     Author     // on the disk
	Pending *Batch     // being written
	Past    []*Replica // what older disks would be opened as, where they matter
	Disk    *Replica   // and the disk; nil for none
	Then    []*Replica // and the disk with each frame more of what is being written
}

// Coder writes local states down. It has two ways. In the one, two that are
// equal behave alike from here on, whatever the rest of the world is, since what
// comes from there are frames, whose effect is a function of what is written.
// Left out is what only counts, what was dropped, and the dictionaries of
// streams; see Session.Anew.
//
// In the other, places in a log are reduced to their order. Two worlds whose
// replicas are equal in that way, and for each two of them Heard is, behave
// alike. Replica ids are 1, 2, 3 in their last byte of the first eight, and are
// renamed.
type Coder struct {
	Base    Time // the time of the first write at the earliest
	Clock   bool // the newest time seen matters
	Ops     bool // ops are more than what they do to which key
	Forgets bool // what peers are known to hold matters
	Dropped bool // and what those were that are dropped: deletions or not
	Copies  bool // and so does which openings of others were seen
	Exact   bool // and so do places as they are
	Waits   bool // and so does what a session began with: of journals
	buf     []byte
	name    [3]byte // by seat
	order   []int   // authors of one replica, by their code
}

// seatOf returns the seat of a replica.
func seatOf(id ReplicaID) int { return int(id[7]) - 1 }

func (c *Coder) byte(b byte) { c.buf = append(c.buf, b) }

func (c *Coder) stamp(s Stamp) { c.buf = append(c.buf, c.author(s.Author), c.time(s.Time)) }

func (c *Coder) author(a Author) byte {
	id, _ := a.ID()
	if seatOf(id) < 0 {
		return 0 // of what is built beside an old state: it writes nothing
	}
	inc := a[len(a)-1]
	if inc > 31 {
		panic("an author that Coder cannot write")
	}
	return c.name[seatOf(id)]<<5 + inc + 1
}

// Tick returns a time as a small number, 0 for none.
func (c *Coder) Tick(t Time) int {
	if t == 0 {
		return 0
	}
	d := t - c.Base
	if d>>counterBits > 15 || d&(1<<counterBits-1) > 14 {
		panic("a time that Coder cannot write")
	}
	return int(d>>counterBits)<<4 | int(d)&15 + 1
}

func (c *Coder) time(t Time) byte { return byte(c.Tick(t)) }

func (c *Coder) flags(bits ...bool) {
	b := byte(0)
	for i, set := range bits {
		if i > 7 {
			panic("flags for more than a byte")
		}
		if set {
			b |= 1 << i
		}
	}
	c.byte(b)
}

// sorted sets the order in which r's authors are written.
func (c *Coder) sorted(r *Replica) {
	c.order = c.order[:0]
	for i := range r.authors {
		c.order = append(c.order, i)
	}
	slices.SortFunc(c.order, func(a, b int) int {
		return int(c.author(r.authors[a].name)) - int(c.author(r.authors[b].name))
	})
}

func (c *Coder) clock(r *Replica, times []Time) {
	for _, i := range c.order {
		if t := timeAt(times, i); t > 0 {
			c.buf = append(c.buf, c.author(r.authors[i].name), c.time(t))
		}
	}
	c.byte(0)
}

func (c *Coder) clockOf(clock Clock) {
	names := clock.Authors()
	slices.SortFunc(names, func(a, b Author) int { return int(c.author(a)) - int(c.author(b)) })
	for _, a := range names {
		c.buf = append(c.buf, c.author(a), c.time(clock[a]))
	}
	c.byte(0)
}

// Core returns the state of a seat but for its sessions. Without names it is
// exact: else places are reduced. It is valid until the next call.
func (c *Coder) Core(s *Seat, name *[3]byte) []byte {
	if c.buf = c.buf[:0]; name == nil {
		c.name = [3]byte{0, 1, 2}
		c.core(s)
		c.places(s)
	} else {
		c.name = *name
		c.core(s)
	}
	return c.buf
}

// End returns the state of an end of a session, likewise.
func (c *Coder) End(s *Seat, j int, name *[3]byte) []byte {
	c.buf = c.buf[:0]
	if c.name = [3]byte{0, 1, 2}; name != nil {
		c.name = *name
	}
	c.sorted(s.Replica)
	e := s.Ends[j]
	if c.end(e); name == nil && !c.onlySays(e) {
		c.buf = append(c.buf, byte(e.out.reached(&s.Replica.log)), byte(e.out.cut), byte(e.start.seq), byte(e.out.met))
		if c.Exact {
			c.byte(byte(e.out.pos))
		}
	}
	return c.buf
}

func (c *Coder) core(s *Seat) {
	r := s.Replica
	c.content(r)
	c.buf = append(c.buf, c.name[s.At], c.author(r.self.name), s.Draws)
	c.flags(r.renewed, r.suspect, r.failed != nil, s.Tail != nil, s.Disk != nil, s.Pending != nil)
	if c.Clock {
		c.byte(c.time(r.last))
	}
	for _, u := range r.log.entries {
		if u.state != stateDropped {
			c.byte(byte(u.state) + 1)
		}
	}
	if c.Forgets {
		c.members(r)
	}
	if c.Copies {
		c.openings(s)
	}
	c.partials(r)
	if s.Tail != nil {
		c.journal(s)
	}
}

// places writes places in logs, and openings.
func (c *Coder) places(s *Seat) {
	r := s.Replica
	c.buf = append(c.buf, byte(r.log.head), byte(r.swapped), byte(r.durable.pos))
	for _, u := range r.log.entries {
		if u.state != stateDropped {
			c.buf = append(c.buf, byte(u.seq), c.origin(r, u))
		}
	}
	if s.Tail != nil {
		c.byte(byte(s.Tail.pos))
	}
	if s.Pending != nil {
		c.byte(byte(s.Pending.pos))
	}
	for _, disk := range s.states() {
		for _, j := range c.others(s.At) {
			c.heard(disk, idOfSeat(j))
		}
	}
}

// states returns what runs, and what crashes may make of it.
func (s *Seat) states() []*Replica {
	all := []*Replica{s.Replica}
	if s.Disk != nil {
		all = slices.Concat(all, s.Past, []*Replica{s.Disk}, s.Then)
	}
	return all
}

// others returns the other seats, in the order of their names.
func (c *Coder) others(at int) (seats []int) {
	for n := range c.name {
		if i := slices.Index(c.name[:], byte(n)); i != at {
			seats = append(seats, i)
		}
	}
	return seats
}

func idOfSeat(i int) (id ReplicaID) {
	id[7] = byte(i + 1)
	return id
}

// partials writes what is held under filters.
func (c *Coder) partials(r *Replica) {
	for _, p := range r.partials {
		if p.moves == 0 && p.users == 0 {
			continue
		}
		c.filter(p.filter)
		c.clock(r, p.clock)
		c.clock(r, p.durable)
		c.flags(p.written < p.moves)
	}
	c.byte(0)
}

func (c *Coder) filter(f Filter) {
	c.byte(byte(len(f.code())))
	c.buf = append(c.buf, f.code()...)
}

// content writes what a replica holds and promises.
func (c *Coder) content(r *Replica) {
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
	c.byte(0)
	for _, u := range r.log.entries {
		if u.state != stateDropped {
			c.update(r, u)
		}
	}
	c.byte(0)
	if !c.Dropped {
		return
	}
	for _, i := range c.order {
		for _, u := range r.authors[i].entries {
			if u.state == stateDropped {
				c.stamp(u.Stamp())
				c.op(u)
			}
		}
	}
	c.byte(0)
}

// update writes a live update: its name, and what it does to which key.
func (c *Coder) update(r *Replica, u *Update) {
	c.stamp(u.Stamp())
	if u.group == nil {
		c.op(u)
	} else {
		for _, p := range u.group.parts {
			c.byte(0xf0 | byte(p.state))
			c.stamp(p.Stamp())
			c.op(p)
			if by := r.shadows.by[p]; by != nil {
				c.stamp(by.Stamp())
			}
		}
	}
}

func (c *Coder) op(u *Update) {
	if c.Ops {
		c.buf = append(append(c.buf, byte(len(u.op))), u.op...)
	} else {
		c.buf = append(c.buf, u.op[0], u.op[2])
	}
}

// Tidy takes away what makes no difference. What the other side is known to
// hold, below what is promised here, only matters as to updates that are here:
// no others will be taken in.
func (p Place) Tidy() {
	r := p.Replica
	clock := r.publicClock()
	for _, s := range p.Ends {
		if s == nil {
			continue
		}
		for i, t := range s.out.known {
			if t < timeAt(clock, i) {
				s.out.known[i] = r.below(i, t)
			}
		}
	}
}

// below returns the newest time up to t of an author's updates that are here.
func (r *Replica) below(author int, t Time) (newest Time) {
	for _, u := range r.authors[author].entries {
		if u.entry().state != stateDropped && u.time <= t {
			newest = u.time
		}
	}
	return newest
}

// journal writes what is durable, what is on its way, and what a crash leaves.
func (c *Coder) journal(s *Seat) {
	r := s.Replica
	d := &r.durable
	for _, u := range r.log.entries {
		if u.state != stateDropped {
			c.flags(u.seq <= d.pos, u.seq <= s.Tail.pos, s.Pending != nil && u.seq <= s.Pending.pos)
		}
	}
	c.flags(d.pos >= r.log.head, s.Tail.pos >= r.log.head, s.Pending != nil && s.Pending.pos >= r.log.head)
	c.clock(r, d.clock)
	for _, p := range d.replaced {
		c.update(r, p.old)
		if c.flags(p.part, p.by != nil); p.by != nil {
			c.stamp(p.by.Stamp())
		}
	}
	c.byte(0)
	c.clock(r, s.Tail.seen)
	if c.Forgets {
		n := s.Tail.notes
		c.flags(n.members == r.declared, n.heard == r.heard, s.Tail.swapped == r.swapped)
		c.clock(r, n.horizon)
	}
	if s.Who != "" {
		c.byte(c.author(s.Who))
	}
	if b := s.Pending; b != nil {
		c.clock(r, b.clock)
		c.flags(b.Renewed, b.Reset)
		c.byte(c.author(b.Author))
	}
	c.byte(byte(len(s.Past)<<4 | len(s.Then)))
	for _, disk := range s.states()[1:] {
		c.content(disk)
		if c.Forgets {
			c.members(disk)
		}
	}
	c.sorted(r)
}

// Holds returns what a replica holds and promises: equal for equal replicas.
func (c *Coder) Holds(r *Replica) string {
	c.buf, c.name = c.buf[:0], [3]byte{0, 1, 2}
	c.clock(r, nil)
	var held []string
	c.sorted(r)
	c.clock(r, r.times())
	r.EachLive(func(u *Update) {
		if !u.tombstone() || !c.Forgets {
			held = append(held, string([]byte{c.author(u.author.name), c.time(u.time)}))
		}
	})
	slices.Sort(held)
	return string(c.buf) + strings.Join(held, "")
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
