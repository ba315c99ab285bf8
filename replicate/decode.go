package replicate

import (
	"errors"
	"fmt"
	"slices"
)

// decoder reads the frames of one stream. It parses a frame whole, before the
// replica is touched; what it names is interned when the frame is taken in.
type decoder struct {
	authors []*author // by number
	objects []*object
	last    Time
	rows    []rawUpdate // memory for those of a frame
}

// names is what a frame adds to the dictionaries.
type names struct {
	reset   bool
	authors []Author
	objects []ObjectName
}

// rawUpdate is an update whose author and object are still numbers.
type rawUpdate struct {
	author, object uint32
	time           Time
	op             string
}

// updatesFrame is a parsed frame of updates.
type updatesFrame struct {
	names
	pos        uint64
	updates    []rawUpdate // rows: updates, and parts of transactions
	groups     []rawGroup  // ascending from
	signatures string      // of the rows whose authors sign, one after the other
	newest     Time
}

// rawGroup says that n rows are one transaction.
type rawGroup struct{ from, n int }

// clockFrame is a parsed marker or ack.
type clockFrame struct {
	names
	pos    uint64
	clock  []rawEntry
	tokens []senderToken
}

type rawEntry struct {
	author uint32
	time   Time
}

// clockEntry is one author's entry of a clock.
type clockEntry struct {
	author *author
	time   Time
}

// marker is what goes into a marker frame.
type marker struct {
	pos    uint64
	clock  []Time
	tokens []senderToken
}

func (d *decoder) flags(c *cursor, n *names) (flags byte) {
	flags = c.byte()
	if n.reset = flags&flagReset != 0; n.reset {
		*d = decoder{rows: d.rows}
	}
	return flags
}

// parseUpdates parses the payload of a frame of updates, kind included.
func (d *decoder) parseUpdates(payload []byte) (f updatesFrame, err error) {
	c := &cursor{b: payload[1:]}
	flags := d.flags(c, &f.names)
	n := c.count(2)
	f.pos = c.uvarint()
	f.names.authors = parseAuthors(c)
	f.names.objects = parseObjects(c)
	f.updates = d.rowsFor(n)
	known := len(d.authors) + len(f.names.authors)
	c.runs(n, known, func(i int, v uint32) { f.updates[i].author = v })
	known = len(d.objects) + len(f.names.objects)
	c.runs(n, known, func(i int, v uint32) { f.updates[i].object = v })
	for i := range f.updates {
		d.last += Time(c.varint())
		f.updates[i].time = d.last
		f.newest = max(f.newest, d.last)
		if d.last == 0 {
			c.fail(errors.New("a stamp is zero"))
		}
	}
	if flags&flagGroups != 0 {
		f.groups = parseGroups(c, f.updates)
	}
	sizes := *c
	for range f.updates {
		c.uvarint()
	}
	for i := range f.updates {
		size := sizes.uvarint()
		if size > MaxUpdate {
			c.fail(fmt.Errorf("update of %d bytes, limit %d", size, MaxUpdate))
			break
		}
		f.updates[i].op = string(c.bytes(int(size)))
	}
	d.parseSignatures(c, &f)
	return f, c.end("updates")
}

// maxKeptRows bounds the memory that a decoder keeps: more rows than fill a frame
// in practice.
const maxKeptRows = 1 << 12

// rowsFor returns n rows, which are zero. They last until the next frame.
func (d *decoder) rowsFor(n int) []rawUpdate {
	if n > maxKeptRows {
		return make([]rawUpdate, n)
	}
	clear(d.rows)
	d.rows = slices.Grow(d.rows[:0], n)[:n]
	return d.rows
}

// parseGroups reads which rows are one transaction.
func parseGroups(c *cursor, rows []rawUpdate) []rawGroup {
	groups := make([]rawGroup, c.count(2))
	at := 0
	for i := range groups {
		skip, n := c.uvarint(), c.uvarint()
		left := uint64(len(rows) - at)
		if c.err == nil && (skip > left || n < 2 || n > left-skip) {
			c.fail(fmt.Errorf("transaction of %d rows after %d, with %d left", n, skip, left))
		}
		if c.err != nil {
			return nil
		}
		g := rawGroup{at + int(skip), int(n)}
		for k := g.from + 1; k < g.from+g.n; k++ {
			if rows[k].author != rows[g.from].author || rows[k].time <= rows[k-1].time {
				c.fail(errors.New("transaction whose stamps do not increase"))
			}
		}
		groups[i] = g
		at = g.from + g.n
	}
	return groups
}

// parseClock parses the payload of a marker or an ack, kind included.
func (d *decoder) parseClock(payload []byte) (f clockFrame, err error) {
	c := &cursor{b: payload[1:]}
	d.flags(c, &f.names)
	if payload[0] == kindMarker {
		f.pos = c.uvarint()
	}
	f.names.authors = parseAuthors(c)
	known := uint64(len(d.authors) + len(f.names.authors))
	f.clock = make([]rawEntry, c.count(2))
	for i := range f.clock {
		number := c.uvarint()
		if number >= known {
			c.fail(fmt.Errorf("author number %d of %d", number, known))
			break
		}
		d.last += Time(c.varint())
		f.clock[i] = rawEntry{uint32(number), d.last}
	}
	if payload[0] == kindMarker {
		f.tokens = c.tokens()
	}
	return f, c.end("clock")
}

func parseAuthors(c *cursor) []Author {
	out := make([]Author, 0, c.count(1+len(ReplicaID{})+incarnationSize))
	for range cap(out) {
		a := Author(c.text(maxAuthorSize))
		if c.err == nil && !a.Valid() {
			c.fail(fmt.Errorf("author of %d bytes", len(a)))
		}
		out = append(out, a)
	}
	return out
}

func parseObjects(c *cursor) []ObjectName {
	out := make([]ObjectName, 0, c.count(2))
	for range cap(out) {
		out = append(out, ObjectName{Type: c.text(MaxName), Name: c.text(MaxName)})
	}
	return out
}

// runs reads a column of n numbers below limit.
func (c *cursor) runs(n, limit int, set func(i int, v uint32)) {
	for i := 0; i < n && c.err == nil; {
		v, run := c.uvarint(), uint64(1)
		if v&1 != 0 {
			if run = c.uvarint(); run == 1 {
				run = 0 // refused: one run, one code
			}
		}
		if v >>= 1; c.err == nil && (v >= uint64(limit) || run == 0 || run > uint64(n-i)) {
			c.fail(fmt.Errorf("run of %d times number %d, with %d left and %d known", run, v, n-i, limit))
			return
		}
		for ; run > 0 && c.err == nil; run-- {
			set(i, uint32(v))
			i++
		}
	}
}

// intern brings a frame's names into the replica. Nothing is interned if one
// of its types is not accepted.
func (d *decoder) intern(r *Replica, n names) error {
	for _, name := range n.objects {
		if r.types[name.Type] == nil && !r.cfg.KeepUnknown {
			return &UnknownTypeError{Object: name}
		}
	}
	for _, a := range n.authors {
		d.authors = append(d.authors, r.internAuthor(a))
	}
	for _, name := range n.objects {
		o, err := r.internObject(name)
		if err != nil {
			return err
		}
		d.objects = append(d.objects, o)
	}
	return nil
}

// resolve makes updates of a frame whose names are interned, checking each op.
func (d *decoder) resolve(f updatesFrame, origin uint32) ([]*Update, error) {
	rows, err := d.resolveRows(f, origin)
	if err != nil || len(f.groups) == 0 {
		return rows, err
	}
	out, at := rows[:0], 0
	for _, g := range f.groups {
		out = append(out, rows[at:g.from]...)
		at = g.from + g.n
		out = append(out, newGroup(slices.Clone(rows[g.from:at])))
	}
	return append(out, rows[at:]...), nil
}

func (d *decoder) resolveRows(f updatesFrame, origin uint32) ([]*Update, error) {
	out := make([]*Update, len(f.updates))
	signatures := f.signatures
	for i, raw := range f.updates {
		o := d.objects[raw.object]
		if o.typ.Check != nil {
			if err := o.typ.Check(raw.op); err != nil {
				return nil, &FrameError{Frame: "updates", Err: fmt.Errorf("%v: %w", o.name, err)}
			}
		}
		out[i] = &Update{op: raw.op, author: d.authors[raw.author], object: o, time: raw.time, origin: origin}
		if n := out[i].author.trailer; n > 0 {
			out[i].op += signatures[:n]
			signatures = signatures[n:]
		}
	}
	return out, nil
}

// entries names the authors of a clock.
func (d *decoder) entries(raw []rawEntry) []clockEntry {
	out := make([]clockEntry, len(raw))
	for i, e := range raw {
		out[i] = clockEntry{d.authors[e.author], e.time}
	}
	return out
}
