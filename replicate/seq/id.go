package seq

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-go/weir/replicate"
)

// ErrMalformedID is returned by ParseID for what is not the text of an ID.
var ErrMalformedID = errors.New("seq: malformed element id")

// An ID names an element: it is the stamp of its insertion. It is comparable,
// and the same on every replica, wherever the element moves. The zero ID names
// no element.
type ID replicate.Stamp

// timeDigits is how many hexadecimal digits a time has in text.
const timeDigits = 16

// String returns the ID as text for [ParseID], which sorts as stamps do: the
// time in 16 hexadecimal digits, a hyphen, and the author in hexadecimal, 65
// characters for the author of a replica id.
func (id ID) String() string {
	return fmt.Sprintf("%0*x-%x", timeDigits, uint64(id.Time), string(id.Author))
}

// ParseID reads what [ID.String] returned. It returns an error that matches
// ErrMalformedID for anything else.
func ParseID(s string) (ID, error) {
	t, a, ok := strings.Cut(s, "-")
	time, err := hex.DecodeString(t)
	author, err2 := hex.DecodeString(a)
	id := ID{Author: replicate.Author(author)}
	if !ok || err != nil || err2 != nil || len(t) != timeDigits || !id.Author.Valid() {
		return ID{}, fmt.Errorf("%w: %.100q", ErrMalformedID, s)
	}
	id.Time = replicate.Time(binary.BigEndian.Uint64(time))
	if id.String() != s { // one ID, one text
		return ID{}, fmt.Errorf("%w: %.100q", ErrMalformedID, s)
	}
	return id, nil
}

// MarshalText returns the ID as [ID.String] does, and never fails.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText returned. Its errors are those of
// [ParseID].
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	if err == nil {
		*id = v
	}
	return err
}

// below reports whether id's stamp is lower than other's.
func (id ID) below(other ID) bool {
	return replicate.Stamp(id).Compare(replicate.Stamp(other)) < 0
}
