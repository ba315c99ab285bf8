package events

import (
	"cmp"
	"iter"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// All returns the events that are here, in order of arrival, durable or not,
// each with its value, or with the codec's error if the value does not fit V.
// It goes over the emitter of the moment it is called; writers go on meanwhile.
func (e *Emitter[V]) All() iter.Seq2[Event[V], error] {
	var all []*replicate.Update
	e.view(func(s *state) {
		all = make([]*replicate.Update, 0, s.n)
		for _, a := range s.authors {
			all = append(all, a.events...)
		}
	})
	slices.SortFunc(all, func(u, v *replicate.Update) int {
		return cmp.Or(cmp.Compare(u.Place(), v.Place()), older(u, v))
	})
	return func(yield func(Event[V], error) bool) {
		for _, u := range all {
			name, value, err := parseEvent(u.Op())
			if err != nil {
				continue // not one: the op was checked when it came in
			}
			if !yield(e.decode(u.Stamp(), name, value)) {
				return
			}
		}
	}
}
