package doc

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// ErrNotFound is returned for a row that is not there, or not where it was
// expected.
var ErrNotFound = errors.New("doc: no such row")

// JSON is the type of docs whose values are JSON. It belongs into
// replicate.Config.Types.
var JSON = replicate.Type{Tag: "doc/json", New: newState, Check: checkJSON, Tombstone: takesAway}

// TypeOf returns the type of docs whose values are opaque bytes under a tag of
// your own, such as "doc/cbor".
func TypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newState, Check: checkAny, Tombstone: takesAway}
}

// A Doc is a replicated table of rows with fields, whose values are of type V:
// any, or json.RawMessage, where they differ. Several docs of one name share
// one state. It may be used by several goroutines at once.
type Doc[V any] struct {
	h     *replicate.Handle
	tx    *replicate.Tx // nil to write at once
	codec replicate.Codec[V]
}

// Open opens the replica's doc of that name, with values as JSON. It returns
// replicate.ErrUnknownType unless [JSON] is one of the replica's types.
func Open[V any](r *replicate.Replica, name string) (*Doc[V], error) {
	return OpenWith(r, name, replicate.JSON[V](JSON))
}

// OpenWith is Open with a codec of your own.
func OpenWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*Doc[V], error) {
	h, err := typed.Open[*state](r, codec.Type.Tag, name)
	if err != nil {
		return nil, err
	}
	return &Doc[V]{h: h, codec: codec}, nil
}

// In returns the doc with its writes in a transaction: they are made when that
// is committed, a row that is not there then fails it, and what a method says
// of what it wrote is zero. What is opened from it writes there too.
func (d *Doc[V]) In(tx *replicate.Tx) *Doc[V] { return &Doc[V]{d.h.In(tx), tx, d.codec} }

func (d *Doc[V]) view(f func(*state)) {
	typed.View(d.h, f)
}

// atomically makes all that f writes one transaction.
func (d *Doc[V]) atomically(f func(*replicate.Handle) error) error {
	if d.tx != nil {
		return f(d.h)
	}
	tx := d.h.Replica().Begin()
	if err := f(d.h.In(tx)); err != nil {
		return err
	}
	_, err := tx.Commit()
	return err
}

// Add makes a row with a new id, which it returns, and these fields, all at
// once. It returns the codec's error, a replicate.SizeError if a field's name is
// over [MaxName] or the whole over replicate.MaxUpdate, or the failure of the
// replica's journal. The write is in memory when Add returns, and durable when
// the replica's Flush does.
func (d *Doc[V]) Add(fields map[string]V) (id string, err error) {
	return d.add(fields, nil)
}

// add makes a row, and what else is to be written of it.
func (d *Doc[V]) add(fields map[string]V, also func(h *replicate.Handle, id *string) error) (string, error) {
	values, err := d.encode(fields)
	if err != nil {
		return "", err
	}
	id := ""
	err = d.atomically(func(h *replicate.Handle) error {
		if err := values.write(h, &id, true); err != nil || also == nil {
			return err
		}
		return also(h, &id)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// newID returns the id of a row that is made in an update: its time, and a
// digest of its author. Ids sort by time.
func newID(s replicate.Stamp) string {
	sum := sha256.Sum256([]byte(s.Author))
	b := append(binary.BigEndian.AppendUint64(nil, uint64(s.Time)), sum[:7]...)
	return base32.HexEncoding.EncodeToString(b)
}

// Set writes fields of a row, all at once, and leaves its others alone. A row
// that is not there is made, also without any fields. Errors are those of Add.
func (d *Doc[V]) Set(id string, fields map[string]V) error {
	if err := checkName(id); err != nil {
		return err
	}
	values, err := d.encode(fields)
	if err != nil {
		return err
	}
	if len(values) == 1 {
		return values.write(d.h, &id, false)
	}
	return d.atomically(func(h *replicate.Handle) error { return values.write(h, &id, false) })
}

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("doc: ids and names of fields are not empty")
	case len(name) > MaxName:
		return replicate.NewSizeError("name", name, MaxName)
	}
	return nil
}

// values are fields to be written, encoded, by name.
type values []value

type value struct{ field, value string }

func (d *Doc[V]) encode(fields map[string]V) (values, error) {
	var all values
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if err := checkName(field); err != nil {
			return nil, err
		}
		v, err := d.encodeValue(field, fields[field])
		if err != nil {
			return nil, err
		}
		all = append(all, value{field, v})
	}
	return all, nil
}

func (d *Doc[V]) encodeValue(field string, v V) (string, error) {
	b, err := d.codec.Encode(v)
	if err != nil {
		return "", fmt.Errorf("doc: encoding field %q: %w", field, err)
	}
	return string(b), nil
}

// write writes the fields of a row, and something even if there are none. The
// first write makes a new row's id.
func (all values) write(h *replicate.Handle, id *string, anew bool) error {
	if len(all) == 0 {
		return compose(h, func(d replicate.Draft, s *state) (op, error) {
			if anew {
				*id = newID(d.Stamp)
			}
			if s.rows[*id].exists() {
				return op{}, nil
			}
			return op{kind: opUnset, row: *id}, nil
		})
	}
	for i, v := range all {
		err := compose(h, func(d replicate.Draft, s *state) (op, error) {
			if anew && i == 0 {
				*id = newID(d.Stamp)
			}
			return op{kind: opSet, row: *id, cell: v.field, value: v.value}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// compose writes the op that f returns, in the life that its row has, or
// nothing if the op is of no row.
func compose(h *replicate.Handle, f func(replicate.Draft, *state) (op, error)) error {
	_, err := composed(h, f)
	return err
}

func composed(h *replicate.Handle, f func(replicate.Draft, *state) (op, error)) (wrote bool, err error) {
	stamp, err := h.Compose(func(d replicate.Draft) (string, error) {
		s := d.State.(*state)
		o, err := f(d, s)
		if err != nil || o.row == "" {
			return "", err
		}
		if r := s.rows[o.row]; r.exists() {
			o.age = uint64(d.Stamp.Time - r.life)
		}
		return o.encode(), nil
	})
	return stamp != replicate.Stamp{}, err
}

// Unset takes fields out of a row, all at once; the row stays, even with none
// left. Fields that it does not have cost nothing. It returns ErrNotFound if the
// row is not there, or the failure of the replica's journal.
func (d *Doc[V]) Unset(id string, fields ...string) error {
	return d.atomically(func(h *replicate.Handle) error {
		for _, field := range fields {
			err := compose(h, func(_ replicate.Draft, s *state) (op, error) {
				r := s.rows[id]
				if !r.exists() {
					return op{}, fmt.Errorf("%w: %.100q", ErrNotFound, id)
				}
				if _, _, ok := r.get(field); !ok {
					return op{}, nil
				}
				return op{kind: opUnset, row: id, cell: field}, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Remove takes a row away, out of all sets and sequences too, and reports
// whether it was there (in a transaction, false). One that is not costs nothing.
// It returns the failure of the replica's journal.
func (d *Doc[V]) Remove(id string) (bool, error) {
	return composed(d.h, func(_ replicate.Draft, s *state) (op, error) {
		if !s.rows[id].exists() {
			return op{}, nil
		}
		return op{kind: opRemove, row: id}, nil
	})
}

// Get returns a row. It returns ErrNotFound if it is not there, and the codec's
// error if a value does not fit V.
func (d *Doc[V]) Get(id string) (Row[V], error) {
	var c rowCopy
	d.view(func(s *state) { c = s.rows[id].copy() })
	if !c.exists {
		return Row[V]{}, fmt.Errorf("%w: %.100q", ErrNotFound, id)
	}
	return d.decode(c)
}

// Has reports whether a row is there.
func (d *Doc[V]) Has(id string) (ok bool) {
	d.view(func(s *state) { ok = s.rows[id].exists() })
	return ok
}

// Len returns how many rows there are.
func (d *Doc[V]) Len() (n int) {
	d.view(func(s *state) { n = s.count })
	return n
}

// All returns the rows by id, each with the codec's error if a value does not
// fit V. It goes over the rows of the moment it is called; writers go on
// meanwhile.
func (d *Doc[V]) All() iter.Seq2[Row[V], error] {
	var rows []rowCopy
	d.view(func(s *state) {
		rows = make([]rowCopy, 0, s.count)
		for _, id := range slices.Sorted(maps.Keys(s.rows)) {
			if c := s.rows[id].copy(); c.exists {
				rows = append(rows, c)
			}
		}
	})
	return d.decodeAll(rows)
}
