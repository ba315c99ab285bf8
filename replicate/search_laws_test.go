package replicate_test

import (
	"fmt"
	"slices"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// lawful checks the promise of every replica: of each write that its clock
// covers, it holds that write or a newer one of the key; and of transactions
// all or nothing.
func (x *search) lawful(sc *scene) error {
	for i, s := range sc.seats {
		if s == nil {
			continue
		}
		var newest [2]replicate.Stamp
		s.Replica.EachLive(func(u *replicate.Update) {
			n := &newest[keyOf(u)[0]-'x']
			if at := u.Stamp(); n.Compare(at) < 0 {
				*n = at
			}
		})
		for _, is := range sc.issued {
			if at := newest[is.key[0]-'x']; at.Compare(is.stamp) < 0 && s.Replica.Covers(is.stamp) {
				return fmt.Errorf("%d promises %v of %s and holds %v", i, is.stamp, is.key, at)
			}
		}
		for j, n := range s.round {
			if x.rounds && n > len(x.keys) {
				return fmt.Errorf("%d has sent %d %d updates of %d keys without a marker", i, j, n, len(x.keys))
			}
		}
	}
	return nil
}

// converged checks a scene at rest: all that are alive are equal.
func (x *search) converged(sc *scene) error {
	first := -1
	for i, s := range sc.seats {
		if s == nil {
			continue
		}
		for j, e := range s.Ends {
			if e != nil && !e.Streaming() {
				return fmt.Errorf("the session of %d and %d is at rest before it has begun", i, j)
			}
		}
		if first < 0 {
			first = i
			continue
		}
		if a, b := sc.seats[first].Replica, s.Replica; !equal(a, b) {
			return fmt.Errorf("%d and %d are at rest: %s, %s", first, i, shown(a), shown(b))
		}
	}
	return nil
}

// equal compares what two replicas hold, promise and show.
func equal(a, b *replicate.Replica) bool {
	live := func(r *replicate.Replica) (all []replicate.Stamp) {
		r.EachLive(func(u *replicate.Update) { all = append(all, u.Stamp()) })
		slices.SortFunc(all, replicate.Stamp.Compare)
		return all
	}
	return slices.Equal(live(a), live(b)) && a.Clock().Compare(b.Clock()) == replicate.Equal &&
		a.Fingerprint() == b.Fingerprint() && shown(a) == shown(b)
}

// shown returns what a reader sees and, of other types than models, what is
// live.
func shown(r *replicate.Replica) string {
	if m, err := model.Open[int](r, ""); err == nil {
		return fmt.Sprint(dumpOf(m), r.Clock())
	}
	live := []string{}
	r.EachLive(func(u *replicate.Update) { live = append(live, u.Stamp().String()) })
	slices.Sort(live)
	return fmt.Sprint(live, r.Clock())
}
