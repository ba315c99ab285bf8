package replicate

import (
	"io"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"
)

// Place is a replica with all that hangs on it: its journal's tail, and its end
// of the session with each other replica, where there is one.
type Place struct {
	Replica *Replica
	Tail    *Tail
	Ends    [3]*Session
}

// Clone returns a copy that goes on from here by itself. The states of objects
// are made again from the live updates; see Object.
func (p Place) Clone(now func() time.Time, rnd io.Reader) Place {
	r := p.Replica
	c := &cloner{from: r, to: &Replica{
		id: r.id, set: r.set, epoch: r.epoch, cfg: r.cfg, types: r.types,
		renewed: r.renewed, print: r.print, tombs: r.tombs, last: r.last, failed: r.failed,
		suspect: r.suspect, forgotten: r.forgotten, openings: r.openings, unread: r.unread, identity: r.identity,
		byName:   make(map[Author]*author, len(r.byName)),
		byObject: make(map[ObjectName]*object, len(r.byObject)),
		readers:  make(map[*reader]struct{}, len(r.readers)),
		peers:    make(map[ReplicaID]*peerEpochs, len(r.peers)),
		tokens:   maps.Clone(r.tokens),
		horizon:  slices.Clone(r.horizon), members: maps.Clone(r.members),
		declared: r.declared, heard: r.heard, swapped: r.swapped, partialsChange: r.partialsChange,
	}}
	c.to.cfg.Now, c.to.cfg.Rand = now, rnd
	c.to.obsolete.init()
	c.names()
	c.log()
	for id, m := range r.members {
		c.to.members[id] = member{slices.Clone(m.heard), slices.Clone(m.latest), slices.Clone(m.waited)}
	}
	c.partials()
	q := Place{Replica: c.to}
	for i, s := range p.Ends {
		if s != nil {
			q.Ends[i] = c.session(s)
		}
	}
	c.peers(p, q)
	q.Tail = c.tail(p.Tail)
	if len(c.to.readers) != len(r.readers) {
		panic("a reader that Clone was not told of")
	}
	return q
}

// copier is a state that is not a function of the live updates, as it should be.
type copier interface {
	CopyWith(copied func(*Update) *Update) Object
}

// cloner makes one copy.
type cloner struct {
	from, to *Replica
	old, new []*Update // pairs; there are few
	graft    bool      // into a replica that is there
}

// Graft puts a copy of another place's end of the session with i in, where what
// both hold and promise is the same.
func (p *Place) Graft(i int, from Place) {
	s := from.Ends[i]
	c := &cloner{from: from.Replica, to: p.Replica, graft: true}
	t := c.session(s)
	p.Ends[i] = t
	if s.out.peer == 0 {
		return
	}
	to := p.Replica.peers[s.peer.id]
	if to == nil {
		to = &peerEpochs{sessions: make(map[*Session]struct{})}
		p.Replica.peers[s.peer.id] = to
		to.open(p.Replica, s.peer.epoch)
	}
	t.out.peer = to.number
	if _, ok := from.Replica.peers[s.peer.id].sessions[s]; ok {
		to.sessions[t] = struct{}{}
	}
}

// times copies a clock by author index.
func (c *cloner) times(clock []Time) []Time {
	if !c.graft || clock == nil {
		return slices.Clone(clock)
	}
	out := make([]Time, 0, len(clock))
	for i, t := range clock {
		for at := c.to.internAuthor(c.from.authors[i].name).index; len(out) <= at; {
			out = append(out, 0)
		}
		out[c.to.byName[c.from.authors[i].name].index] = t
	}
	return out
}

func (c *cloner) names() {
	for _, a := range c.from.authors {
		b := &author{name: a.name, index: a.index, clock: a.clock, hash: a.hash, gone: a.gone, trailer: a.trailer}
		c.to.authors = append(c.to.authors, b)
		c.to.byName[a.name] = b
	}
	c.to.self = c.to.authors[c.from.self.index]
	if c.from.spare != nil {
		c.to.spare = c.to.authors[c.from.spare.index]
	}
	for _, o := range c.from.objects {
		p := &object{name: o.name, typ: o.typ, state: o.typ.New(), index: o.index}
		c.to.objects = append(c.to.objects, p)
		c.to.byObject[o.name] = p
	}
}

func (c *cloner) log() {
	l := &c.from.log
	c.to.log = log{entries: c.updates(l.entries), gone: l.gone, head: l.head}
	for i, a := range c.from.authors {
		c.to.authors[i].entries = c.updates(a.entries)
	}
	for i, o := range c.from.objects {
		if s, ok := o.state.(copier); ok {
			c.to.objects[i].state = s.CopyWith(c.update)
		}
	}
	for _, u := range c.to.log.entries {
		if u.state != stateLive {
			continue
		}
		u.rows(func(p *Update) {
			if _, ok := p.object.state.(copier); !ok && p.state == stateLive {
				p.object.state.Apply(p, func(*Update) {})
			}
		})
	}
	c.shadows()
}

// shadows copies what transactions carry of what is obsolete.
func (c *cloner) shadows() {
	for p, by := range c.from.shadows.by {
		c.to.shadows.add(c.update(p), c.update(by))
	}
}

func (c *cloner) updates(list []*Update) []*Update {
	if list == nil {
		return nil
	}
	out := make([]*Update, len(list), len(list)+1)
	for i, u := range list {
		out[i] = c.update(u)
	}
	return out
}

func (c *cloner) update(u *Update) *Update {
	if u == nil {
		return nil
	}
	if c.graft {
		if u.state == stateDropped {
			return nil
		}
		return c.to.byName[u.author.name].at(u.time).entry()
	}
	if i := slices.Index(c.old, u); i >= 0 {
		return c.new[i]
	}
	v := &Update{op: u.op, time: u.time, seq: u.seq, origin: u.origin, state: u.state}
	v.author = c.to.authors[u.author.index]
	if u.object != nil {
		v.object = c.to.objects[u.object.index]
	}
	c.old, c.new = append(c.old, u), append(c.new, v)
	if g := u.group; g != nil {
		if head := c.update(g.head); head == v {
			v.group = &group{head: v, live: g.live, parts: c.updates(g.parts)}
			for _, p := range v.group.parts {
				p.group = v.group
			}
		}
	}
	return v
}

func (c *cloner) reader(old *reader) *reader {
	// Nobody waits: what wakes one may wake all.
	d := &reader{r: c.to, woken: old.woken}
	if _, ok := c.from.readers[old]; ok {
		c.to.readers[d] = struct{}{}
	}
	return d
}

func (c *cloner) partials() {
	for _, p := range c.from.partials {
		c.to.partials = append(c.to.partials, &partial{
			filter: p.filter, clock: slices.Clone(p.clock), durable: slices.Clone(p.durable),
			tokens: maps.Clone(p.tokens), users: p.users, moves: p.moves,
			written: p.written, saved: slices.Clone(p.saved),
		})
	}
}

// session copies an end. Its dictionaries begin anew; see Session.Anew.
func (c *cloner) session(s *Session) *Session {
	t := &Session{
		r: c.to, cfg: s.cfg, c: c.reader(s.c), peer: s.peer,
		state: s.state, err: s.err, once: s.once, greeted: s.greeted, placed: s.placed,
		full: s.full, partial: s.partial, agreed: s.agreed, doubted: s.doubted,
		due: c.times(s.due), dueAt: s.dueAt, heard: s.heard, goal: c.times(s.goal),
		said: c.times(s.said), start: s.start, feeding: s.feeding,
		announced: c.times(s.announced), told: c.times(s.told), resync: s.resync, horizon: s.horizon,
	}
	t.start.clock = c.times(s.start.clock)
	if i := slices.Index(c.from.partials, s.under); i >= 0 {
		t.under = c.to.partials[i]
	} else if s.under != nil {
		t.under = &partial{filter: s.under.filter} // dropped by a swap
	}
	if s.only != nil {
		t.only = newScope(s.only.filter)
	}
	if s.staging != nil {
		t.staging = Place{Replica: s.staging}.Clone(c.to.cfg.Now, c.to.cfg.Rand).Replica
	}
	t.c.peer = &t.out
	o := &s.out
	t.out = outbox{
		peer: o.peer, known: c.times(o.known), first: c.held(o.first), pos: o.pos,
		cut: o.cut, promise: c.times(o.promise), silent: o.silent, limit: o.limit,
		settled: c.settled(o.settled), met: o.met,
	}
	if o.only != nil {
		t.out.only = newScope(o.only.filter)
	}
	t.enc.only = t.out.only
	for _, u := range o.owed.order {
		if v := c.update(u); v != nil && o.owed.holds(u) {
			t.out.owed.add(v)
		}
	}
	if o.early != nil {
		t.out.early = make(map[*Update]struct{}, len(o.early))
		for u := range o.early {
			if v := c.update(u); v != nil {
				t.out.early[v] = struct{}{}
			}
		}
	}
	return t
}

// held copies a list of updates. What is dropped is in it where it is known: to
// pass it is to come to its place.
func (c *cloner) held(list []*Update) (out []*Update) {
	for _, u := range list {
		v := c.update(u)
		if a := c.to.byName[u.author.name]; v == nil && a != nil && a.at(u.time) != nil {
			v = a.at(u.time).entry()
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out
}

func (c *cloner) settled(by []bool) []bool {
	out := slices.Clone(by)
	if c.graft {
		clear(out)
	}
	for i, set := range by {
		if set && c.graft {
			at := c.to.internAuthor(c.from.authors[i].name).index
			for len(out) <= at {
				out = append(out, false)
			}
			out[at] = true
		}
	}
	return out
}

func (c *cloner) encoder(e encoder) encoder {
	e.authors.number = slices.Clone(e.authors.number)
	e.objects.number = slices.Clone(e.objects.number)
	e.told, e.acked = slices.Clone(e.told), slices.Clone(e.acked)
	e.buf, e.flat = nil, nil
	return e
}

func (c *cloner) peers(p, q Place) {
	for id, e := range c.from.peers {
		f := &peerEpochs{epoch: e.epoch, number: e.number, past: slices.Clone(e.past)}
		f.sessions = make(map[*Session]struct{}, len(e.sessions))
		for s := range e.sessions {
			f.sessions[q.Ends[slices.Index(p.Ends[:], s)]] = struct{}{}
		}
		c.to.peers[id] = f
	}
}

func (c *cloner) tail(t *Tail) *Tail {
	d := c.from.durable
	c.to.durable = durability{pos: d.pos, clock: d.clock}
	for _, p := range d.replaced {
		p.old, p.by = c.update(p.old), c.update(p.by)
		c.to.durable.replaced = append(c.to.durable.replaced, p)
	}
	if t == nil {
		return nil
	}
	out := &Tail{
		r: c.to, c: c.reader(t.c), enc: c.encoder(t.enc), pos: t.pos, seen: t.seen, limit: t.limit,
		notes: t.notes, last: t.last, swapped: t.swapped,
	}
	c.to.durable.journal = out
	return out
}

// Anew has the next frame of this end begin the stream's dictionaries anew, as
// any frame may: then it depends on nothing that was sent before it.
func (s *Session) Anew() { s.enc = encoder{only: s.out.only} }

// A field that is new must be known to Clone, and to Coder if it matters.
func TestCloneKnowsEveryField(t *testing.T) {
	for typ, known := range map[reflect.Type]int{
		reflect.TypeFor[Replica]():    36,
		reflect.TypeFor[Session]():    39,
		reflect.TypeFor[outbox]():     13,
		reflect.TypeFor[partial]():    8,
		reflect.TypeFor[scope]():      4,
		reflect.TypeFor[queue]():      2,
		reflect.TypeFor[encoder]():    9,
		reflect.TypeFor[decoder]():    4,
		reflect.TypeFor[reader]():     4,
		reflect.TypeFor[author]():     7,
		reflect.TypeFor[object]():     4,
		reflect.TypeFor[log]():        3,
		reflect.TypeFor[Update]():     8,
		reflect.TypeFor[group]():      3,
		reflect.TypeFor[peerEpochs](): 4,
		reflect.TypeFor[token]():      2,
		reflect.TypeFor[durability](): 4,
		reflect.TypeFor[Tail]():       10,
	} {
		if typ.NumField() != known {
			t.Errorf("%v has %d fields, and Clone knows %d", typ, typ.NumField(), known)
		}
	}
}
