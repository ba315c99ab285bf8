package value

import (
	"slices"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/causal"
)

// last is the newest writes: the merge law is "the highest stamps win". What is
// shown, the newest keep, is a function of the set of writes. To drop the rest
// at once would be too early: no write alone says that so many are newer, and a
// peer may be given one in the place of another without the rest. So each write
// names the oldest that its author kept with it, its floor, and stands in for
// all below that. A write's floor is never above its own stamp, so what replaces
// it has replaced what it replaced.
type last struct {
	keep  int
	kept  []*replicate.Update // ascending stamps, none below the floor
	floor replicate.Time      // the highest of what is kept
}

func newLast(keep int) func() replicate.Object {
	return func() replicate.Object { return &last{keep: keep} }
}

// Apply implements replicate.Object. The op was checked when it came in.
func (s *last) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	i := place(s.kept, u)
	if s.keep == 1 && i < len(s.kept) {
		obsolete(u)
		return
	}
	s.kept = slices.Insert(s.kept, i, u)
	s.floor = max(s.floor, floorOf(u))
	gone := 0
	for s.keep == 1 && gone < i || s.kept[gone].Stamp().Time < s.floor {
		obsolete(s.kept[gone])
		gone++
	}
	s.kept = slices.Delete(s.kept, 0, gone)
}

// floorFor returns the floor of a write that is made now, which is the newest;
// ok is false where it needs none.
func (s *last) floorFor() (floor replicate.Time, ok bool) {
	i := len(s.kept) + 1 - s.keep
	if s.keep == 1 || i < 0 {
		return 0, false
	}
	return s.kept[i].Stamp().Time, true
}

// shown returns the newest writes, at most as many as are to be kept.
func (s *last) shown() []*replicate.Update { return s.kept[max(0, len(s.kept)-s.keep):] }

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
