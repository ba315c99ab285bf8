package set

import (
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/causal"
)

// grow is the newest addition of each element: the merge law is the union.
type grow struct {
	cells map[string]*replicate.Update
}

func newGrow() replicate.Object { return &grow{cells: make(map[string]*replicate.Update)} }

// Apply implements replicate.Object. The op was checked when it came in.
func (s *grow) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	element := grown(u.Op())
	if old := s.cells[element]; old != nil {
		if !u.Newer(old) {
			obsolete(u)
			return
		}
		obsolete(old)
		delete(s.cells, element) // the key shares memory with the old op
	}
	s.cells[element] = u
}

func (s *grow) has(element string) bool { return s.cells[element] != nil }
func (s *grow) size() int               { return len(s.cells) }

func (s *grow) each(f func(element string)) {
	for element := range s.cells {
		f(element)
	}
}

// addWins is, for each element, the additions and removals that nothing
// replaces. The merge law: a newer op replaces the additions that it has seen,
// and the removals that have seen no more than it has. What an op has seen
// contains what these had seen, so whatever it replaces is replaced by what
// replaces it. An element is in the set if an addition of it is left.
type addWins struct {
	cells map[string]cell
	in    int // elements with an addition
}

// A cell is a list of the updates of an element, nearly always of one.
type cell struct {
	u    *replicate.Update
	next *cell
}

func newAddWins() replicate.Object { return &addWins{cells: make(map[string]cell)} }

// Apply implements replicate.Object. The op was checked when it came in.
func (s *addWins) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	seen, element := parseOp(u)
	old, found := s.cells[element]
	if !found {
		s.put(element, cell{u: u})
		return
	}
	for c := &old; c != nil; c = c.next {
		if theirs, _ := parseOp(c.u); replaces(c.u, theirs, u, seen) {
			obsolete(u)
			return
		}
	}
	kept := cell{u: u}
	for c := &old; c != nil; c = c.next {
		if theirs, _ := parseOp(c.u); replaces(u, seen, c.u, theirs) {
			obsolete(c.u)
		} else {
			kept.next = &cell{c.u, kept.next}
		}
	}
	if old.adds() {
		s.in--
	}
	delete(s.cells, element) // the key shares memory with an old op
	s.put(element, kept)
}

func (s *addWins) put(element string, c cell) {
	s.cells[element] = c
	if c.adds() {
		s.in++
	}
}

// replaces reports whether w, which has seen one context, replaces v, which has
// seen another. Only what is newer replaces, so that no two replace each other,
// whatever they claim.
func replaces(w *replicate.Update, seen causal.Context, v *replicate.Update, before causal.Context) bool {
	if !w.Newer(v) {
		return false
	}
	if adds(v.Op()) {
		return seen.Covers(v.Stamp())
	}
	return before.Within(seen)
}

// adds reports whether the list holds an addition.
func (c *cell) adds() bool {
	for ; c != nil; c = c.next {
		if c.u != nil && adds(c.u.Op()) {
			return true
		}
	}
	return false
}

// seen returns the context of an op on an element that is made now: the
// additions that are here, and all that anything here had seen.
func (s *addWins) seen(element string) causal.Context {
	first, found := s.cells[element]
	if !found {
		return nil
	}
	var stamps []replicate.Stamp
	for c := &first; c != nil; c = c.next {
		seen, _ := parseOp(c.u)
		if stamps = append(stamps, seen...); adds(c.u.Op()) {
			stamps = append(stamps, c.u.Stamp())
		}
	}
	return causal.Of(stamps)
}

// removes reports whether an op only takes away.
func removes(op string) bool { return !adds(op) }

// Needed implements replicate.Forgetter: nothing refers to an element.
func (s *addWins) Needed([]*replicate.Update) []*replicate.Update { return nil }

// Forget implements replicate.Forgetter.
func (s *addWins) Forget(gone []*replicate.Update) {
	for _, u := range gone {
		s.forget(u)
	}
}

func (s *addWins) forget(u *replicate.Update) {
	_, element := parseOp(u)
	old, found := s.cells[element]
	if !found {
		return
	}
	var kept *cell
	for c := &old; c != nil; c = c.next {
		if c.u != u {
			kept = &cell{c.u, kept}
		}
	}
	delete(s.cells, element) // the key may share memory with u's op
	if kept != nil {
		_, element = parseOp(kept.u)
		s.cells[element] = *kept
	}
}

func (s *addWins) has(element string) bool {
	c := s.cells[element]
	return c.adds()
}

func (s *addWins) size() int { return s.in }

func (s *addWins) each(f func(element string)) {
	for element, c := range s.cells {
		if c.adds() {
			f(element)
		}
	}
}
