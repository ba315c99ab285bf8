package replicate

import (
	"io"
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
		tokens:   make(map[ReplicaID]token, len(r.tokens)),
	}}
	c.to.cfg.Now, c.to.cfg.Rand = now, rnd
	c.to.obsolete.init()
	c.names()
	c.log()
	for id, t := range r.tokens {
		c.to.tokens[id] = t
	}
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
}

func (c *cloner) names() {
	for _, a := range c.from.authors {
		b := &author{name: a.name, index: a.index, clock: a.clock, hash: a.hash, gone: a.gone, trailer: a.trailer}
		c.to.authors = append(c.to.authors, b)
		c.to.byName[a.name] = b
	}
	c.to.self = c.to.authors[c.from.self.index]
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

func (c *cloner) session(s *Session) *Session {
	t := &Session{
		r: c.to, cfg: s.cfg, c: c.reader(s.c), peer: s.peer, enc: c.encoder(s.enc),
		state: s.state, err: s.err, once: s.once, greeted: s.greeted, placed: s.placed,
		full: s.full, due: slices.Clone(s.due), heard: s.heard, goal: s.goal,
		said: slices.Clone(s.said), start: s.start,
		announced: s.announced, told: s.told, resync: s.resync, horizon: s.horizon,
	}
	for _, a := range s.dec.authors {
		t.dec.authors = append(t.dec.authors, c.to.authors[a.index])
	}
	for _, o := range s.dec.objects {
		t.dec.objects = append(t.dec.objects, c.to.objects[o.index])
	}
	t.dec.last = s.dec.last
	t.c.peer = &t.out
	o := &s.out
	t.out = outbox{
		peer: o.peer, known: slices.Clone(o.known), first: c.updates(o.first), pos: o.pos,
		cut: o.cut, promise: o.promise, silent: o.silent, limit: o.limit,
		settled: o.settled, met: o.met,
	}
	for _, u := range o.owed.order {
		if o.owed.holds(u) {
			t.out.owed.add(c.update(u))
		}
	}
	if o.early != nil {
		t.out.early = make(map[*Update]struct{}, len(o.early))
		for u := range o.early {
			t.out.early[c.update(u)] = struct{}{}
		}
	}
	return t
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
	out := &Tail{r: c.to, c: c.reader(t.c), enc: c.encoder(t.enc), pos: t.pos, seen: t.seen, limit: t.limit, notes: t.notes}
	c.to.durable.journal = out
	return out
}

// A field that is new must be known to Clone, and to Canon if it matters. What
// filters and forgetting need is not, since no world here has them.
func TestCloneKnowsEveryField(t *testing.T) {
	for typ, known := range map[reflect.Type]int{
		reflect.TypeFor[Replica]():    35,
		reflect.TypeFor[Session]():    39,
		reflect.TypeFor[outbox]():     13,
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
