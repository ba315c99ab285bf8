package replicate_test

import (
	"fmt"

	"github.com/weir-go/weir/replicate"
)

// lawful checks the promise of every replica: of each write that its clock
// covers, it holds that write or a newer one of the key, or nothing of the key
// where a deletion is the newer one: that may have been forgotten.
func (x *search) lawful(sc *scene) error {
	if err := x.placed(sc); err != nil {
		return err
	}
	for i := range sc.at {
		id := sc.at[i].core
		if id == 0 {
			continue
		}
		key := [2]uint32{id, sc.past}
		err, known := x.lawfuls[key]
		if !known {
			err = x.keeps(i, x.cores[id].seat, &x.pasts.all[sc.past])
			x.lawfuls[key] = err
		}
		if err != nil {
			return err
		}
		for j, e := range sc.at[i].ends {
			if n := x.ends[e].sent; x.rounds && n > len(x.keys) {
				return fmt.Errorf("%d has sent %d %d updates of %d keys without a marker", i, j, n, len(x.keys))
			}
			if x.ends[e].left {
				if err := x.exchanged(sc, i, j); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (x *search) keeps(i int, s *seat, p *past) error {
	var newest [2]replicate.Stamp
	s.Replica.EachLive(func(u *replicate.Update) {
		n := &newest[keyOf(u)[0]-'x']
		if at := u.Stamp(); n.Compare(at) < 0 {
			*n = at
		}
	})
	for _, is := range p.issued[:p.n] {
		at := newest[is.key[0]-'x']
		if at.Compare(is.stamp) < 0 && s.Replica.Covers(is.stamp) && !(at == replicate.Stamp{} && p.deleted(is)) {
			return fmt.Errorf("%d promises %v of %s and holds %v", i, is.stamp, is.key, at)
		}
	}
	if err := p.buried(i, s.Replica); err != nil {
		return err
	}
	return x.partly(i, s.Replica, p, newest)
}

// converged checks a scene at rest: all that are alive are equal.
func (x *search) converged(sc *scene) error {
	for i := range sc.at {
		for j, e := range sc.at[i].ends {
			if e != 0 && !x.ends[e].idle {
				return fmt.Errorf("the session of %d and %d is at rest before it has begun", i, j)
			}
		}
	}
	return x.equal(sc)
}

// equal checks that all that are alive are equal.
func (x *search) equal(sc *scene) error {
	first := -1
	for i := range sc.at {
		at := &sc.at[i]
		if at.core == 0 || x.wants[i] != "" {
			continue // under a filter, the law of promises says enough
		}
		if first < 0 {
			first = i
			continue
		}
		a, b := &x.cores[sc.at[first].core], &x.cores[at.core]
		if r, s := a.seat.Replica, b.seat.Replica; a.holds != b.holds || r.Content() != s.Content() {
			return fmt.Errorf("%d and %d are at rest: %s, %s", first, i, shown(r), shown(s))
		}
	}
	return nil
}

// nearer reports whether a step brings on what is under way.
func (x *search) nearer(before, after *scene) bool {
	a, b := x.progress(before), x.progress(after)
	for k := range a {
		if a[k] != b[k] {
			return b[k] > a[k]
		}
	}
	return false
}

func (x *search) progress(sc *scene) (sum replicate.Progress) {
	for i := range sc.at {
		add := func(p replicate.Progress) {
			for k := range sum {
				sum[k] += p[k]
			}
		}
		add(x.cores[sc.at[i].core].progress)
		for _, e := range sc.at[i].ends {
			add(x.ends[e].progress)
		}
	}
	return sum
}

// shown returns what is live, and the clock.
func shown(r *replicate.Replica) string {
	live := ""
	r.EachLive(func(u *replicate.Update) { live += fmt.Sprintf("%v %s ", u.Stamp(), keyOf(u)) })
	return fmt.Sprint(live, r.Clock())
}
