package value

import (
	"slices"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/causal"
)

// last is the newest writes: the merge law is "the highest stamps win". A write
// that so many newer ones have pushed out has as many newer ones in every
// larger set of writes too.
type last struct {
	keep int
	kept []*replicate.Update // ascending stamps, at most keep
}

func newLast(keep int) func() replicate.Object {
	return func() replicate.Object { return &last{keep: keep} }
}

// Apply implements replicate.Object.
func (s *last) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	i := place(s.kept, u)
	switch full := len(s.kept) == s.keep; {
	case full && i == 0:
		obsolete(u)
		return
	case full:
		obsolete(s.kept[0])
		copy(s.kept, s.kept[1:i])
		s.kept[i-1] = u
		return
	}
	s.kept = slices.Insert(s.kept, i, u)
}

// place returns where u belongs among updates of ascending stamps: nearly
// always at the end.
func place(updates []*replicate.Update, u *replicate.Update) int {
	i := len(updates)
	for i > 0 && updates[i-1].Newer(u) {
		i--
	}
	return i
}

// newest returns the write that wins, or nil.
func (s *last) newest() *replicate.Update {
	if len(s.kept) == 0 {
		return nil
	}
	return s.kept[len(s.kept)-1]
}

// all is the writes that no other had seen. A write's context says what it had
// seen, and all that this had seen, so whatever it replaces is replaced by what
// replaces it.
type all struct {
	live []*replicate.Update // ascending stamps
}

func newAll() replicate.Object { return new(all) }

// Apply implements replicate.Object. The op was checked when it came in.
func (s *all) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	for _, v := range s.live {
		if replaces(v, seenBy(v), u) {
			obsolete(u)
			return
		}
	}
	seen := seenBy(u)
	s.live = slices.DeleteFunc(s.live, func(v *replicate.Update) bool {
		if !replaces(u, seen, v) {
			return false
		}
		obsolete(v)
		return true
	})
	s.live = slices.Insert(s.live, place(s.live, u), u)
}

// replaces reports whether w, with its context, had seen v. What is newer is
// not looked for in a context, so that no two writes replace each other,
// whatever they claim.
func replaces(w *replicate.Update, seen causal.Context, v *replicate.Update) bool {
	return w.Newer(v) && seen.Covers(v.Stamp())
}

// seen returns the context of a write that is made now.
func (s *all) seen() causal.Context {
	var stamps []replicate.Stamp
	for _, u := range s.live {
		stamps = append(append(stamps, seenBy(u)...), u.Stamp())
	}
	return causal.Of(stamps)
}
