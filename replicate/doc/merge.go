package doc

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/weir-go/weir/replicate"
)

// state is the rows. The merge law has two parts. A removal takes away what was
// written in the lives of the row that began before it, by the time of their
// first writes. Of what is left, the newest write of each field counts.
type state struct {
	rows    map[string]*row
	count   int    // rows that are there
	version uint64 // of the last change
	newest  *row   // which was changed last
	epoch   *epoch

	mu      sync.Mutex // for indexes: readers make them
	indexes map[indexName]*index
}

// An epoch is as long as a state. It has a size, so that no two are one.
type epoch struct{ _ byte }

func newState() replicate.Object {
	return &state{
		rows:    make(map[string]*row),
		indexes: make(map[indexName]*index),
		epoch:   new(epoch),
	}
}

// row is what is known of a row, also if it was removed.
type row struct {
	id      string
	cells   []cell // by kind and name
	removal *replicate.Update
	life    replicate.Time // when the newest life began that anything was written in

	version      uint64 // state.version at the last change
	older, newer *row   // in order of version
}

// cell is a field, or a place in a sequence: its writes, the newest first.
// There is nearly always one. What has others is the field of a row that two
// authors made without knowing of each other: the older write is in the newer
// life, and is all that is left if the other life is removed.
type cell struct {
	place bool
	name  string
	write
}

type write struct {
	u     *replicate.Update
	life  replicate.Time
	older *write
}

// exists reports whether the row is there: it has a life that no removal ended.
func (r *row) exists() bool { return r != nil && r.life > r.removed() }

// removed is the time of the newest removal, which ended all lives that had
// begun.
func (r *row) removed() replicate.Time {
	if r.removal == nil {
		return 0
	}
	return r.removal.Stamp().Time
}

// Apply implements replicate.Object. The op was checked when it came in.
func (s *state) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	o, _ := parseOp(u.Op())
	r := s.rows[o.row]
	if r == nil {
		r = &row{id: strings.Clone(o.row)}
		s.rows[r.id] = r
	}
	was, changed := r.exists(), false
	if o.kind == opRemove {
		changed = r.remove(u, obsolete)
	} else {
		changed = r.write(u, o, obsolete)
	}
	if !changed {
		return
	}
	switch is := r.exists(); {
	case is && !was:
		s.count++
	case was && !is:
		s.count--
	}
	s.touch(r)
	for _, x := range s.indexes {
		x.update(r)
	}
}

// touch makes r the row that was changed last.
func (s *state) touch(r *row) {
	s.version++
	r.version = s.version
	if s.newest == r {
		return
	}
	if r.newer != nil {
		r.newer.older = r.older
	}
	if r.older != nil {
		r.older.newer = r.newer
	}
	r.newer, r.older = nil, s.newest
	if s.newest != nil {
		s.newest.newer = r
	}
	s.newest = r
}

// remove ends the lives that began before u.
func (r *row) remove(u *replicate.Update, obsolete func(*replicate.Update)) (changed bool) {
	if r.removal != nil {
		if !u.Newer(r.removal) {
			if u != r.removal {
				obsolete(u)
			}
			return false
		}
		obsolete(r.removal)
	}
	r.removal = u
	end := u.Stamp().Time
	kept := r.cells[:0]
	for _, c := range r.cells {
		left := c.write.sift(func(w *write) bool {
			if w.life > end {
				return true
			}
			obsolete(w.u)
			return false
		})
		if left != nil {
			kept = append(kept, c.with(*left))
		}
	}
	clear(r.cells[len(kept):])
	if r.cells = kept; len(kept) == 0 {
		r.cells = nil
	}
	return true
}

// write takes a write of a field or a place.
func (r *row) write(u *replicate.Update, o op, obsolete func(*replicate.Update)) (changed bool) {
	w := write{u: u, life: lifeOf(u, o)}
	if w.life <= r.removed() {
		obsolete(u)
		return false
	}
	r.life = max(r.life, w.life)
	i, found := r.find(o.kind == opPlace, o.cell)
	if !found {
		r.cells = slices.Insert(r.cells, i, cell{o.kind == opPlace, o.cell, w})
		return true
	}
	c := &r.cells[i]
	for v := &c.write; v != nil; v = v.older {
		if v.u == u {
			return false
		}
		if v.replaces(&w) {
			obsolete(u)
			return false
		}
	}
	left := c.write.sift(func(v *write) bool {
		if !w.replaces(v) {
			return true
		}
		obsolete(v.u)
		return false
	})
	c.write = left.insert(w)
	// The name shares memory with the op of the write that it was found in.
	top, _ := parseOp(c.u.Op())
	c.name = top.cell
	return true
}

// lifeOf returns when the life began that o was written in.
func lifeOf(u *replicate.Update, o op) replicate.Time {
	t := u.Stamp().Time
	return t - replicate.Time(min(o.age, uint64(t)))
}

// replaces reports whether w alone stands for v: it is newer, and no removal
// ends its life that does not end v's.
func (w *write) replaces(v *write) bool { return w.u.Newer(v.u) && w.life >= v.life }

// sift returns the writes that keep holds for.
func (w *write) sift(keep func(*write) bool) (left *write) {
	if w == nil {
		return nil
	}
	older := w.older.sift(keep)
	if !keep(w) {
		return older
	}
	return &write{w.u, w.life, older}
}

// insert returns the writes with one more.
func (w *write) insert(v write) write {
	if w == nil || v.u.Newer(w.u) {
		v.older = w
		return v
	}
	older := w.older.insert(v)
	return write{w.u, w.life, &older}
}

func (c cell) with(w write) cell { return cell{c.place, c.name, w} }

// find returns where a cell is or would be.
func (r *row) find(place bool, name string) (i int, found bool) {
	return slices.BinarySearchFunc(r.cells, name, func(c cell, name string) int {
		switch {
		case c.place == place:
			return cmp.Compare(c.name, name)
		case place:
			return -1
		}
		return 1
	})
}

// get returns the value of a field, and the update that wrote it.
func (r *row) get(field string) (value string, u *replicate.Update, ok bool) {
	if !r.exists() {
		return "", nil, false
	}
	i, found := r.find(false, field)
	if !found {
		return "", nil, false
	}
	u = r.cells[i].u
	o, _ := parseOp(u.Op())
	return o.value, u, o.kind == opSet
}

// placeIn returns where the row is in the sequence of a field and value, which
// u wrote.
func (r *row) placeIn(field, value string, u *replicate.Update) (place string, chosen replicate.Stamp) {
	i, found := r.find(true, cellOf(field, value))
	if !found {
		return entryPlace(u.Stamp()), u.Stamp()
	}
	u = r.cells[i].u
	o, _ := parseOp(u.Op())
	return o.place, u.Stamp()
}

// placed is the fields and values of the sequences that the row is in, and in
// which a place was chosen for it.
func (r *row) placed(yield func(field, value string) bool) {
	for _, c := range r.cells {
		if !c.place {
			continue
		}
		o, _ := parseOp(c.u.Op())
		field, value := o.field()
		if is, _, ok := r.get(field); ok && is == value && !yield(field, value) {
			return
		}
	}
}
