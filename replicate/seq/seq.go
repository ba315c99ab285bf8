package seq

import (
	"errors"
	"fmt"
	"iter"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

var (
	// ErrNotFound is returned for an element that is not in the list: deleted,
	// never inserted, or not arrived.
	ErrNotFound = errors.New("seq: no such element")
	// ErrIndex is matched by an [IndexError].
	ErrIndex = errors.New("seq: index out of range")
)

// An IndexError is an index that the list does not have. It matches
// [ErrIndex].
type IndexError struct {
	Index int // that was asked for
	Len   int // of the list at that moment
}

// Error names the index and the length.
func (e *IndexError) Error() string {
	return fmt.Sprintf("seq: index %d is out of range in a list of %d", e.Index, e.Len)
}

// Is reports whether target is ErrIndex.
func (e *IndexError) Is(target error) bool { return target == ErrIndex }

// JSON is the type of lists whose values are JSON. It belongs into
// replicate.Config.Types.
var JSON = replicate.Type{
	Tag: "seq/json", New: newState, Check: checkJSON, Tombstone: forgettable,
}

// TypeOf returns the type of lists whose values are opaque bytes under a tag
// of your own, such as "seq/cbor".
func TypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newState, Check: checkAny, Tombstone: forgettable}
}

// A List is a replicated list of values of type V. Several lists of one name
// share one state. It may be used by several goroutines at once.
//
// Where a method takes an ID as a neighbour, the zero ID stands for the end
// of the list: what follows it is the first element, what precedes it is the
// last.
type List[V any] struct {
	h     *replicate.Handle
	codec replicate.Codec[V]
}

// An Element is a value in a list, with its name.
type Element[V any] struct {
	ID    ID // the same wherever the element moves
	Value V  // decoded by the list's codec
}

// Open opens the replica's list of that name, with values as JSON. It returns
// replicate.ErrUnknownType unless [JSON] is one of the replica's types.
func Open[V any](r *replicate.Replica, name string) (*List[V], error) {
	return OpenWith(r, name, replicate.JSON[V](JSON))
}

// OpenWith is Open with a codec of your own.
func OpenWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*List[V], error) {
	h, err := typed.Open[*state](r, codec.Type.Tag, name)
	if err != nil {
		return nil, err
	}
	return &List[V]{h, codec}, nil
}

func (l *List[V]) view(f func(*state)) {
	typed.View(l.h, f)
}

// Len returns how many elements there are.
func (l *List[V]) Len() (n int) {
	l.view(func(s *state) { n = s.order.len() })
	return n
}

// At returns the element at index i, from 0. It returns an IndexError if there
// is none, and the codec's error if its value does not fit V.
func (l *List[V]) At(i int) (Element[V], error) {
	return l.read(func(s *state) (*node, error) { return s.at(i) })
}

// Get returns an element's value. It returns ErrNotFound if the element is not
// in the list, and the codec's error if the value does not fit V.
func (l *List[V]) Get(id ID) (V, error) {
	e, err := l.read(func(s *state) (*node, error) { return s.shown(id) })
	return e.Value, err
}

// Index returns where an element is, from 0. It returns ErrNotFound if it is
// not in the list.
func (l *List[V]) Index(id ID) (i int, err error) {
	l.view(func(s *state) {
		var n *node
		if n, err = s.shown(id); err == nil {
			i = s.order.rank(n)
		}
	})
	return i, err
}

// Next returns the element behind the one of that ID; behind the zero ID, the
// first. It returns ErrNotFound if either is not there, and the codec's error
// if the value does not fit V.
func (l *List[V]) Next(id ID) (Element[V], error) { return l.neighbour(id, forward) }

// Prev returns the element before the one of that ID; before the zero ID, the
// last. Errors are those of Next.
func (l *List[V]) Prev(id ID) (Element[V], error) { return l.neighbour(id, backward) }

func (l *List[V]) neighbour(id ID, dir int) (Element[V], error) {
	return l.read(func(s *state) (*node, error) {
		i := edge(-dir, s.order.len()) - dir
		if id != (ID{}) {
			n, err := s.shown(id)
			if err != nil {
				return nil, err
			}
			i = s.order.rank(n)
		}
		if i += dir; i < 0 || i >= s.order.len() {
			return nil, ErrNotFound
		}
		return s.order.at(i), nil
	})
}

// read returns the element at the node that find returns.
func (l *List[V]) read(find func(*state) (*node, error)) (e Element[V], err error) {
	var id ID
	var u *replicate.Update
	l.view(func(s *state) {
		var n *node
		if n, err = find(s); err == nil {
			id, u = n.element().id(), n.element().update
		}
	})
	if err != nil {
		return e, err
	}
	return l.decode(id, u)
}

// decode returns an element by the update that stands for it.
func (l *List[V]) decode(id ID, u *replicate.Update) (e Element[V], err error) {
	e.ID = id
	o, err := parseOp(u.Op())
	if err == nil {
		e.Value, err = l.codec.Decode([]byte(o.value))
	}
	if err != nil {
		return e, fmt.Errorf("seq: decoding element %v: %w", id, err)
	}
	return e, nil
}

// All returns the elements in order, each with the codec's error if its value
// does not fit V. It goes over the list of the moment it is called; writers go
// on meanwhile.
func (l *List[V]) All() iter.Seq2[Element[V], error] {
	var updates []*replicate.Update
	l.view(func(s *state) {
		updates = make([]*replicate.Update, 0, s.order.len())
		s.order.each(func(n *node) { updates = append(updates, n.element().update) })
	})
	return func(yield func(Element[V], error) bool) {
		for _, u := range updates {
			if !yield(l.decode(elementOf(u), u)) {
				return
			}
		}
	}
}

// elementOf returns the element that an update is of.
func elementOf(u *replicate.Update) ID {
	o, _ := parseOp(u.Op())
	c, _ := resolve(o, ID(u.Stamp()))
	return c.element
}

// at returns the shown node at an index.
func (s *state) at(i int) (*node, error) {
	if n := s.order.len(); i < 0 || i >= n {
		return nil, &IndexError{Index: i, Len: n}
	}
	return s.order.at(i), nil
}

// shown returns the node that an element is shown at.
func (s *state) shown(id ID) (*node, error) {
	if e := s.find(id, false); e != nil {
		if n := e.position(); n != nil {
			return n, nil
		}
	}
	return nil, ErrNotFound
}
