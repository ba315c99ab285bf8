package npm

import (
	"fmt"
	"math/rand/v2"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/compact"
)

// A Seq is crdt's Seq: a [Set] in an order in which rows can be moved. The place of
// a row is its field "_sort", whatever the sequence. Rows of one place, which the
// original moves apart wherever it sees them, are in the order of their ids. It may
// be used by several goroutines at once.
type Seq struct{ Set }

// Ordered returns the sequence of the rows in which a field has the value v. It
// returns encoding/json's error.
func (d *Doc) Ordered(field string, v any) (*Seq, error) {
	q, err := d.where(field, v, true)
	if err != nil {
		return nil, err
	}
	return &Seq{*q}, nil
}

// Push writes a row with these fields, or nil for none, at the end. Errors are those of
// [Seq.Insert].
func (q *Seq) Push(id string, fields any) error {
	return q.insert(id, fields, func(_ *docState, x *index) (int, error) { return len(x.entries), nil })
}

// Unshift writes a row at the beginning. Errors are those of [Seq.Insert].
func (q *Seq) Unshift(id string, fields any) error {
	return q.insert(id, fields, func(*docState, *index) (int, error) { return 0, nil })
}

// Insert writes a row before the one at an index, or at the end if that is Len: a new
// row, or one that is moved, which counts too while it is where it was. What is put
// into another sequence of the field leaves this one. It returns an error for an
// index that is out of range, ErrNoRoom where a program has left no place between two
// rows, and what [Doc.Set] returns.
func (q *Seq) Insert(i int, id string, fields any) error {
	return q.insert(id, fields, func(_ *docState, x *index) (int, error) {
		if i < 0 || i > len(x.entries) {
			return 0, fmt.Errorf("npm: index %d of %d rows", i, len(x.entries))
		}
		return i, nil
	})
}

// Before writes a row before another, wherever that is by now. It returns ErrNotFound
// if the other is not in the sequence; other errors are those of [Seq.Insert].
func (q *Seq) Before(id, other string, fields any) error { return q.beside(id, other, 0, fields) }

// After writes a row behind another, wherever that is by now. Errors are those of
// [Seq.Before].
func (q *Seq) After(id, other string, fields any) error { return q.beside(id, other, 1, fields) }

func (q *Seq) beside(id, other string, off int, fields any) error {
	return q.insert(id, fields, func(s *docState, x *index) (int, error) {
		i := x.at(s.rows[string(appendJSString(nil, other))])
		if i < 0 {
			return 0, fmt.Errorf("%w: row %.100q in the sequence", ErrNotFound, other)
		}
		return i + off, nil
	})
}

func (q *Seq) insert(id string, fields any, where func(*docState, *index) (int, error)) error {
	_, err := q.d.s.write(func(o object, _ replicate.Time) ([]byte, error) {
		s := o.(*docState)
		x := s.index(q.name)
		i, err := where(s, x)
		if err != nil {
			return nil, err
		}
		r := s.rows[string(appendJSString(nil, id))]
		place, err := x.free(i, r)
		if err != nil {
			return nil, err
		}
		text, err := q.placed(r, fields, place)
		if err != nil {
			return nil, err
		}
		if id == proto {
			return nil, fmt.Errorf("npm: row %w", errProto)
		}
		return rowChange(id, text), nil
	})
	return err
}

// free returns a place before the row at an index, as if r were not there.
func (x *index) free(i int, r *row) (place string, err error) {
	self := x.at(r)
	low, high := "", ""
	for k := i - 1; k >= 0 && low == ""; k-- {
		if k != self {
			low = x.entries[k].place
		}
	}
	for k := i; k < len(x.entries) && (high == "" || high == low); k++ {
		if k != self {
			high = x.entries[k].place
		}
	}
	if high == low {
		high = "" // all that is behind has that place
	}
	return between(low, high, rand.IntN)
}

// placed returns the fields of a row that is put at a place.
func (q *Seq) placed(r *row, fields any, place string) ([]byte, error) {
	text := []byte("{}")
	if fields != nil {
		var err error
		if text, err = encodeFields("", fields); err != nil {
			return nil, err
		}
	}
	out := []byte{'{'}
	compact.Object(string(text), func(key, value string) {
		if key != sortField && key != q.name.field {
			out = append(append(append(append(out, key...), ':'), value...), ',')
		}
	})
	out = append(append(append(append(out, sortField...), `:"`...), place...), '"')
	if !(&index{indexName: q.name}).has(r) {
		out = append(append(append(append(out, ','), q.name.field...), ':'), q.name.value...)
	}
	return canonical(append(out, '}'))
}

// Index returns where a row is, or -1.
func (q *Seq) Index(id string) (i int) {
	q.view(func(s *docState, x *index) { i = x.at(s.rows[string(appendJSString(nil, id))]) })
	return i
}

// IDs returns the ids of the rows, in order.
func (q *Seq) IDs() []string {
	var rows []*row
	q.view(func(_ *docState, x *index) {
		for _, e := range x.entries {
			rows = append(rows, e.row)
		}
	})
	ids := make([]string, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, decodeText(r.id))
	}
	return ids
}
