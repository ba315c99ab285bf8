package seq

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// kind is what an op does: the lowest bits of its first byte.
type kind byte

const (
	opInsert kind = iota
	opSet
	opDelete
	opMove
)

// The other bits of an op's first byte.
const (
	kindBits   = 0b11
	bitLeft    = 1 << 2
	bitParent  = 1 << 3 // the parent's author is named
	bitElement = 1 << 4 // the element's author is named
	bitRoot    = 1 << 5
	bitMove    = 1 << 6 // a move made the parent
	bitUnused  = 1 << 7
)

var errOp = errors.New("seq: malformed op")

// A ref names something older than where it is written: so much below that
// time, and by the same author if author is empty.
type ref struct {
	age    uint64
	author replicate.Author
}

// refTo returns how base refers to id.
func refTo(id, base ID) ref {
	r := ref{age: uint64(base.Time - id.Time)}
	if id.Author != base.Author {
		r.author = id.Author
	}
	return r
}

// from returns what a ref that base makes refers to, and whether that is older
// than base.
func (r ref) from(base ID) (ID, bool) {
	if r.age > uint64(base.Time) {
		return ID{}, false
	}
	id := ID{base.Time - replicate.Time(r.age), r.author}
	if id.Author == "" {
		id.Author = base.Author
	}
	return id, id.below(base)
}

// A place says where in the tree a node is: on which side of which parent.
type place struct {
	root   bool // the parent is the list's beginning
	left   bool
	move   bool // a move made the parent
	parent ref  // zero if root
}

// An op is one change of a list.
type op struct {
	kind    kind
	element ref    // zero for an insertion
	place   place  // new for an insertion or a move, else the element's first
	value   string // of an op that was parsed
}

// encode returns the op with a value, in one allocation.
func (o op) encode(value []byte) string {
	var buf [128]byte
	head := buf[:1]
	head[0] = byte(o.kind)
	if o.kind != opInsert {
		head = o.element.append(head, bitElement)
	}
	if o.place.left {
		head[0] |= bitLeft
	}
	if o.place.move {
		head[0] |= bitMove
	}
	if o.place.root {
		head[0] |= bitRoot
	} else {
		head = o.place.parent.append(head, bitParent)
	}
	var b strings.Builder
	b.Grow(len(head) + len(value))
	b.Write(head)
	b.Write(value)
	return b.String()
}

// append adds a reference, and its author, which bit tells of, if it has one.
func (r ref) append(dst []byte, bit byte) []byte {
	dst = binary.AppendUvarint(dst, r.age)
	if r.author != "" {
		dst[0] |= bit
		dst = varint.AppendText(dst, string(r.author))
	}
	return dst
}

// parseOp splits an op. The value shares s's memory.
func parseOp(s string) (o op, err error) {
	if s == "" || s[0]&bitUnused != 0 {
		return op{}, errOp
	}
	bits, rest := s[0], s[1:]
	o.kind = kind(bits & kindBits)
	switch {
	case o.kind != opInsert:
		if o.element, rest, err = parseRef(rest, bits&bitElement != 0); err != nil {
			return op{}, err
		}
	case bits&bitElement != 0:
		return op{}, errOp
	}
	o.place = place{root: bits&bitRoot != 0, left: bits&bitLeft != 0, move: bits&bitMove != 0}
	switch {
	case !o.place.root:
		if o.place.parent, rest, err = parseRef(rest, bits&bitParent != 0); err != nil {
			return op{}, err
		}
	case bits&(bitLeft|bitMove|bitParent) != 0:
		return op{}, errOp
	}
	if rest != "" && (o.kind == opDelete || o.kind == opMove) {
		return op{}, errOp
	}
	o.value = rest
	return o, nil
}

func parseRef(s string, named bool) (r ref, rest string, err error) {
	age, rest, ok := varint.Uint(s)
	if !ok {
		return ref{}, "", errOp
	}
	if r.age = age; !named {
		return r, rest, nil
	}
	author, rest, ok := varint.Text(rest)
	if r.author = replicate.Author(author); !ok || !r.author.Valid() {
		return ref{}, "", errOp
	}
	return r, rest, nil
}

// checkJSON refuses ops that this package cannot read, and values that are not
// JSON, so that one careless peer cannot break every reader.
func checkJSON(s string) error {
	o, err := parseOp(s)
	if err != nil {
		return err
	}
	if (o.kind == opInsert || o.kind == opSet) && !json.Valid([]byte(o.value)) {
		return errors.New("seq: value is not JSON")
	}
	return nil
}

func checkAny(s string) error {
	_, err := parseOp(s)
	return err
}
