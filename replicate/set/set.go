package set

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// A Set is what can be read of a [Grow], an [AddWins] and a [Difference], and
// only they are one. Its methods may be called by several goroutines at once.
type Set[V any] interface {
	// Has reports whether v is in the set. A value that cannot be encoded is
	// in none.
	Has(v V) bool
	// Len returns how many elements are in the set.
	Len() int
	// All returns the elements in the order of their encoded bytes, each
	// with the codec's error if it does not fit V. It goes over the set of the
	// moment it is called; writers go on meanwhile.
	All() iter.Seq2[V, error]
	// Changes returns news of elements as they arrive, from behind a place
	// of the replica's log: 0 for all that is there and then what comes,
	// Replica.Head for what comes from now on. It never ends by itself. What
	// changes again before it is read is told once, so a slow reader holds up
	// nobody; an element may be told twice as what it is already. An element
	// is in the set if the last that was told of it is not Removed. One that
	// does not fit V ends the source with the codec's error.
	Changes(after uint64) pull.Source[Change[V]]

	elements() reader[V]
}

// A Change is news of one element.
type Change[V any] struct {
	Value   V               // the element
	Removed bool            // it is not in the set, or no more
	Stamp   replicate.Stamp // of the update that brought the news: who, and when
}

// content is a set of encoded elements.
type content interface {
	has(element string) bool
	size() int
	list() []string
	// about returns the element that u is about, if u may change this set.
	about(u *replicate.Update) (element string, ok bool)
}

// reader reads a set's content as values.
type reader[V any] struct {
	content content
	replica *replicate.Replica
	codec   replicate.Codec[V]
}

func (s reader[V]) elements() reader[V] { return s }

// Has implements [Set].
func (s reader[V]) Has(v V) bool {
	b, err := s.codec.Encode(v)
	return err == nil && s.content.has(string(b))
}

// Len implements [Set].
func (s reader[V]) Len() int { return s.content.size() }

// All implements [Set].
func (s reader[V]) All() iter.Seq2[V, error] {
	list := s.content.list()
	slices.Sort(list)
	return func(yield func(V, error) bool) {
		for _, element := range list {
			if !yield(s.decode(element)) {
				return
			}
		}
	}
}

// Changes implements [Set].
func (s reader[V]) Changes(after uint64) pull.Source[Change[V]] {
	src := s.replica.Changes(after)
	var batch []*replicate.Update
	return pull.From(func(ctx context.Context) (c Change[V], err error) {
		for {
			for len(batch) > 0 {
				u := batch[0]
				batch = batch[1:]
				if element, ok := s.content.about(u); ok {
					return s.change(u, element)
				}
			}
			if batch, err = src(ctx); err != nil {
				return c, err
			}
		}
	}, func(cause error) error { return pull.Abort(src, cause) })
}

// change says what u's element is now, which may be newer than u: what made it
// so will be told too.
func (s reader[V]) change(u *replicate.Update, element string) (c Change[V], err error) {
	c.Removed, c.Stamp = !s.content.has(element), u.Stamp()
	c.Value, err = s.decode(element)
	return c, err
}

func (s reader[V]) encode(v V) (string, error) {
	b, err := s.codec.Encode(v)
	if err != nil {
		return "", fmt.Errorf("set: encoding: %w", err)
	}
	return string(b), nil
}

func (s reader[V]) decode(element string) (v V, err error) {
	if v, err = s.codec.Decode([]byte(element)); err != nil {
		err = fmt.Errorf("set: decoding %.32q: %w", element, err)
	}
	return v, err
}

// state is the state of a set that is an object.
type state interface {
	replicate.Object
	has(element string) bool
	size() int
	each(func(element string))
}

// object is the content of a set that is an object.
type object struct {
	h       *replicate.Handle
	element func(op string) string
}

func (o object) in(tx *replicate.Tx) object { return object{o.h.In(tx), o.element} }

func (o object) view(f func(state)) {
	o.h.View(func(s replicate.Object) { f(s.(state)) })
}

func (o object) has(element string) (ok bool) {
	o.view(func(s state) { ok = s.has(element) })
	return ok
}

func (o object) size() (n int) {
	o.view(func(s state) { n = s.size() })
	return n
}

func (o object) list() (list []string) {
	o.view(func(s state) {
		list = make([]string, 0, s.size())
		s.each(func(element string) { list = append(list, element) })
	})
	return list
}

func (o object) about(u *replicate.Update) (element string, ok bool) {
	if u.Object() != o.h.Name() {
		return "", false
	}
	return o.element(u.Op()), true
}

// open opens a set whose state is an S; element finds the element of an op.
func open[S state, V any](r *replicate.Replica, name string, codec replicate.Codec[V],
	element func(op string) string) (object, reader[V], error) {
	h, err := typed.Open[S](r, codec.Type.Tag, name)
	if err != nil {
		return object{}, reader[V]{}, err
	}
	o := object{h, element}
	return o, reader[V]{o, r, codec}, nil
}
