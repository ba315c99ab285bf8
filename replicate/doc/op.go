package doc

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// MaxName bounds a row's id and a field's name, in bytes each.
const MaxName = 4 << 10

// kind is what an op does.
type kind byte

const (
	opRemove kind = iota // the row
	opSet                // a field
	opUnset              // a field; with an empty name, says that the row is there
	opPlace              // the row's place in the sequence of a field and value
)

var (
	errOp   = errors.New("doc: malformed op")
	errJSON = errors.New("doc: value is not JSON")
)

// An op is one change of one row.
type op struct {
	kind  kind
	row   string
	age   uint64 // how much older the row's life is than the op; 0 in a removal
	cell  string // what it writes: see cellOf
	value string // of opSet
	place string // of opPlace
}

// cellOf names the place of a row in a sequence as an op does; a field is named
// by its name.
func cellOf(field, value string) string {
	return string(varint.AppendText(varint.AppendText(nil, field), value))
}

func (o op) encode() string {
	dst := make([]byte, 0, 16+len(o.row)+len(o.cell)+len(o.value)+len(o.place))
	dst = varint.AppendText(append(dst, byte(o.kind)), o.row)
	if o.kind == opRemove {
		return string(dst)
	}
	dst = binary.AppendUvarint(dst, o.age)
	if o.kind == opPlace {
		return string(append(append(dst, o.cell...), o.place...))
	}
	return string(append(varint.AppendText(dst, o.cell), o.value...))
}

// parseOp splits an op. All shares its memory.
func parseOp(s string) (o op, err error) {
	if s == "" || kind(s[0]) > opPlace {
		return op{}, errOp
	}
	o.kind = kind(s[0])
	row, rest, err := cutName(s[1:])
	switch {
	case err != nil:
		return op{}, err
	case row == "" || o.kind == opRemove && rest != "":
		return op{}, errOp
	}
	if o.row = row; o.kind == opRemove {
		return o, nil
	}
	var ok bool
	if o.age, rest, ok = varint.Uint(rest); !ok {
		return op{}, errOp
	}
	field, tail, err := cutName(rest)
	switch {
	case err != nil:
		return op{}, err
	case field == "" && o.kind != opUnset || o.kind == opUnset && tail != "":
		return op{}, errOp
	case o.kind != opPlace:
		o.cell, o.value = field, tail
		return o, nil
	}
	if _, tail, ok = varint.Text(tail); !ok {
		return op{}, errOp
	}
	o.cell, o.place = rest[:len(rest)-len(tail)], tail
	return o, checkPlace(tail)
}

func cutName(s string) (name, rest string, err error) {
	name, rest, ok := varint.Text(s)
	switch {
	case !ok:
		return "", "", errOp
	case len(name) > MaxName:
		return "", "", replicate.NewSizeError("name", name, MaxName)
	}
	return name, rest, nil
}

// field returns the field of an op that was checked, and the value of a place.
func (o op) field() (field, value string) {
	if o.kind != opPlace {
		return o.cell, o.value
	}
	field, rest, _ := cutName(o.cell)
	value, _, _ = varint.Text(rest)
	return field, value
}

// checkJSON refuses ops that this package cannot read, and values that are not
// JSON, so that one careless peer cannot break every reader.
func checkJSON(s string) error {
	o, err := parseOp(s)
	if err != nil || o.kind == opRemove || o.kind == opUnset {
		return err
	}
	if _, value := o.field(); !json.Valid([]byte(value)) {
		return errJSON
	}
	return nil
}

func checkAny(s string) error {
	_, err := parseOp(s)
	return err
}
