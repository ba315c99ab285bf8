package replicate

import "slices"

// A group is a transaction: several updates that are written, sent, applied
// and kept together. Its head stands for it in the log. The parts bear
// consecutive times of one author, the first that of the head, so that each
// has a stamp of its own; no clock ever ends between them. Where a filter left
// some out, the others are still increasing.
type group struct {
	head  *Update
	parts []*Update // ascending time
	live  int       // how many are not obsolete; the group is when none is left
}

// newGroup makes the head of a transaction of these parts.
func newGroup(parts []*Update) *Update {
	p := parts[0]
	head := &Update{author: p.author, time: p.time, origin: p.origin}
	head.group = &group{head: head, parts: parts, live: len(parts)}
	for _, p := range parts {
		p.group = head.group
	}
	return head
}

// rows calls f for the update, or for each part of the transaction.
func (u *Update) rows(f func(*Update)) {
	if u.group == nil {
		f(u)
		return
	}
	for _, p := range u.group.parts {
		f(p)
	}
}

// end returns the newest time in u.
func (u *Update) end() Time {
	if u.group == nil {
		return u.time
	}
	return u.group.parts[len(u.group.parts)-1].time
}

// size is what u takes in a frame, roughly.
func (u *Update) size() (n int) {
	u.rows(func(p *Update) { n += len(p.op) + updateOverhead })
	return n
}

// entry returns what stands in the log for u: itself, or its transaction.
func (u *Update) entry() *Update {
	if u.group == nil {
		return u
	}
	return u.group.head
}

// remove takes a row out, which is obsolete and must not be sent any more.
func (g *group) remove(p *Update) {
	g.parts = slices.DeleteFunc(slices.Clone(g.parts), func(q *Update) bool { return q == p })
}

// A verdict is that of a type: by made old obsolete.
type verdict struct{ old, by *Update }

// retire notes that a row is obsolete and returns what that concerns in the
// log: the row itself, or the transaction it is a part of. It is whole when
// nothing of that is left.
func (r *Replica) retire(v verdict) (entry *Update, whole bool) {
	r.shadows.move(v.old, v.by)
	g := v.old.group
	if g == nil {
		return v.old, true
	}
	if v.old.state == stateLive {
		v.old.state = stateDropped
		g.live--
		if g.head.seq > 0 {
			r.discountRow(v.old)
		}
		r.shadows.add(v.old, v.by)
	}
	if g.live == 0 {
		for _, p := range g.parts {
			r.shadows.remove(p)
		}
	}
	return g.head, g.live == 0
}

// shadows are the obsolete rows of transactions that live on, and are sent with
// them. Each has a row that stands in for it; when that is forgotten, so must
// they be, or they would come back to life where they are sent.
type shadows struct {
	of map[*Update][]*Update // by what stands in
	by map[*Update]*Update   // and the reverse
}

func (s *shadows) add(p, by *Update) {
	if s.of == nil {
		s.of, s.by = make(map[*Update][]*Update), make(map[*Update]*Update)
	}
	s.of[by] = append(s.of[by], p)
	s.by[p] = by
}

func (s *shadows) remove(p *Update) {
	by, ok := s.by[p]
	if !ok {
		return
	}
	delete(s.by, p)
	s.of[by] = slices.DeleteFunc(s.of[by], func(q *Update) bool { return q == p })
	if len(s.of[by]) == 0 {
		delete(s.of, by)
	}
}

// move has what old stood in for be stood in for by its successor.
func (s *shadows) move(old, by *Update) {
	for _, p := range s.of[old] {
		s.by[p] = by
		s.of[by] = append(s.of[by], p)
	}
	delete(s.of, old)
}
