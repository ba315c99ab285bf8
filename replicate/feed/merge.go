package feed

import (
	"slices"
	"sort"

	"github.com/weir-go/weir/replicate"
)

// state is the items that were appended and not removed. The merge law: the
// union of appends less the union of removals, which is commutative, associative
// and idempotent.
type state struct {
	authors map[replicate.Author]*author
	n       int // items
}

// author is what one author has appended, and what was removed of that. What
// is removed stays in items until a sweep, so that removing costs nothing.
type author struct {
	items []*replicate.Update // ascending stamps
	gone  int                 // how many of them are removed
	tombs map[replicate.Time]*replicate.Update
}

func newState() replicate.Object { return &state{authors: make(map[replicate.Author]*author)} }

// author returns the one record of an author.
func (s *state) author(name replicate.Author) *author {
	a := s.authors[name]
	if a == nil {
		a = &author{tombs: make(map[replicate.Time]*replicate.Update)}
		s.authors[name] = a
	}
	return a
}

// Apply implements replicate.Object. The op was checked when it came in.
func (s *state) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	id := u.Stamp()
	if removes(u.Op()) {
		id, _ = parseRemove(u.Op(), id.Author)
		s.remove(s.author(id.Author), id.Time, u, obsolete)
		return
	}
	a := s.author(id.Author)
	switch {
	case a.tombs[id.Time] != nil:
		obsolete(u)
	case a.insert(u, id.Time):
		s.n++
	}
}

// removes reports whether an op is nothing but a deletion.
func removes(op string) bool { return op[0] == opRemove }

// Needed implements replicate.Forgetter: nothing refers to an item.
func (s *state) Needed([]*replicate.Update) []*replicate.Update { return nil }

// Forget implements replicate.Forgetter.
func (s *state) Forget(gone []*replicate.Update) {
	for _, u := range gone {
		s.forget(u)
	}
}

func (s *state) forget(u *replicate.Update) {
	id, _ := parseRemove(u.Op(), u.Stamp().Author)
	a := s.author(id.Author)
	if a.tombs[id.Time] != u {
		return
	}
	// The item, if it waits for a sweep, is removed for as long as u is there.
	if i := a.from(id.Time); i < len(a.items) && a.items[i].Stamp().Time == id.Time {
		a.items = slices.Delete(a.items, i, i+1)
		a.gone--
	}
	delete(a.tombs, id.Time)
}

// remove lets the tombstone u stand in for the item of that time, which may be
// still to come, and for older tombstones of it.
func (s *state) remove(a *author, t replicate.Time, u *replicate.Update, obsolete func(*replicate.Update)) {
	item, old := a.item(t), a.tombs[t]
	switch {
	case old == u:
		return
	case old != nil && !u.Newer(old):
		obsolete(u)
		return
	case old != nil:
		obsolete(old)
	}
	a.tombs[t] = u
	if item == nil {
		return
	}
	obsolete(item)
	s.n--
	a.gone++
	if a.gone > 64 && a.gone > len(a.items)/2 {
		a.items = slices.Clone(slices.DeleteFunc(a.items, a.removed))
		a.gone = 0
	}
}

// insert puts an item in its place by stamp; nearly always that is the end.
func (a *author) insert(u *replicate.Update, t replicate.Time) bool {
	i := len(a.items)
	if i > 0 && a.items[i-1].Stamp().Time >= t {
		i = a.from(t)
		if a.items[i].Stamp().Time == t {
			return false
		}
	}
	a.items = slices.Insert(a.items, i, u)
	return true
}

// from returns the index of the first item, removed or not, at or above t.
func (a *author) from(t replicate.Time) int {
	return sort.Search(len(a.items), func(i int) bool { return a.items[i].Stamp().Time >= t })
}

// item returns the item of that time, or nil if it is not here.
func (a *author) item(t replicate.Time) *replicate.Update {
	i := a.from(t)
	if i == len(a.items) || a.items[i].Stamp().Time != t || a.tombs[t] != nil {
		return nil
	}
	return a.items[i]
}

// removed reports whether one of the items is only there until the next sweep.
func (a *author) removed(u *replicate.Update) bool {
	return a.gone > 0 && a.tombs[u.Stamp().Time] != nil
}

// find returns the item of that id, or nil if it is not here.
func (s *state) find(id replicate.Stamp) *replicate.Update {
	a := s.authors[id.Author]
	if a == nil {
		return nil
	}
	return a.item(id.Time)
}
