package replicate

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ErrStamp is returned for what is not the text of a stamp.
var ErrStamp = errors.New("replicate: not a stamp")

// timeDigits is how many hexadecimal digits the text of a stamp begins with.
const timeDigits = 16

// MarshalText returns s as text that says all of it and sorts as s does: the
// time in 16 hexadecimal digits, a hyphen, and the author in hexadecimal. It
// returns ErrStamp for a stamp whose author is not valid.
func (s Stamp) MarshalText() ([]byte, error) {
	if !s.Author.Valid() {
		return nil, fmt.Errorf("%w: its author is %v", ErrStamp, s.Author)
	}
	return fmt.Appendf(nil, "%0*x-%x", timeDigits, uint64(s.Time), string(s.Author)), nil
}

// UnmarshalText reads what MarshalText wrote. It returns ErrStamp for anything
// else, and then leaves s as it was.
func (s *Stamp) UnmarshalText(text []byte) error {
	t, a, ok := strings.Cut(string(text), "-")
	ok = ok && t+a == strings.ToLower(t+a) // one stamp, one text
	time, err := hex.DecodeString(t)
	author, err2 := hex.DecodeString(a)
	v := Stamp{Author: Author(author)}
	if !ok || err != nil || err2 != nil || len(t) != timeDigits || !v.Author.Valid() {
		return fmt.Errorf("%w: %.100q", ErrStamp, text)
	}
	v.Time = Time(binary.BigEndian.Uint64(time))
	*s = v
	return nil
}

// How an op names an update: a byte that says whose, the author unless it is
// the op's own, and the time in 8 bytes.
const (
	refOwn   = 0 // the author of the op
	refID    = 1 // an author with a replica id
	refOther = 2 // an author with a public key
)

// AppendRef appends s as an op of the author by names it: in 9 bytes if s is
// by the same author, else in up to 49. The author of s must be valid.
func (s Stamp) AppendRef(dst []byte, by Author) []byte {
	switch {
	case s.Author == by:
		dst = append(dst, refOwn)
	case len(s.Author) == maxAuthorSize:
		dst = append(append(dst, refOther), s.Author...)
	default:
		dst = append(append(dst, refID), s.Author...)
	}
	return binary.BigEndian.AppendUint64(dst, uint64(s.Time))
}

// CutRef reads what AppendRef wrote at the beginning of op, an op of the author
// by, and returns what is behind it. The stamp's author shares op's memory. A
// Type's Check, which does not know the author, passes "".
func CutRef(op string, by Author) (s Stamp, rest string, ok bool) {
	size := 0
	switch {
	case op == "":
		return Stamp{}, "", false
	case op[0] == refOwn:
	case op[0] == refID:
		size = len(ReplicaID{}) + incarnationSize
	case op[0] == refOther:
		size = maxAuthorSize
	default:
		return Stamp{}, "", false
	}
	if op = op[1:]; len(op) < size+8 {
		return Stamp{}, "", false
	}
	if s.Author = by; size > 0 {
		s.Author = Author(op[:size])
	}
	for _, b := range []byte(op[size : size+8]) {
		s.Time = s.Time<<8 | Time(b)
	}
	return s, op[size+8:], true
}
