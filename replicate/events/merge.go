package events

import (
	"slices"
	"sort"

	"github.com/weir-go/weir/replicate"
)

// state is all events that were not trimmed. The merge law is that of a set
// of which each author's part has a lower bound: the union of the events above
// the higher bound, which is commutative, associative and idempotent.
type state struct {
	authors map[replicate.Author]*author
	n       int // events
}

// author is what one author has emitted.
type author struct {
	events []*replicate.Update // ascending stamps
	trim   *replicate.Update   // the trim in force, or nil
	bound  replicate.Time      // up to which it removes
}

func newState() replicate.Object { return &state{authors: make(map[replicate.Author]*author)} }

// author returns the one record of an author.
func (s *state) author(name replicate.Author) *author {
	a := s.authors[name]
	if a == nil {
		a = &author{}
		s.authors[name] = a
	}
	return a
}

// Apply implements replicate.Object. The op was checked when it came in.
func (s *state) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	stamp := u.Stamp()
	if u.Op()[0] == opTrim {
		bound, _ := parseTrim(u.Op(), stamp.Author)
		// Nobody has received what is yet to be written.
		bound.Time = min(bound.Time, stamp.Time-1)
		s.n -= s.author(bound.Author).setTrim(u, bound.Time, obsolete)
		return
	}
	a := s.author(stamp.Author)
	if stamp.Time <= a.bound {
		obsolete(u)
		return
	}
	if a.insert(u, stamp.Time) {
		s.n++
	}
}

// insert puts an event in its place by stamp; nearly always that is the end.
func (a *author) insert(u *replicate.Update, t replicate.Time) bool {
	i := len(a.events)
	if i > 0 && a.events[i-1].Stamp().Time >= t {
		i = a.after(t - 1)
		if a.events[i].Stamp().Time == t {
			return false
		}
	}
	a.events = slices.Insert(a.events, i, u)
	return true
}

// after returns the index of the first event above t.
func (a *author) after(t replicate.Time) int {
	return sort.Search(len(a.events), func(i int) bool { return a.events[i].Stamp().Time > t })
}

// setTrim puts u in force if it removes more than the one that is, and returns
// how many events went.
func (a *author) setTrim(u *replicate.Update, bound replicate.Time, obsolete func(*replicate.Update)) int {
	switch old := a.trim; {
	case old == u:
		return 0
	case old != nil && (bound < a.bound || bound == a.bound && !u.Newer(old)):
		obsolete(u)
		return 0
	case old != nil:
		obsolete(old)
	}
	a.trim, a.bound = u, bound
	gone := a.after(bound)
	for _, v := range a.events[:gone] {
		obsolete(v)
	}
	a.events = slices.Clone(a.events[gone:]) // lets go of what is gone
	return gone
}
