package model

import "github.com/weir-go/weir/replicate"

// state is the newest write of each key: the merge law is "the higher stamp
// wins", which is commutative, associative and idempotent.
type state struct {
	cells map[string]*replicate.Update // tombstones included
	live  int                          // keys that are set
}

func newState() replicate.Object { return &state{cells: make(map[string]*replicate.Update)} }

// Apply implements replicate.Object. The op was checked when it came in.
func (s *state) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	kind, key, _, _ := parseOp(u.Op())
	old := s.cells[key]
	switch {
	case old == u:
		return
	case old != nil && !u.Newer(old):
		obsolete(u)
		return
	case old != nil:
		obsolete(old)
		if old.Op()[0] == opSet {
			s.live--
		}
		// Re-inserting would keep the old key string, and with it the old op.
		delete(s.cells, key)
	}
	s.cells[key] = u
	if kind == opSet {
		s.live++
	}
}

// Forget implements replicate.Forgetter.
func (s *state) Forget(u *replicate.Update) bool {
	_, key, _, _ := parseOp(u.Op())
	if s.cells[key] == u {
		delete(s.cells, key)
	}
	return true
}

// has reports whether a key is set.
func (s *state) has(key string) bool {
	u := s.cells[key]
	return u != nil && u.Op()[0] == opSet
}
