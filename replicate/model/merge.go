package model

import "github.com/weir-go/weir/replicate"

// state is the newest write of each key: the merge law is "the higher stamp
// wins", which is commutative, associative and idempotent. What an expiring
// model does not show is kept beside it.
type state struct {
	cells *cells  // tombstones included
	live  int     // keys that are set
	old   *expiry // nil if nothing expires
}

func newState() replicate.Object { return &state{cells: newCells()} }

// Apply implements replicate.Object. The op was checked when it came in.
func (s *state) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	if isFloor(u.Op()) {
		s.raise(u, obsolete)
		return
	}
	_, key, _, _ := parseOp(u.Op())
	old := s.cells.get(key)
	if old == nil && s.old != nil {
		old = s.old.hidden.cells.get(key)
	}
	switch {
	case old == u:
		return
	case old != nil && !u.Newer(old):
		obsolete(u)
		return
	case old != nil:
		obsolete(old)
		s.drop(key, old)
	}
	s.cells.put(key, u)
	if sets(u) {
		s.live++
	}
	if s.old != nil {
		s.expire(key, u, obsolete)
	}
}

// drop takes a key's update out of the state.
func (s *state) drop(key string, u *replicate.Update) {
	if s.cells.get(key) != u {
		s.old.hidden.cells.remove(key)
		return
	}
	s.cells.remove(key)
	if sets(u) {
		s.live--
	}
}

// sets reports whether u sets its key.
func sets(u *replicate.Update) bool { return u.Op()[0] == opSet }

// shows reports whether u sets its key, and did so at since or later.
func (s *state) shows(u *replicate.Update, since replicate.Time) bool {
	return sets(u) && (since == 0 || u.Stamp().Time >= since)
}

// get returns what set a key, at since or later, or nil.
func (s *state) get(key string, since replicate.Time) *replicate.Update {
	if u := s.cells.get(key); u != nil && s.shows(u, since) {
		return u
	}
	return nil
}

// size returns how many keys are set, at since or later.
func (s *state) size(since replicate.Time) (n int) {
	if since == 0 {
		return s.live
	}
	for u := range s.cells.all() {
		if s.shows(u, since) {
			n++
		}
	}
	return n
}

// Needed implements replicate.Forgetter: nothing refers to a key.
func (s *state) Needed([]*replicate.Update) []*replicate.Update { return nil }

// Forget implements replicate.Forgetter.
func (s *state) Forget(gone []*replicate.Update) {
	for _, u := range gone {
		_, key, _, _ := parseOp(u.Op())
		if s.cells.get(key) == u {
			s.cells.remove(key)
		}
	}
}
