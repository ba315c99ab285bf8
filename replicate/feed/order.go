package feed

import (
	"container/heap"
	"iter"
	"slices"
	"sort"

	"github.com/weir-go/weir/replicate"
)

// page is how many items are looked up at once. Between two pages writers may
// write.
const page = 256

// An Item is what someone appended.
type Item[V any] struct {
	ID    replicate.Stamp // of the append: who and when; in the order of reading
	Value V               // decoded by the feed's codec
}

// All returns the items above an id, or all for the zero Stamp, in ascending
// order, each with its value, or with the codec's error if the value does not fit
// V. Writers go on meanwhile: what they append above the item of the moment is
// met, and what they remove above it is not.
func (f *Feed[V]) All(after replicate.Stamp) iter.Seq2[Item[V], error] {
	return f.pages(after, func(s *state, from replicate.Stamp) cursors {
		var cs cursors
		for _, a := range s.authors {
			cs.items = append(cs.items, newCursor(a, a.above(from), +1))
		}
		return cs
	})
}

// Backward is All in descending order, from below an id, or from the newest
// for the zero Stamp.
func (f *Feed[V]) Backward(before replicate.Stamp) iter.Seq2[Item[V], error] {
	return f.pages(before, func(s *state, from replicate.Stamp) cursors {
		cs := cursors{down: true}
		for _, a := range s.authors {
			last := len(a.items) - 1
			if from != (replicate.Stamp{}) {
				last = a.below(from)
			}
			cs.items = append(cs.items, newCursor(a, last, -1))
		}
		return cs
	})
}

// Author is All for the items of one author, from above a time.
func (f *Feed[V]) Author(name replicate.Author, after replicate.Time) iter.Seq2[Item[V], error] {
	start := replicate.Stamp{Time: after, Author: name}
	return f.pages(start, func(s *state, from replicate.Stamp) (cs cursors) {
		if a := s.authors[name]; a != nil {
			cs.items = append(cs.items, newCursor(a, a.above(from), +1))
		}
		return cs
	})
}

// pages returns items in the order of the cursors that open sets behind the
// last one of the page before.
func (f *Feed[V]) pages(from replicate.Stamp, open func(*state, replicate.Stamp) cursors) iter.Seq2[Item[V], error] {
	return func(yield func(Item[V], error) bool) {
		at := from
		for {
			var found []*replicate.Update
			f.view(func(s *state) { found = open(s, at).take(page) })
			for _, u := range found {
				v, err := f.decode(u)
				if !yield(Item[V]{u.Stamp(), v}, err) {
					return
				}
			}
			if len(found) < page {
				return
			}
			at = found[page-1].Stamp()
		}
	}
}

// above returns the index of the first item above a stamp.
func (a *author) above(s replicate.Stamp) int {
	return sort.Search(len(a.items), func(i int) bool { return a.items[i].Stamp().Compare(s) > 0 })
}

// below returns the index of the last item below a stamp; -1 if there is none.
func (a *author) below(s replicate.Stamp) int {
	return sort.Search(len(a.items), func(i int) bool { return a.items[i].Stamp().Compare(s) >= 0 }) - 1
}

// A cursor stands at an item of one author, or beyond its last.
type cursor struct {
	a    *author
	i    int
	step int
}

// newCursor returns a cursor at the first item that is not removed, from i on.
func newCursor(a *author, i, step int) cursor {
	c := cursor{a, i, step}
	c.settle()
	return c
}

func (c *cursor) settle() {
	for !c.ended() && c.a.removed(c.item()) {
		c.i += c.step
	}
}

func (c *cursor) ended() bool             { return c.i < 0 || c.i >= len(c.a.items) }
func (c *cursor) item() *replicate.Update { return c.a.items[c.i] }

// cursors is a heap of cursors, the next item on top.
type cursors struct {
	items []cursor
	down  bool
}

func (cs *cursors) Len() int      { return len(cs.items) }
func (cs *cursors) Swap(i, j int) { cs.items[i], cs.items[j] = cs.items[j], cs.items[i] }
func (cs *cursors) Push(any)      {} // the heap only shrinks
func (cs *cursors) Less(i, j int) bool {
	u, v := cs.items[i].item(), cs.items[j].item()
	return v.Newer(u) != cs.down
}

func (cs *cursors) Pop() any {
	last := len(cs.items) - 1
	cs.items = cs.items[:last]
	return nil
}

// take returns the next n items, or what there is.
func (cs cursors) take(n int) (found []*replicate.Update) {
	cs.items = slices.DeleteFunc(cs.items, func(c cursor) bool { return c.ended() })
	heap.Init(&cs)
	found = make([]*replicate.Update, 0, n)
	for len(cs.items) > 0 && len(found) < n {
		c := &cs.items[0]
		found = append(found, c.item())
		c.i += c.step
		if c.settle(); c.ended() {
			heap.Pop(&cs)
		} else {
			heap.Fix(&cs, 0)
		}
	}
	return found
}
