package seq

import (
	"encoding/base64"
	"encoding/binary"
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

const timeSize = 8

// String returns the ID as text for [ParseID]: URL-safe base64 of the time's
// eight bytes and the author's, 43 characters for the author of a replica id.
// The first is a letter for any time before the year 10000.
func (id ID) String() string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 64), uint64(id.Time))
	return base64.RawURLEncoding.EncodeToString(append(b, id.Author...))
}

// ParseID reads what [ID.String] returned. It returns an error that matches
// ErrMalformedID for anything else.
func ParseID(s string) (ID, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < timeSize {
		return ID{}, fmt.Errorf("%w %q", ErrMalformedID, s[:min(len(s), 64)])
	}
	id := ID{replicate.Time(binary.BigEndian.Uint64(b)), replicate.Author(b[timeSize:])}
	if !id.Author.Valid() || id.String() != s {
		return ID{}, fmt.Errorf("%w %q", ErrMalformedID, s[:min(len(s), 64)])
	}
	return id, nil
}

// MarshalText returns the ID as [ID.String] does, and never fails.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText returned. Its errors are those of
// [ParseID].
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

// below reports whether id's stamp is lower than other's.
func (id ID) below(other ID) bool {
	return replicate.Stamp(id).Compare(replicate.Stamp(other)) < 0
}
