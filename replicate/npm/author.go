package npm

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/weir-go/weir/replicate"
)

// An ident is the id of an npm replica as JSON writes it, without the quotes:
// any string, also one that is no UTF-8, has exactly one.
type ident string

// proto is the one id, key and row that the originals refuse.
const proto = "__proto__"

// identOf returns the ident of a Go string.
func identOf(id string) ident {
	b := appendJSString(nil, id)
	return ident(b[1 : len(b)-1])
}

// String returns the id as a Go string, in which half a surrogate pair is
// U+FFFD.
func (id ident) String() string {
	if id.plain() {
		return string(id)
	}
	return string(utf16.Decode(id.units()))
}

// plain reports whether the id is ASCII without escapes.
func (id ident) plain() bool {
	for i := range len(id) {
		if c := id[i]; c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}

// units returns the id as JavaScript compares it.
func (id ident) units() []uint16 { return unitsOf(string(id)) }

// compare orders ids as JavaScript does, by UTF-16 code units.
func (id ident) compare(other ident) int {
	if id.plain() && other.plain() {
		return cmp.Compare(id, other)
	}
	return slices.Compare(id.units(), other.units())
}

// A scope is what an id names an author in: one scuttlebutt. Two of them may have
// replicas of the same id, and clocks of both are kept in one replica's.
type scope struct {
	letter byte // of the type
	name   string
}

// The bytes of an author. An id that fits is in it; of any other it has a hash,
// and the id is in each op.
const (
	authorSize = 24
	room       = 20 // for the id or its hash

	formHex    = 0x40 // plus the number of upper-case hexadecimal digits
	formBase64 = 0x70 // 20 bytes, as the id that is the hash of a key
	formHash   = 0x80
)

// author returns the author that an id is; whole reports whether the id is in it.
func (s scope) author(id ident) (a replicate.Author, whole bool) {
	var b [authorSize]byte
	b[0], b[1], b[2] = 'n', 'p', s.letter
	form, whole := byte(formHash), false
	if s.name == "" {
		form, whole = pack(b[4:], id)
	}
	if !whole {
		form = formHash
		sum := sha256.Sum256([]byte(string(s.letter) + strconv.Quote(s.name) + string(id)))
		copy(b[4:], sum[:])
	}
	b[3] = form
	return replicate.Author(b[:]), whole
}

// pack writes an id into room bytes, if it fits.
func pack(dst []byte, id ident) (form byte, ok bool) {
	if len(id) <= room {
		copy(dst, id)
		return byte(len(id)), true
	}
	if n := len(id); n <= 2*room && isUpperHex(string(id)) {
		for i := range n {
			dst[i/2] |= hexDigit(id[i]) << (4 * (1 - i%2))
		}
		return formHex + byte(n), true
	}
	if sum, err := base64.StdEncoding.DecodeString(string(id)); err == nil && len(sum) == room &&
		base64.StdEncoding.EncodeToString(sum) == string(id) {
		copy(dst, sum)
		return formBase64, true
	}
	return 0, false
}

func isUpperHex(s string) bool {
	return strings.Trim(s, "0123456789ABCDEF") == ""
}

func hexDigit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'A' + 10
}

// id returns the id that is in an author of the scope, if one is.
func (s scope) id(a replicate.Author) (id ident, ok bool) {
	if !s.owns(a) || s.name != "" {
		return "", false
	}
	form, b := a[3], []byte(a[4:])
	switch {
	case form <= room:
		id = ident(b[:form])
	case form > formHex && form <= formHex+2*room:
		digits := make([]byte, form-formHex)
		for i := range digits {
			digits[i] = "0123456789ABCDEF"[b[i/2]>>(4*(1-i%2))&0xf]
		}
		id = ident(digits)
	case form == formBase64:
		id = ident(base64.StdEncoding.EncodeToString(b))
	default:
		return "", false
	}
	back, whole := s.author(id)
	return id, whole && back == a
}

// owns reports whether a may be an author of the scope.
func (s scope) owns(a replicate.Author) bool {
	return len(a) == authorSize && a[0] == 'n' && a[1] == 'p' && a[2] == s.letter
}

// derived is the id of a replica that was given none: it goes with the author
// that the replica writes as, so that it is another one whenever that is.
func (s scope) derived(self replicate.Author, generation uint64) ident {
	var b bytes.Buffer
	b.WriteString("weir npm id ")
	b.WriteByte(s.letter)
	b.WriteString(strconv.Quote(s.name) + strconv.FormatUint(generation, 10))
	b.WriteString(string(self))
	sum := sha256.Sum256(b.Bytes())
	const digits = 39 // as most ids of the originals have
	id := make([]byte, digits)
	for i := range id {
		id[i] = "0123456789ABCDEF"[sum[i/2]>>(4*(1-i%2))&0xf]
	}
	return ident(id)
}
