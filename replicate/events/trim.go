package events

import (
	"maps"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/weir-go/weir/replicate"
)

// Trim removes events everywhere but for the newest keep by stamp, and returns
// how many went here (in a transaction, 0). The newest event of each author
// stays, and so does what is not yet covered by the replica's clock. It writes an
// update for each author, which are one transaction only if [Emitter.In] makes
// them one. Errors are those of Emit; what was removed by then stays so.
func (e *Emitter[V]) Trim(keep int) (int, error) {
	return e.trim(func(s *state) replicate.Stamp { return s.newest(max(keep, 0)) })
}

// TrimBefore removes events everywhere that were emitted before t by their
// author's clock, and returns how many went here (in a transaction, 0). What
// Trim spares stays.
func (e *Emitter[V]) TrimBefore(t time.Time) (int, error) {
	return e.trim(func(*state) replicate.Stamp { return replicate.Stamp{Time: replicate.TimeOf(t)} })
}

// trim removes what is below the stamp that cut returns.
func (e *Emitter[V]) trim(cut func(*state) replicate.Stamp) (gone int, err error) {
	// All that the clock covers is here: nothing is removed unheard.
	clock := e.h.Replica().Clock()
	var bounds []replicate.Stamp
	e.view(func(s *state) {
		below := cut(s)
		for _, name := range slices.Sorted(maps.Keys(s.authors)) {
			if t := s.authors[name].last(below, clock[name]); t > 0 {
				bounds = append(bounds, replicate.Stamp{Time: t, Author: name})
			}
		}
	})
	for _, bound := range bounds {
		_, err := e.h.Compose(func(d replicate.Draft) (string, error) {
			s := d.State.(*state)
			n := s.author(bound.Author).after(bound.Time)
			if n == 0 {
				return "", nil // someone else has trimmed meanwhile
			}
			gone += n
			return string(bound.AppendRef([]byte{opTrim}, d.Stamp.Author)), nil
		})
		if err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// newest returns the lowest stamp of the newest keep events; if there are no
// more than those, the zero stamp.
func (s *state) newest(keep int) replicate.Stamp {
	switch {
	case keep >= s.n:
		return replicate.Stamp{}
	case keep == 0:
		return replicate.Stamp{Time: math.MaxUint64}
	}
	all := make([]*replicate.Update, 0, s.n)
	for _, a := range s.authors {
		all = append(all, a.events...)
	}
	slices.SortFunc(all, older)
	return all[len(all)-keep].Stamp()
}

// older orders updates by stamp.
func older(u, v *replicate.Update) int { return u.Stamp().Compare(v.Stamp()) }

// last returns the time of the newest event that is below a stamp, covered,
// and not the author's newest; 0 if there is none.
func (a *author) last(below replicate.Stamp, covered replicate.Time) replicate.Time {
	n := min(len(a.events)-1, a.after(covered))
	i := sort.Search(max(n, 0), func(i int) bool { return a.events[i].Stamp().Compare(below) >= 0 })
	if i == 0 {
		return 0
	}
	return a.events[i-1].Stamp().Time
}
