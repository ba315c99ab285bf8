package seq

import (
	"cmp"
	"context"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// manyChanges is from how many changes on, if that is a quarter of the list
// too, a batch tells the whole list instead: sorting them would cost more.
const manyChanges = 1024

// A Batch is what became of a list since the batch before. It is no history:
// an element is in it once, as it is now. [Batch.Apply] brings a slice up to
// date. By hand: if Reset, forget everything; then take out all elements that
// Changes names; then go through those not deleted, in order, and put each at
// its Index.
type Batch[V any] struct {
	// Reset says that Changes is the whole list.
	Reset bool
	// Changes has the deleted elements, and then the others in list order.
	// Among the deleted there may be some that no batch has named before.
	Changes []Change[V]
}

// A Change is an element that was inserted, set, moved or deleted.
type Change[V any] struct {
	Element[V]      // with a zero value if Deleted
	Index      int  // where the element is, once the batch is applied; 0 if Deleted
	Deleted    bool // it is no longer in the list
}

// Apply returns the list with the batch applied, in time linear in both, and
// leaves nothing of use in list.
func (b Batch[V]) Apply(list []Element[V]) []Element[V] {
	if b.Reset {
		clear(list)
		list = list[:0]
	}
	named := make(map[ID]bool, len(b.Changes))
	for _, c := range b.Changes {
		named[c.ID] = true
	}
	old := slices.DeleteFunc(list, func(e Element[V]) bool { return named[e.ID] })
	merged := make([]Element[V], 0, len(old)+len(b.Changes))
	for _, c := range b.Changes {
		if c.Deleted {
			continue
		}
		n := min(c.Index-len(merged), len(old))
		merged = append(append(merged, old[:n]...), c.Element)
		old = old[n:]
	}
	return append(merged, old...)
}

// Changes returns what becomes of the list, own edits and others', from behind
// a place of the replica's log: 0 for the whole list and then what comes,
// Replica.Head for what comes from now on. It never ends by itself. A batch
// holds all that happened since the one before, so it is as long as the list
// is at most, and a slow reader holds up nobody; it is never empty. Whoever
// applies all batches from 0 on to an empty slice has, whenever no more are
// to come, the list. A value that does not fit V ends the source with the
// codec's error.
func (l *List[V]) Changes(after uint64) pull.Source[Batch[V]] {
	w := &watch{whole: after == 0}
	src := replicate.Follow(l.h, after, w.look)
	return pull.From(func(ctx context.Context) (b Batch[V], err error) {
		t, err := src(ctx)
		if err != nil {
			return b, err
		}
		b.Reset = t.reset
		b.Changes = make([]Change[V], len(t.changes))
		for i, c := range t.changes {
			b.Changes[i] = Change[V]{Index: c.index, Deleted: c.update == nil}
			b.Changes[i].ID = c.id
			if c.update == nil {
				continue
			}
			if b.Changes[i].Element, err = l.decode(c.id, c.update); err != nil {
				return Batch[V]{}, err
			}
		}
		return b, nil
	}, func(cause error) error { return pull.Abort(src, cause) })
}

// A watch is how far a reader of changes has come.
type watch struct {
	whole bool  // the next batch is to be the whole list
	life  *life // of the state that it told of
}

// told is a batch that is not decoded yet.
type told struct {
	reset   bool
	changes []toldChange
}

type toldChange struct {
	id     ID
	index  int
	update *replicate.Update // nil if deleted
}

// look returns what the updates that are news did to the list.
func (w *watch) look(o replicate.Object, news []*replicate.Update) (t told, ok bool) {
	s := o.(*state)
	if w.whole || w.life != s.life && (w.life != nil || s.rebuilt) {
		t = s.all()
	} else {
		t = s.since(news)
	}
	w.whole, w.life = false, s.life
	return t, t.reset || len(t.changes) > 0
}

// all returns the whole list.
func (s *state) all() told {
	t := told{reset: true, changes: make([]toldChange, 0, s.order.len())}
	s.order.each(func(n *node) {
		e := n.element()
		t.changes = append(t.changes, toldChange{e.id(), len(t.changes), e.update})
	})
	return t
}

// since returns the elements that updates changed, as they are now.
func (s *state) since(news []*replicate.Update) (t told) {
	elements := s.touched(news)
	if len(elements) > max(manyChanges, s.order.len()/4) {
		return s.all()
	}
	delete(elements, nil) // of what is not known yet, nothing is shown
	for e := range elements {
		if n := e.position(); n != nil {
			t.changes = append(t.changes, toldChange{e.id(), s.order.rank(n), e.update})
		} else if e.is(isDead) {
			t.changes = append(t.changes, toldChange{id: e.id()})
		}
	}
	slices.SortFunc(t.changes, toldChange.compare)
	return t
}

// compare orders deleted elements by stamp, and the others behind them by
// index.
func (c toldChange) compare(d toldChange) int {
	switch gone := c.update == nil; {
	case gone && d.update == nil:
		return replicate.Stamp(c.id).Compare(replicate.Stamp(d.id))
	case gone:
		return -1
	case d.update == nil:
		return 1
	}
	return cmp.Compare(c.index, d.index)
}

// touched returns the elements that updates are of, and those of the places
// that waited for one of these.
func (s *state) touched(news []*replicate.Update) map[*node]struct{} {
	elements := make(map[*node]struct{}, len(news))
	var nodes []*node
	for _, u := range news {
		o, _ := parseOp(u.Op())
		c, _ := resolve(o, ID(u.Stamp()))
		e := s.find(c.element, false)
		elements[e] = struct{}{}
		n := e
		if c.kind == opMove {
			n = s.find(ID(u.Stamp()), true)
		}
		nodes = append(nodes, s.waiting[n]...)
	}
	for len(nodes) > 0 {
		last := len(nodes) - 1
		n := nodes[last]
		nodes = append(nodes[:last], s.waiting[n]...)
		elements[n.element()] = struct{}{}
	}
	return elements
}
