package doc

import "github.com/weir-go/weir/replicate"

// takesAway reports whether an op only takes away, a row or a field, and may be
// forgotten some day.
func takesAway(s string) bool {
	o, _ := parseOp(s)
	return o.kind == opRemove || o.kind == opUnset && o.cell != ""
}

// Needed implements replicate.Forgetter. Nothing refers to a removal: what was
// written in the lives that it ended is gone wherever it is. An unset field is
// needed where only it says that the row is there, and where it hides a write in
// a later life, which would show.
func (s *state) Needed(gone []*replicate.Update) (needed []*replicate.Update) {
	for _, u := range gone {
		o, _ := parseOp(u.Op())
		if o.kind == opUnset && !s.rows[o.row].spares(u, o) {
			needed = append(needed, u)
		}
	}
	return needed
}

// spares reports whether the row is the same without an unset field.
func (r *row) spares(u *replicate.Update, o op) bool {
	alive := false
	for _, c := range r.cells {
		for w := &c.write; w != nil; w = w.older {
			if w.u == u && w.older != nil {
				return false
			}
			alive = alive || w.life >= lifeOf(u, o) && !takesAway(w.u.Op())
		}
	}
	return alive
}

// Forget implements replicate.Forgetter.
func (s *state) Forget(gone []*replicate.Update) {
	for _, u := range gone {
		o, _ := parseOp(u.Op())
		r := s.rows[o.row]
		if o.kind == opRemove {
			r.removal = nil
		} else {
			r.drop(u, o.cell)
		}
		if r.removal == nil && len(r.cells) == 0 {
			s.drop(r)
		}
	}
}

// drop takes out the write of a field.
func (r *row) drop(u *replicate.Update, field string) {
	i, _ := r.find(false, field)
	left := r.cells[i].write.sift(func(w *write) bool { return w.u != u })
	if left == nil {
		r.cells = append(r.cells[:i:i], r.cells[i+1:]...)
		return
	}
	r.cells[i].write = *left
	o, _ := parseOp(left.u.Op()) // the name shares memory with the op
	r.cells[i].name = o.cell
}

// drop takes out a row of which nothing is known any more. What has read the
// changed rows up to some version must not miss that it is gone.
func (s *state) drop(r *row) {
	delete(s.rows, r.id)
	s.epoch = new(epoch)
	if r.older != nil {
		r.older.newer = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		s.newest = r.older
	}
}
