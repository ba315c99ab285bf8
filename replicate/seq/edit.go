package seq

import (
	"fmt"

	"github.com/weir-go/weir/replicate"
)

// In returns the list with its writes in a transaction: they are made when that
// is committed, an element that is not there then fails it, and what a method
// says of what it wrote is zero.
func (l *List[V]) In(tx *replicate.Tx) *List[V] { return &List[V]{l.h.In(tx), l.codec} }

// Push inserts a value at the end, and returns the new element's ID. It
// returns the codec's error, a replicate.SizeError if the update is over
// replicate.MaxUpdate, or the failure of the replica's journal. The write is in
// memory when Push returns, and durable when the replica's Flush does.
func (l *List[V]) Push(v V) (ID, error) { return l.InsertBefore(ID{}, v) }

// Unshift inserts a value at the beginning. See [List.Push].
func (l *List[V]) Unshift(v V) (ID, error) { return l.InsertAfter(ID{}, v) }

// Insert inserts a value so that it has index i, at most the list's length. It
// returns an IndexError if i is out of range; see [List.Push] for the rest.
func (l *List[V]) Insert(i int, v V) (ID, error) {
	return insert(l, v, (*state).gap, i)
}

// InsertBefore inserts a value before the element of that ID; before the zero
// ID, at the end. It returns ErrNotFound if the element is not in the list; see
// [List.Push] for the rest.
func (l *List[V]) InsertBefore(id ID, v V) (ID, error) {
	return insert(l, v, (*state).before, id)
}

// InsertAfter inserts a value behind the element of that ID; behind the zero
// ID, at the beginning. Errors are those of InsertBefore.
func (l *List[V]) InsertAfter(id ID, v V) (ID, error) {
	return insert(l, v, (*state).after, id)
}

// insert writes a value behind the node that find returns of where: a closure
// of the two would be one more allocation for each element.
func insert[V, W any](l *List[V], v V, find func(*state, W) (*node, error), where W) (ID, error) {
	b, err := l.encode(v)
	if err != nil {
		return ID{}, err
	}
	stamp, err := l.h.Compose(func(d replicate.Draft) (string, error) {
		s := d.State.(*state)
		n, err := find(s, where)
		if err != nil {
			return "", err
		}
		return op{kind: opInsert, place: s.behind(n, ID(d.Stamp))}.encode(b), nil
	})
	return ID(stamp), err
}

func (l *List[V]) encode(v V) ([]byte, error) {
	b, err := l.codec.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("seq: encoding a value: %w", err)
	}
	return b, nil
}

// Set replaces an element's value. It returns ErrNotFound if the element is not
// in the list; see [List.Push] for the rest.
func (l *List[V]) Set(id ID, v V) error {
	b, err := l.encode(v)
	if err != nil {
		return err
	}
	_, err = l.h.Compose(func(d replicate.Draft) (string, error) {
		n, err := d.State.(*state).shown(id)
		if err != nil {
			return "", err
		}
		return rewrite(n.element(), opSet, d).encode(b), nil
	})
	return err
}

// Delete takes an element out of the list for good, and reports whether it was
// there. One that is not costs nothing, and fails no transaction. It returns the
// failure of the replica's journal.
func (l *List[V]) Delete(id ID) (bool, error) {
	stamp, err := l.h.Compose(func(d replicate.Draft) (string, error) {
		n, err := d.State.(*state).shown(id)
		if err != nil {
			return "", nil
		}
		return rewrite(n.element(), opDelete, d).encode(nil), nil
	})
	return stamp != replicate.Stamp{}, err
}

// DeleteAt takes the element at index i out of the list, and returns it. It
// returns an IndexError if there is none, the failure of the replica's journal,
// or the codec's error if the value of the element, which is deleted, does not
// fit V.
func (l *List[V]) DeleteAt(i int) (Element[V], error) {
	return take(l, (*state).at, i)
}

// Pop takes the last element out of the list, and returns it. It returns
// ErrNotFound if the list is empty; see [List.DeleteAt] for the rest.
func (l *List[V]) Pop() (Element[V], error) {
	return take(l, (*state).end, forward)
}

// Shift takes the first element out of the list, and returns it. Errors are
// those of Pop.
func (l *List[V]) Shift() (Element[V], error) {
	return take(l, (*state).end, backward)
}

// take deletes the element at the node that find returns of where, and returns
// it.
func take[V any](l *List[V], find func(*state, int) (*node, error), where int) (e Element[V], err error) {
	var u *replicate.Update
	stamp, err := l.h.Compose(func(d replicate.Draft) (string, error) {
		n, err := find(d.State.(*state), where)
		if err != nil {
			return "", err
		}
		u = n.element().update
		return rewrite(n.element(), opDelete, d).encode(nil), nil
	})
	if err != nil || stamp == (replicate.Stamp{}) {
		return e, err
	}
	return l.decode(elementOf(u), u)
}

// rewrite returns the op of a kind that from now on stands for e.
func rewrite(e *node, k kind, d replicate.Draft) op {
	return op{
		kind:    k,
		element: refTo(e.id(), ID(d.Stamp)),
		place:   placeAt(e.parent, e.is(isLeft), e.id()),
	}
}

// Move puts an element where it has index i afterwards. It returns ErrNotFound
// if the element is not in the list, an IndexError if i is out of range, or the
// failure of the replica's journal. An element that is there already costs
// nothing.
func (l *List[V]) Move(id ID, i int) error {
	return l.move(id, func(s *state, n *node) (*node, error) {
		to, err := s.at(i)
		if err != nil || to == n {
			return n, err
		}
		if i > s.order.rank(n) {
			return to, nil
		}
		return s.gap(i)
	})
}

// MoveBefore puts an element before another; before the zero ID, at the end.
// It returns ErrNotFound if either is not in the list, or the failure of the
// replica's journal. An element that is there already costs nothing.
func (l *List[V]) MoveBefore(id, other ID) error {
	return l.move(id, func(s *state, n *node) (*node, error) { return s.before(other) })
}

// MoveAfter puts an element behind another; behind the zero ID, at the
// beginning. Errors are those of MoveBefore.
func (l *List[V]) MoveAfter(id, other ID) error {
	return l.move(id, func(s *state, n *node) (*node, error) { return s.after(other) })
}

// move puts an element behind the node that find returns for where it is.
func (l *List[V]) move(id ID, find func(s *state, n *node) (*node, error)) error {
	_, err := l.h.Compose(func(d replicate.Draft) (string, error) {
		s := d.State.(*state)
		n, err := s.shown(id)
		if err != nil {
			return "", err
		}
		to, err := find(s, n)
		if err != nil || to == n || s.order.rankAfter(to) == s.order.rank(n) {
			return "", err
		}
		return op{
			kind:    opMove,
			element: refTo(id, ID(d.Stamp)),
			place:   s.behind(to, ID(d.Stamp)),
		}.encode(nil), nil
	})
	return err
}

// gap returns the node that what is inserted at an index follows.
func (s *state) gap(i int) (*node, error) {
	switch n := s.order.len(); {
	case i < 0 || i > n:
		return nil, &IndexError{Index: i, Len: n}
	case i == 0:
		return s.root, nil
	case i == n:
		return s.order.last(), nil
	}
	return s.order.at(i - 1), nil
}

// before returns the node that what is inserted before an element follows. It
// is one that is shown, as everywhere: a run must not begin behind a deleted
// element and go on before it.
func (s *state) before(id ID) (*node, error) {
	i := s.order.len()
	if id != (ID{}) {
		n, err := s.shown(id)
		if err != nil {
			return nil, err
		}
		i = s.order.rank(n)
	}
	return s.gap(i)
}

// after returns the node that what is inserted behind an element follows.
func (s *state) after(id ID) (*node, error) {
	if id == (ID{}) {
		return s.root, nil
	}
	return s.shown(id)
}

// end returns the last shown node in a direction.
func (s *state) end(dir int) (*node, error) {
	n := s.order.len()
	if n == 0 {
		return nil, ErrNotFound
	}
	return s.order.at(edge(dir, n)), nil
}

// behind returns the place right behind n, for an update stamped id: next to n,
// or to what is shown behind it, and never next to what nothing shown hangs on,
// which may be forgotten.
func (s *state) behind(n *node, id ID) place {
	if n.is(hasRight) {
		if i := s.order.rankAfter(n); i < s.order.len() {
			if next := s.order.at(i); next.branch(n) != nil {
				return placeAt(next, true, id)
			}
		}
	}
	return placeAt(n, false, id)
}

// placeAt says where a child of p is, as base refers to it.
func placeAt(p *node, left bool, base ID) place {
	if p.author == nil {
		return place{root: true}
	}
	return place{left: left, move: p.is(isMove), parent: refTo(p.id(), base)}
}
