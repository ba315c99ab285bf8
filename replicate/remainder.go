package replicate

import (
	"encoding/binary"
	"fmt"
)

// A remainder sums up an author's live updates above a clock's entry. When the
// author is gone no marker will ever cover them, and without this they would be
// sent in every session for ever.
type remainder struct {
	count uint64 // of updates, and of parts of transactions
	print Fingerprint
}

// maxRemainder bounds how many updates a position sums up, all authors
// together: a hash each. Authors with more are left out, and sent again.
const maxRemainder = 1 << 16

// minRemainder is what an author's remainder takes in a position, in bytes.
const minRemainder = 1 + len(ReplicaID{}) + incarnationSize + 1 + 16

// above calls f for what peers are shown of a above its entry in clock, while
// f returns true.
func (r *Replica) above(clock []Time, a *author, f func(*Update) bool) {
	t, visible := timeAt(clock, a.index), r.visible()
	if a.last() <= t {
		return
	}
	for _, u := range a.entries[a.after(t):] {
		e := u.entry()
		if e.state != stateDropped && u.state != stateDropped && e.seq <= visible && !f(u) {
			return
		}
	}
}

// remainderOf sums up what peers are shown of a above its entry in clock; ok
// is false if that is more than limit.
func (r *Replica) remainderOf(clock []Time, a *author, limit uint64) (m remainder, ok bool) {
	r.above(clock, a, func(*Update) bool { m.count++; return m.count <= limit })
	if m.count == 0 || m.count > limit {
		return m, m.count == 0
	}
	r.above(clock, a, func(u *Update) bool { m.print.add(hashOf(u)); return true })
	return m, true
}

// remainders sums up everything that peers are shown above the public clock.
func (r *Replica) remainders() map[Author]remainder {
	var out map[Author]remainder
	clock, left, doubtful := r.publicClock(), uint64(maxRemainder), r.doubtful()
	for _, a := range r.authors {
		if doubtful[a] {
			continue
		}
		m, ok := r.remainderOf(clock, a, left)
		if !ok || m.count == 0 {
			continue
		}
		if left -= m.count; out == nil {
			out = make(map[Author]remainder)
		}
		out[a.name] = m
	}
	return out
}

// doubtful returns the authors of transactions that have lost rows to what is
// not durable. Peers are shown these rows, and no sum tells of them: what would
// be left out, as a peer's that never had them, is owed once the rest is durable.
func (r *Replica) doubtful() map[*author]bool {
	var out map[*author]bool
	for _, p := range r.durable.replaced {
		if p.old.group == nil {
			continue
		}
		if out == nil {
			out = make(map[*author]bool)
		}
		out[p.old.author] = true
	}
	return out
}

// settled returns, by author index, of whom a peer that stands at p holds just
// what we hold above the clock's entry, and nothing is to be sent of that.
func (r *Replica) settled(p position) []bool {
	clock, doubtful := r.publicClock(), r.doubtful()
	var out []bool
	for name, theirs := range p.remainders {
		a := r.byName[name]
		if a == nil || timeAt(clock, a.index) != p.clock[name] || doubtful[a] {
			continue
		}
		if ours, ok := r.remainderOf(clock, a, theirs.count); !ok || ours != theirs {
			continue
		}
		if out == nil {
			out = make([]bool, len(r.authors))
		}
		out[a.index] = true
	}
	return out
}

func appendRemainders(b []byte, authors []*author, all map[Author]remainder) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, a := range authors {
		if m, ok := all[a.name]; ok {
			b = binary.AppendUvarint(appendText(b, string(a.name)), m.count)
			b = m.print.append(b)
		}
	}
	return b
}

func parseRemainders(c *cursor) map[Author]remainder {
	n := c.count(minRemainder)
	out := make(map[Author]remainder, n)
	left := uint64(maxRemainder)
	for range n {
		a := Author(c.text(maxAuthorSize))
		m := remainder{count: c.uvarint(), print: Fingerprint{c.uint64(), c.uint64()}}
		switch _, twice := out[a]; {
		case c.err != nil:
			return nil
		case !a.Valid():
			c.fail(fmt.Errorf("author of %d bytes", len(a)))
		case m.count == 0 || m.count > left:
			c.fail(fmt.Errorf("remainder of %d updates, limit %d", m.count, left))
		case twice:
			c.fail(fmt.Errorf("two remainders of author %v", a))
		}
		left -= min(m.count, left)
		out[a] = m
	}
	return out
}
