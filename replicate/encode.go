package replicate

import (
	"encoding/binary"
	"slices"

	"github.com/weir-go/weir/through/frame"
)

// encoder writes the frames of one stream. Authors and objects are named once
// and numbered from then on; times are coded as steps.
type encoder struct {
	started bool
	authors numbering // by author.index
	objects numbering // by object.index
	last    Time
	told    []Time // the clock as the stream's markers have it
	acked   []Time // the clock as the stream's acks have it
	buf     []byte
	flat    []*Update
	only    *scope // leaves out the parts of transactions that do not pass
}

// numbering gives indexes numbers in the order they are first used.
type numbering struct {
	number []uint32 // number+1 by index
	used   uint32
}

// of returns index's number, and whether it is new.
func (n *numbering) of(index int) (number uint32, fresh bool) {
	for len(n.number) <= index {
		n.number = append(n.number, 0)
	}
	if fresh = n.number[index] == 0; fresh {
		n.used++
		n.number[index] = n.used
	}
	return n.number[index] - 1, fresh
}

// head begins a frame that uses the dictionaries.
func (e *encoder) head(kind byte) []byte {
	flags := byte(0)
	if !e.started {
		flags, e.started = flagReset, true
	}
	return append(e.buf[:0], kind, flags)
}

// batches appends frames for updates, each of at most limit bytes of ops unless
// one update alone is larger; the last says that every place up to pos is sent.
func (e *encoder) batches(dst []byte, updates []*Update, pos uint64, limit int) []byte {
	for len(updates) > 0 {
		dst, updates = e.batch(dst, updates, pos, limit)
	}
	return dst
}

// batch appends the first of the frames that batches makes, and returns what is
// not in it.
func (e *encoder) batch(dst []byte, updates []*Update, pos uint64, limit int) (frames []byte, rest []*Update) {
	room := roomFor(nil, limit)
	n := 0
	for n < len(updates) && room.take(updates[n]) {
		n++
	}
	if n < len(updates) {
		pos = updates[n].seq - 1
	}
	return e.updates(dst, updates[:n], pos), updates[n:]
}

// updates appends one frame.
func (e *encoder) updates(dst []byte, entries []*Update, pos uint64) []byte {
	updates, groups := e.flatten(entries)
	b := e.head(kindUpdates)
	if len(groups) > 0 {
		b[1] |= flagGroups
	}
	b = binary.AppendUvarint(b, uint64(len(updates)))
	b = binary.AppendUvarint(b, pos)
	b = e.newAuthors(b, updates)
	b = e.newObjects(b, updates)
	b = appendRuns(b, updates, func(u *Update) uint32 { n, _ := e.authors.of(u.author.index); return n })
	b = appendRuns(b, updates, func(u *Update) uint32 { n, _ := e.objects.of(u.object.index); return n })
	for _, u := range updates {
		b = appendDelta(b, e.last, u.time)
		e.last = u.time
	}
	b = append(b, groups...)
	for _, u := range updates {
		b = binary.AppendUvarint(b, uint64(len(u.Op())))
	}
	for _, u := range updates {
		b = append(b, u.Op()...)
	}
	b = appendSignatures(b, updates)
	e.buf = b
	clear(e.flat)
	return frame.Append(dst, b)
}

// flatten returns the rows of a frame, and the column that says which of them
// are one transaction: nothing if none are.
func (e *encoder) flatten(entries []*Update) (rows []*Update, groups []byte) {
	first := slices.IndexFunc(entries, func(u *Update) bool { return u.group != nil })
	if first < 0 {
		return entries, nil
	}
	rows = e.flat[:0]
	n, done := 0, 0
	for _, u := range entries {
		from := len(rows)
		u.rows(func(p *Update) {
			if e.only.passes(p) {
				rows = append(rows, p)
			}
		})
		if len(rows)-from > 1 {
			n++
			groups = binary.AppendUvarint(groups, uint64(from-done))
			groups = binary.AppendUvarint(groups, uint64(len(rows)-from))
			done = len(rows)
		}
	}
	if e.flat = rows; n == 0 {
		return rows, nil
	}
	return rows, append(binary.AppendUvarint(nil, uint64(n)), groups...)
}

func (e *encoder) newAuthors(b []byte, updates []*Update) []byte {
	var fresh []*author
	for i, u := range updates {
		if i > 0 && u.author == updates[i-1].author {
			continue
		}
		if _, ok := e.authors.of(u.author.index); ok {
			fresh = append(fresh, u.author)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(fresh)))
	for _, a := range fresh {
		b = appendText(b, string(a.name))
	}
	return b
}

func (e *encoder) newObjects(b []byte, updates []*Update) []byte {
	var fresh []*object
	for i, u := range updates {
		if i > 0 && u.object == updates[i-1].object {
			continue
		}
		if _, ok := e.objects.of(u.object.index); ok {
			fresh = append(fresh, u.object)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(fresh)))
	for _, o := range fresh {
		b = appendText(appendText(b, o.name.Type), o.name.Name)
	}
	return b
}

// appendRuns codes a column as runs of one number: twice the number, and for more
// than one of it one more, and then how many.
func appendRuns(b []byte, updates []*Update, number func(*Update) uint32) []byte {
	for i := 0; i < len(updates); {
		n, from := number(updates[i]), i
		for i < len(updates) && number(updates[i]) == n {
			i++
		}
		if i-from == 1 {
			b = binary.AppendUvarint(b, uint64(n)<<1)
			continue
		}
		b = binary.AppendUvarint(b, uint64(n)<<1|1)
		b = binary.AppendUvarint(b, uint64(i-from))
	}
	return b
}

// marker appends a marker: what the clock has gained since the last one, the
// place it stands for, and the resume tokens that go with it (journals only).
func (e *encoder) marker(dst []byte, authors []*author, m marker) []byte {
	b := e.head(kindMarker)
	b = binary.AppendUvarint(b, m.pos)
	b = e.clock(b, authors, m.clock, &e.told)
	b = binary.AppendUvarint(b, uint64(len(m.tokens)))
	for _, t := range m.tokens {
		b = t.append(b)
	}
	e.buf = b
	return frame.Append(dst, b)
}

// ack appends what has become durable since the last ack.
func (e *encoder) ack(dst []byte, authors []*author, clock []Time) []byte {
	b := e.head(kindAck)
	b = e.clock(b, authors, clock, &e.acked)
	e.buf = b
	return frame.Append(dst, b)
}

// clock codes the entries of clock that are above told, and raises told.
func (e *encoder) clock(b []byte, authors []*author, clock []Time, told *[]Time) []byte {
	var rose, fresh []*author
	for i, t := range clock {
		if t <= timeAt(*told, i) {
			continue
		}
		rose = append(rose, authors[i])
		if _, ok := e.authors.of(i); ok {
			fresh = append(fresh, authors[i])
		}
	}
	*told = joined(*told, clock)
	b = binary.AppendUvarint(b, uint64(len(fresh)))
	for _, a := range fresh {
		b = appendText(b, string(a.name))
	}
	b = binary.AppendUvarint(b, uint64(len(rose)))
	for _, a := range rose {
		n, _ := e.authors.of(a.index)
		b = binary.AppendUvarint(b, uint64(n))
		b = appendDelta(b, e.last, clock[a.index])
		e.last = clock[a.index]
	}
	return b
}
