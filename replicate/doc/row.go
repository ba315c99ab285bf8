package doc

import (
	"encoding/json"
	"fmt"
	"iter"

	"github.com/weir-go/weir/replicate"
)

// A Row is a row as it was read. It is the caller's own.
type Row[V any] struct {
	ID     string       // as it was given, or made by Add
	Fields map[string]V // never nil
}

// Into decodes the row's fields into what v points to, as encoding/json does of
// an object with these fields. It returns that package's errors.
func (r Row[V]) Into(v any) error {
	b, err := json.Marshal(r.Fields)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("doc: row %.100q: %w", r.ID, err)
	}
	return nil
}

// rowCopy is a row at one moment, still encoded.
type rowCopy struct {
	id     string
	exists bool
	fields []*replicate.Update
}

// copy returns what a reader sees of a row.
func (r *row) copy() (c rowCopy) {
	if !r.exists() {
		return c
	}
	c.id, c.exists = r.id, true
	for _, cell := range r.cells {
		if !cell.place && kind(cell.u.Op()[0]) == opSet {
			c.fields = append(c.fields, cell.u)
		}
	}
	return c
}

func (d *Doc[V]) decode(c rowCopy) (Row[V], error) {
	row := Row[V]{c.id, make(map[string]V, len(c.fields))}
	for _, u := range c.fields {
		o, err := parseOp(u.Op())
		if err == nil {
			row.Fields[o.cell], err = d.codec.Decode([]byte(o.value))
		}
		if err != nil {
			return row, fmt.Errorf("doc: decoding field %q of row %.100q: %w", o.cell, c.id, err)
		}
	}
	return row, nil
}

func (d *Doc[V]) decodeAll(rows []rowCopy) iter.Seq2[Row[V], error] {
	return func(yield func(Row[V], error) bool) {
		for _, c := range rows {
			if !yield(d.decode(c)) {
				return
			}
		}
	}
}
