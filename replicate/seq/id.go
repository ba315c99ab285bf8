package seq

import (
	"errors"
	"fmt"

	"github.com/weir-go/weir/replicate"
)

// ErrMalformedID is returned by ParseID for what is not the text of an ID.
var ErrMalformedID = errors.New("seq: malformed element id")

// An ID names an element: it is the stamp of its insertion. It is comparable,
// and the same on every replica, wherever the element moves. The zero ID names
// no element.
type ID replicate.Stamp

// String returns the ID as text for [ParseID]: what MarshalText returns of its
// stamp, 65 characters for the author of a replica id; "" for the zero ID.
func (id ID) String() string {
	text, err := replicate.Stamp(id).MarshalText()
	if err != nil {
		return "" // it names no element
	}
	return string(text)
}

// ParseID reads what [ID.String] returned. It returns an error that matches
// ErrMalformedID for anything else.
func ParseID(s string) (ID, error) {
	var stamp replicate.Stamp
	if stamp.UnmarshalText([]byte(s)) != nil {
		return ID{}, fmt.Errorf("%w: %.100q", ErrMalformedID, s)
	}
	return ID(stamp), nil
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
