package doc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// ErrIndex is returned for an index that the sequence does not have.
var ErrIndex = errors.New("doc: index out of range")

// A Sequence is a [Set] in an order that all replicas share, and in which rows
// can be put where one likes. Where a method takes the id of another row as a
// neighbour, "" stands for the end of the sequence: what is behind it is the
// first row, what is before it is the last.
//
// A row that enters by a plain write of the field comes last, or where it was
// when it was in this sequence before.
type Sequence[V any] struct {
	Set[V]
}

// Sequence returns the rows in which field has the value v, in their order.
// Errors are those of Where.
func (d *Doc[V]) Sequence(field string, v V) (*Sequence[V], error) {
	q, err := d.where(indexName{field, true}, v)
	if err != nil {
		return nil, err
	}
	return &Sequence[V]{*q}, nil
}

// Sequences returns those of which a row has a place that was chosen: by field,
// then by value as it is encoded. It takes time linear in the rows.
func (d *Doc[V]) Sequences() (all []*Sequence[V]) {
	type name struct{ field, value string }
	names := make(map[name]bool)
	d.view(func(s *state) {
		for _, r := range s.rows {
			for field, value := range r.placed {
				names[name{field, value}] = true
			}
		}
	})
	for n := range names {
		all = append(all, &Sequence[V]{Set[V]{d, indexName{n.field, true}, n.value}})
	}
	slices.SortFunc(all, func(a, b *Sequence[V]) int {
		return cmp.Or(cmp.Compare(a.name.field, b.name.field), cmp.Compare(a.value, b.value))
	})
	return all
}

// In returns the sequence with its writes in a transaction; see [Doc.In].
func (q *Sequence[V]) In(tx *replicate.Tx) *Sequence[V] { return &Sequence[V]{*q.Set.In(tx)} }

// At returns the row at index i, from 0. It returns an error that matches
// ErrIndex if there is none, and the codec's error if a value does not fit V.
func (q *Sequence[V]) At(i int) (Row[V], error) {
	return q.read(func(_ *state, _ *index, rows *node) (int, error) { return i, nil })
}

// Index returns where a row is, from 0. It returns ErrNotFound if it is not in
// the sequence.
func (q *Sequence[V]) Index(id string) (i int, err error) {
	q.view(func(s *state, x *index, rows *node) { i, err = q.index(s, x, rows, id) })
	return i, err
}

func (q *Sequence[V]) index(s *state, x *index, rows *node, id string) (int, error) {
	place, ok := x.has(s.rows[id], q.value)
	if !ok {
		return 0, fmt.Errorf("%w in the sequence: %.100q", ErrNotFound, id)
	}
	return rows.index(place, id), nil
}

// Next returns the row behind another; behind "", the first. It returns
// ErrNotFound if either is not in the sequence, and the codec's error if a value
// does not fit V.
func (q *Sequence[V]) Next(id string) (Row[V], error) { return q.neighbour(id, 1) }

// Prev returns the row before another; before "", the last. Errors are those of
// Next.
func (q *Sequence[V]) Prev(id string) (Row[V], error) { return q.neighbour(id, -1) }

func (q *Sequence[V]) neighbour(id string, dir int) (Row[V], error) {
	row, err := q.read(func(s *state, x *index, rows *node) (i int, err error) {
		switch {
		case id != "":
			i, err = q.index(s, x, rows, id)
		case dir > 0:
			i = -1
		default:
			i = rows.len()
		}
		return i + dir, err
	})
	if errors.Is(err, ErrIndex) {
		err = fmt.Errorf("%w: the sequence ends at %.100q", ErrNotFound, id)
	}
	return row, err
}

// read returns the row at the index that find returns.
func (q *Sequence[V]) read(find func(*state, *index, *node) (int, error)) (Row[V], error) {
	var c rowCopy
	var err error
	q.view(func(s *state, x *index, rows *node) {
		i := 0
		if i, err = find(s, x, rows); err != nil {
			return
		}
		if i < 0 || i >= rows.len() {
			err = fmt.Errorf("%w: %d of %d", ErrIndex, i, rows.len())
			return
		}
		c = rows.at(i).row.copy()
	})
	if err != nil {
		return Row[V]{}, err
	}
	return q.d.decode(c)
}

// Push makes a row with these fields and that of the sequence, at its end, and
// returns the new id. Errors are those of [Doc.Add].
func (q *Sequence[V]) Push(fields map[string]V) (id string, err error) {
	return q.InsertBefore("", fields)
}

// Unshift makes a row at the beginning. See [Sequence.Push].
func (q *Sequence[V]) Unshift(fields map[string]V) (id string, err error) {
	return q.InsertAfter("", fields)
}

// InsertBefore makes a row before another; before "", at the end. It returns
// ErrNotFound if the other is not in the sequence, and ErrCrowded if nothing
// goes between; see [Sequence.Push] for the rest.
func (q *Sequence[V]) InsertBefore(other string, fields map[string]V) (id string, err error) {
	return q.insert(fields, spot{other, false})
}

// InsertAfter makes a row behind another; behind "", at the beginning. Errors
// are those of InsertBefore.
func (q *Sequence[V]) InsertAfter(other string, fields map[string]V) (id string, err error) {
	return q.insert(fields, spot{other, true})
}

// PushRow puts a row that is there at the end, be it in this sequence, in
// another of its field or in none: it leaves the one and enters the other in one
// transaction. It returns ErrNotFound if there is no such row, ErrCrowded, or
// the failure of the replica's journal.
func (q *Sequence[V]) PushRow(id string) error { return q.MoveBefore(id, "") }

// UnshiftRow puts a row that is there at the beginning. See [Sequence.PushRow].
func (q *Sequence[V]) UnshiftRow(id string) error { return q.MoveAfter(id, "") }

// MoveBefore puts a row before another, which is in the sequence; before "", at
// the end. See [Sequence.PushRow]. One that is there already costs nothing.
func (q *Sequence[V]) MoveBefore(id, other string) error { return q.move(id, spot{other, false}) }

// MoveAfter puts a row behind another, which is in the sequence; behind "", at
// the beginning. See [Sequence.MoveBefore].
func (q *Sequence[V]) MoveAfter(id, other string) error { return q.move(id, spot{other, true}) }

// Pop takes the last row out of the sequence, by unsetting the field, and returns
// what it was; it stays in the doc. It returns ErrNotFound if there is none, the
// codec's error if a value does not fit V, or the failure of the replica's
// journal. In a transaction the row is the one that is last now.
func (q *Sequence[V]) Pop() (Row[V], error) { return q.take(-1) }

// Shift takes the first row out of the sequence. See [Sequence.Pop].
func (q *Sequence[V]) Shift() (Row[V], error) { return q.take(1) }

func (q *Sequence[V]) take(dir int) (Row[V], error) {
	for {
		row, err := q.neighbour("", dir)
		if err != nil {
			return row, err
		}
		// Another may have taken it meanwhile.
		if ok, err := q.Remove(row.ID); ok || err != nil || q.d.tx != nil {
			return row, err
		}
	}
}

// A spot is where a row is to go: beside another.
type spot struct {
	other string // "" for the end
	after bool
}

func (q *Sequence[V]) insert(fields map[string]V, to spot) (string, error) {
	if err := q.check(to, ""); err != nil {
		return "", err
	}
	return q.d.add(fields, func(h *replicate.Handle, id *string) error { return q.put(h, id, to) })
}

func (q *Sequence[V]) move(id string, to spot) error {
	if err := q.check(to, id); err != nil || id == to.other {
		return err
	}
	return q.d.atomically(func(h *replicate.Handle) error { return q.put(h, &id, to) })
}

// check looks for the rows beforehand: a transaction that fails costs more. In
// one they may be there only when it is committed.
func (q *Sequence[V]) check(to spot, id string) (err error) {
	if q.d.tx != nil {
		return nil
	}
	q.view(func(s *state, x *index, rows *node) {
		if to.other != "" {
			_, err = q.index(s, x, rows, to.other)
		}
		if id != "" && !s.rows[id].exists() {
			err = fmt.Errorf("%w: %.100q", ErrNotFound, id)
		}
	})
	return err
}

// put writes that a row is in the sequence, and where.
func (q *Sequence[V]) put(h *replicate.Handle, id *string, to spot) error {
	entered := false
	err := compose(h, func(_ replicate.Draft, s *state) (op, error) {
		o, err := q.entering(s, *id)
		entered = o.row != ""
		return o, err
	})
	if err != nil {
		return err
	}
	return compose(h, func(d replicate.Draft, s *state) (op, error) {
		x := s.index(q.name)
		g, there, err := q.gap(s, x, *id, to)
		if err != nil || there && !entered {
			return op{}, err
		}
		place, err := g.choose(d.Stamp)
		if err != nil {
			return op{}, err
		}
		return op{kind: opPlace, row: *id, cell: cellOf(q.name.field, q.value), place: place}, nil
	})
}

// gap returns between which places a row is to go, and whether it is there.
// Between rows that share a place, which only an accident of one in 65,000 or
// another program makes, nothing goes: it goes behind them.
func (q *Sequence[V]) gap(s *state, x *index, id string, to spot) (g gap, there bool, err error) {
	rows := x.tree(q.value)
	self, n := rows.index(x.entries[s.rows[id]].place, id), rows.len()
	i := n // what goes here is before the row at i
	switch {
	case to.other != "":
		if i, err = q.index(s, x, rows, to.other); err != nil {
			return g, false, err
		}
		if to.after {
			i++
		}
	case to.after:
		i = 0
	}
	low, high := i-1, i
	if low == self {
		low--
	}
	if high == self {
		high++
	}
	var lowStamp, highStamp replicate.Stamp
	if low >= 0 {
		g.low, lowStamp = q.placeOf(rows.at(low).row)
	}
	for ; high < n; high++ {
		if high == self {
			continue
		}
		if g.high, highStamp = q.placeOf(rows.at(high).row); g.high != g.low {
			break
		}
	}
	if high >= n {
		g.high = ""
	}
	g.highNewer = highStamp.Compare(lowStamp) > 0
	return g, i == self || i == self+1, nil
}

func (q *Sequence[V]) placeOf(r *row) (string, replicate.Stamp) {
	_, u, _ := r.get(q.name.field)
	return r.placeIn(q.name.field, q.value, u)
}

// A Batch is what became of a sequence since the batch before. It is no history:
// a row is in it once, as it is now.
type Batch[V any] []Placed[V]

// A Placed is a row that entered a sequence, changed or was moved in it, or left
// it.
type Placed[V any] struct {
	Row   Row[V] // as it is now
	Index int    // where it is once the batch is applied; 0 if Left
	Left  bool   // it is no longer in the sequence; these come first
}

// Apply returns the rows with the batch applied, in time linear in both, and
// leaves nothing of use in rows: first what the batch names is taken out, and
// then what has not left is put at its Index, in order.
func (b Batch[V]) Apply(rows []Row[V]) []Row[V] {
	named := make(map[string]bool, len(b))
	for _, p := range b {
		named[p.Row.ID] = true
	}
	kept := slices.DeleteFunc(rows, func(r Row[V]) bool { return named[r.ID] })
	all := make([]Row[V], 0, len(kept)+len(b))
	for _, p := range b {
		if p.Left {
			continue
		}
		n := min(p.Index-len(all), len(kept))
		all = append(append(all, kept[:n]...), p.Row)
		kept = kept[n:]
	}
	return append(all, kept...)
}

// Changes tells the whole sequence, and then what enters it, changes and moves
// in it and leaves it; [Batch.Apply] keeps a copy. It never ends by itself. What
// changes again before it is read is told once, as it is then. A value that does
// not fit V ends the source with the codec's error.
func (q *Sequence[V]) Changes() pull.Source[Batch[V]] {
	told := make(map[string]bool)
	src := replicate.Follow(q.d.h, 0, func(o replicate.Object, updates []*replicate.Update) ([]news, bool) {
		s := o.(*state)
		x := s.index(q.name)
		all := s.news(updates)
		for i := range all {
			n := &all[i]
			if place, ok := x.has(n.row, q.value); ok {
				n.member, n.index = true, x.tree(q.value).index(place, n.row.id)
			}
		}
		return all, true
	})
	return pull.From(func(ctx context.Context) (b Batch[V], err error) {
		for len(b) == 0 && err == nil {
			var all []news
			if all, err = src(ctx); err == nil {
				b, err = q.batch(all, told)
			}
		}
		return b, err
	}, func(cause error) error { return pull.Abort(src, cause) })
}

// batch makes a batch of news, of which told are the rows that are known.
func (q *Sequence[V]) batch(all []news, told map[string]bool) (b Batch[V], err error) {
	for _, n := range all {
		id := n.row.id
		if !n.member && !told[id] {
			continue
		}
		p := Placed[V]{Index: n.index, Left: !n.member}
		if p.Row, err = q.d.decode(n.rowCopy); err != nil && n.member {
			return nil, err
		}
		p.Row.ID = id
		if told[id] = true; p.Left {
			delete(told, id)
		}
		b = append(b, p)
	}
	slices.SortFunc(b, func(p, q Placed[V]) int {
		if p.Left != q.Left {
			if p.Left {
				return -1
			}
			return 1
		}
		return cmp.Compare(p.Index, q.Index)
	})
	return b, nil
}
