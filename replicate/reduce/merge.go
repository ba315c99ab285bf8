package reduce

import (
	"cmp"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// state is, for each key, the newest contribution of each author, which holds
// that author's earlier ones. The merge law is "the higher stamp wins" for each
// author and key, whatever the user's function is; that one is for readers.
type state struct {
	keys map[string][]*replicate.Update // ascending authors
}

func newState() replicate.Object { return &state{keys: make(map[string][]*replicate.Update)} }

// Apply implements replicate.Object. The op was checked when it came in.
func (s *state) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	key, _, _ := parseOp(u.Op())
	all := s.keys[key]
	i, found := find(all, u.Stamp().Author)
	switch {
	case !found:
		all = slices.Insert(all, i, u)
	case all[i] == u:
		return
	case !u.Newer(all[i]):
		obsolete(u)
		return
	default:
		obsolete(all[i])
		all[i] = u
		// The old key string may be a part of the op that is obsolete now.
		delete(s.keys, key)
	}
	s.keys[key] = all
}

// find returns where an author's contribution is, or would be.
func find(all []*replicate.Update, name replicate.Author) (i int, found bool) {
	return slices.BinarySearchFunc(all, name, func(u *replicate.Update, name replicate.Author) int {
		return cmp.Compare(u.Stamp().Author, name)
	})
}

// own returns an author's contribution, or nil.
func own(all []*replicate.Update, name replicate.Author) *replicate.Update {
	if i, found := find(all, name); found {
		return all[i]
	}
	return nil
}

// byStamp returns contributions in the order in which they are reduced.
func byStamp(all []*replicate.Update) []*replicate.Update {
	return slices.SortedFunc(slices.Values(all), func(u, v *replicate.Update) int {
		return u.Stamp().Compare(v.Stamp())
	})
}
