package doc

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A Set is the rows in which a field has a value, as they are at each moment. A
// row has one value of a field: the sets of one field exclude each other. It
// may be used by several goroutines at once.
type Set[V any] struct {
	d     *Doc[V]
	name  indexName
	value string
}

// Where returns the set of the rows in which field has the value v: the same
// bytes, encoded. It returns the codec's error, or a replicate.SizeError if the
// field's name is over [MaxName].
func (d *Doc[V]) Where(field string, v V) (*Set[V], error) {
	return d.where(indexName{field: field}, v)
}

func (d *Doc[V]) where(name indexName, v V) (*Set[V], error) {
	if err := checkName(name.field); err != nil {
		return nil, err
	}
	value, err := d.encodeValue(name.field, v)
	if err != nil {
		return nil, err
	}
	return &Set[V]{d, name, value}, nil
}

// Field returns the field by which rows are in the set.
func (q *Set[V]) Field() string { return q.name.field }

// Value returns the value that the field has in all rows of the set. It returns
// the codec's error if that does not fit V.
func (q *Set[V]) Value() (V, error) { return q.d.codec.Decode([]byte(q.value)) }

// In returns the set with its writes in a transaction; see [Doc.In].
func (q *Set[V]) In(tx *replicate.Tx) *Set[V] { return &Set[V]{q.d.In(tx), q.name, q.value} }

// view runs f on the rows, in order.
func (q *Set[V]) view(f func(s *state, x *index, rows *node)) {
	q.d.view(func(s *state) {
		x := s.index(q.name)
		f(s, x, x.tree(q.value))
	})
}

// Has reports whether a row is in the set.
func (q *Set[V]) Has(id string) (ok bool) {
	q.view(func(s *state, x *index, _ *node) { _, ok = x.has(s.rows[id], q.value) })
	return ok
}

// Len returns how many rows are in the set.
func (q *Set[V]) Len() (n int) {
	q.view(func(_ *state, _ *index, rows *node) { n = rows.len() })
	return n
}

// All returns the rows of the set by id, those of a sequence in its order, each
// with the codec's error if a value does not fit V. It goes over the rows of the
// moment it is called; writers go on meanwhile.
func (q *Set[V]) All() iter.Seq2[Row[V], error] {
	var copies []rowCopy
	q.view(func(_ *state, _ *index, rows *node) {
		copies = make([]rowCopy, 0, rows.len())
		rows.each(func(r *row) { copies = append(copies, r.copy()) })
	})
	return q.d.decodeAll(copies)
}

// Add puts a row into the set, and so out of the other sets of the field, by
// writing the field. A row that is in the set costs nothing. It returns
// ErrNotFound if the row is not there, or the failure of the replica's journal.
func (q *Set[V]) Add(id string) error {
	return compose(q.d.h, func(_ replicate.Draft, s *state) (op, error) { return q.entering(s, id) })
}

// entering returns the op by which a row enters, if it is not there.
func (q *Set[V]) entering(s *state, id string) (op, error) {
	r := s.rows[id]
	if !r.exists() {
		return op{}, fmt.Errorf("%w: %.100q", ErrNotFound, id)
	}
	if value, _, ok := r.get(q.name.field); ok && value == q.value {
		return op{}, nil
	}
	return op{kind: opSet, row: id, cell: q.name.field, value: q.value}, nil
}

// Remove takes a row out of the set, by unsetting the field, and reports whether
// it was in it (in a transaction, false). The row stays in the doc. It returns
// the failure of the replica's journal.
func (q *Set[V]) Remove(id string) (bool, error) {
	return composed(q.d.h, func(_ replicate.Draft, s *state) (op, error) {
		if value, _, ok := s.rows[id].get(q.name.field); !ok || value != q.value {
			return op{}, nil
		}
		return op{kind: opUnset, row: id, cell: q.name.field}, nil
	})
}

// Changes tells all rows that are in the set, and then which enter it, change
// in it and leave it. It never ends by itself. What changes again before it is
// read is told once, as it is then. A value that does not fit V ends the source
// with the codec's error.
func (q *Set[V]) Changes() pull.Source[Member[V]] {
	return q.d.members(func(s *state, r *row) bool {
		_, ok := s.index(q.name).has(r, q.value)
		return ok
	}, nil)
}

// A Filtered is the rows that a predicate holds for, as they are at each moment.
// It may be used by several goroutines at once.
type Filtered[V any] struct {
	d    *Doc[V]
	want func(Row[V]) bool

	mu      sync.Mutex
	epoch   *epoch // of the state that was read
	version uint64 // that was read
	in      map[string]bool
}

// Filter returns the set of the rows that want holds for. want goes by the row
// alone; it may be called by several goroutines at once, for each row that was
// changed since the set was last read, and again for each that is told. A row
// whose values do not fit V is in no such set.
func (d *Doc[V]) Filter(want func(Row[V]) bool) *Filtered[V] {
	return &Filtered[V]{d: d, want: want, in: make(map[string]bool)}
}

// read calls f with the ids of the rows in the set.
func (q *Filtered[V]) read(f func(in map[string]bool)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var changed []rowCopy
	q.d.view(func(s *state) {
		if s.epoch != q.epoch {
			q.epoch, q.version = s.epoch, 0
			clear(q.in)
		}
		for r := s.newest; r != nil && r.version > q.version; r = r.older {
			c := r.copy()
			c.id = r.id
			changed = append(changed, c)
		}
		q.version = s.version
	})
	for _, c := range changed {
		row, err := q.d.decode(c)
		if c.exists && err == nil && q.want(row) {
			q.in[c.id] = true
		} else {
			delete(q.in, c.id)
		}
	}
	f(q.in)
}

// Has reports whether a row is in the set.
func (q *Filtered[V]) Has(id string) (ok bool) {
	q.read(func(in map[string]bool) { ok = in[id] })
	return ok
}

// Len returns how many rows are in the set.
func (q *Filtered[V]) Len() (n int) {
	q.read(func(in map[string]bool) { n = len(in) })
	return n
}

// All returns the rows of the set by id. See [Set.All].
func (q *Filtered[V]) All() iter.Seq2[Row[V], error] {
	var ids []string
	q.read(func(in map[string]bool) { ids = slices.Sorted(maps.Keys(in)) })
	var copies []rowCopy
	q.d.view(func(s *state) {
		for _, id := range ids {
			copies = append(copies, s.rows[id].copy())
		}
	})
	return func(yield func(Row[V], error) bool) {
		for _, c := range copies {
			row, err := q.d.decode(c)
			// It may have changed since.
			if c.exists && err == nil && q.want(row) && !yield(row, nil) {
				return
			}
		}
	}
}

// Changes tells all rows that are in the set, and then which enter it, change
// in it and leave it. See [Set.Changes].
func (q *Filtered[V]) Changes() pull.Source[Member[V]] {
	return q.d.members(func(_ *state, r *row) bool { return r.exists() }, q.want)
}
