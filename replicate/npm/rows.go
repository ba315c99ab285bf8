package npm

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A Doc is crdt's Doc: rows with fields. Each field of a row is a register, of
// which the newest write stays; a removal takes away all that was written before
// it, whoever wrote it. It may be used by several goroutines at once.
type Doc struct{ s *Scuttlebutt }

// NewDoc returns the doc that a scuttlebutt of the [DocType] is.
func NewDoc(s *Scuttlebutt) (*Doc, error) {
	if err := s.is(DocType); err != nil {
		return nil, err
	}
	return &Doc{s}, nil
}

// A Row is what a row's fields are, as JSON. The original gives each the field id.
type Row struct {
	ID     string                     // of the row
	Fields map[string]json.RawMessage // by name
}

// Set writes fields of a row, in one update, and makes the row if it is not there.
// fields is what encoding/json makes an object of. It returns an error for
// something else, a row or a field "__proto__", and no fields; other errors are
// those of [Model.Set].
func (d *Doc) Set(id string, fields any) error {
	text, err := encodeFields(id, fields)
	if err != nil {
		return err
	}
	_, err = d.s.write(func(object, replicate.Time) ([]byte, error) { return rowChange(id, text), nil })
	return err
}

// encodeFields returns the fields that a row is written with.
func encodeFields(id string, fields any) ([]byte, error) {
	text, err := encode(fields)
	switch {
	case err != nil:
		return nil, err
	case text[0] != '{' || len(text) == 2:
		return nil, fmt.Errorf("npm: row %.40q is written without fields", id)
	case id == proto || hasProto(string(text)):
		return nil, fmt.Errorf("npm: row or field %w", errProto)
	}
	return text, nil
}

func rowChange(id string, fields []byte) []byte {
	change := appendJSString([]byte{'['}, id)
	return append(append(append(change, ','), fields...), ']')
}

// Remove removes a row, and reports whether it was there. Errors are those of
// [Model.Set].
func (d *Doc) Remove(id string) (bool, error) {
	stamp, err := d.s.write(func(o object, _ replicate.Time) ([]byte, error) {
		change := rowChange(id, []byte("null"))
		key, _, _ := pair(string(change))
		if !o.(*docState).rows[key].exists() {
			return nil, nil
		}
		return change, nil
	})
	return stamp != replicate.Stamp{}, err
}

// Get returns a row. It returns ErrNotFound if it is not there.
func (d *Doc) Get(id string) (Row, error) {
	var fields map[string]string
	viewOf(d.s, func(s *docState) {
		if r := s.rows[string(appendJSString(nil, id))]; r.exists() {
			fields = r.copyOf()
		}
	})
	if fields == nil {
		return Row{}, fmt.Errorf("%w: row %.100q", ErrNotFound, id)
	}
	return rowOf(id, fields), nil
}

func rowOf(id string, fields map[string]string) Row {
	r := Row{ID: id, Fields: make(map[string]json.RawMessage, len(fields))}
	for key, value := range fields {
		r.Fields[decodeText(key)] = json.RawMessage(value)
	}
	return r
}

// Len returns how many rows there are.
func (d *Doc) Len() (n int) {
	viewOf(d.s, func(s *docState) {
		for _, r := range s.rows {
			if r.exists() {
				n++
			}
		}
	})
	return n
}

// All returns the rows by id, those of the moment that it is called.
func (d *Doc) All() iter.Seq[Row] {
	var rows []Row
	viewOf(d.s, func(s *docState) {
		for _, r := range s.rows {
			if r.exists() {
				rows = append(rows, rowOf(decodeText(r.id), r.copyOf()))
			}
		}
	})
	slices.SortFunc(rows, func(a, b Row) int { return compareTexts(a.ID, b.ID) })
	return slices.Values(rows)
}

// A RowChange is a row that was written or removed.
type RowChange struct {
	Row     Row             // as it is now, without fields if Removed
	Removed bool            // it is not there
	Stamp   replicate.Stamp // of the newest write: who, and when
}

// Changes returns rows as they are written or removed, by whomever, from behind a
// place of the replica's log: see replicate.Replica.Changes. A row that is written
// again before it is read is told once, as it is then.
func (d *Doc) Changes(after uint64) pull.Source[[]RowChange] {
	return replicate.Follow(d.s.handle, after, func(o replicate.Object, news []*replicate.Update) ([]RowChange, bool) {
		s := o.(*base).object.(*docState)
		at := make(map[string]int)
		var changes []RowChange
		for _, u := range news {
			id, _, _ := pair(changeOf(u.Op()))
			i, ok := at[id]
			if !ok {
				i = len(changes)
				at[id] = i
				r := s.rows[id]
				changes = append(changes, RowChange{Row: rowOf(decodeText(id), r.copyOf()), Removed: !r.exists()})
			}
			if c := &changes[i]; u.Stamp().Compare(c.Stamp) > 0 {
				c.Stamp = u.Stamp()
			}
		}
		return changes, true
	})
}

// A Set is crdt's Set: the rows in which a field has a value. It may be used by
// several goroutines at once.
type Set struct {
	d    *Doc
	name indexName
}

// Where returns the set of the rows in which a field has the value v. It returns
// encoding/json's error.
func (d *Doc) Where(field string, v any) (*Set, error) { return d.where(field, v, false) }

func (d *Doc) where(field string, v any, ordered bool) (*Set, error) {
	value, err := encode(v)
	if err != nil {
		return nil, err
	}
	return &Set{d, indexName{string(appendJSString(nil, field)), string(value), ordered}}, nil
}

func (q *Set) view(f func(s *docState, x *index)) {
	viewOf(q.d.s, func(s *docState) { f(s, s.index(q.name)) })
}

// Has reports whether a row is in the set.
func (q *Set) Has(id string) (ok bool) {
	q.view(func(s *docState, x *index) { _, ok = x.places[s.rows[string(appendJSString(nil, id))]] })
	return ok
}

// Len returns how many rows are in the set.
func (q *Set) Len() (n int) {
	q.view(func(_ *docState, x *index) { n = len(x.entries) })
	return n
}

// All returns the rows of the set by id, those of a sequence in its order, as of
// the moment that it is called.
func (q *Set) All() iter.Seq[Row] {
	var rows []Row
	q.view(func(_ *docState, x *index) {
		for _, e := range x.entries {
			rows = append(rows, rowOf(decodeText(e.row.id), e.row.copyOf()))
		}
	})
	return slices.Values(rows)
}

// Remove takes a row out of the set, by writing null to the field, and reports
// whether it was in it. The row stays in the doc. Errors are those of [Model.Set].
func (q *Set) Remove(id string) (bool, error) {
	stamp, err := q.d.s.write(func(o object, _ replicate.Time) ([]byte, error) {
		s := o.(*docState)
		if _, ok := s.index(q.name).places[s.rows[string(appendJSString(nil, id))]]; !ok {
			return nil, nil
		}
		return rowChange(id, []byte("{"+q.name.field+":null}")), nil
	})
	return stamp != replicate.Stamp{}, err
}
