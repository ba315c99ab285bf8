package replicate

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// A Time is a hybrid logical clock's reading: 48 bits of milliseconds since
// the Unix epoch, then a 16-bit counter. Read as fixed-point milliseconds
// (48.16) it keeps order with wall time. The zero Time is before every stamp.
//
// Source: Kulkarni et al., Logical Physical Clocks (2014).
type Time uint64

const counterBits = 16

// TimeOf returns the first Time of t's millisecond. Times before 1970 are 0.
func TimeOf(t time.Time) Time {
	ms := t.UnixMilli()
	if ms < 0 {
		return 0
	}
	return Time(ms) << counterBits
}

// Wall returns the wall time that t was read at, to the millisecond.
func (t Time) Wall() time.Time { return time.UnixMilli(int64(t >> counterBits)) }

// String returns t as milliseconds and counter.
func (t Time) String() string {
	return fmt.Sprintf("%d.%d", uint64(t>>counterBits), uint64(t&(1<<counterBits-1)))
}

// A ReplicaID names a replica: 16 random bytes, fixed when it is created.
type ReplicaID [16]byte

// String returns the id as 32 hexadecimal digits.
func (id ReplicaID) String() string { return hex.EncodeToString(id[:]) }

// Short returns the first 8 hexadecimal digits, for people.
func (id ReplicaID) Short() string { return hex.EncodeToString(id[:4]) }

const incarnationSize = 8

// maxAuthorSize leaves room for a 32-byte public key as the identity.
const maxAuthorSize = 32 + incarnationSize

// An Author is who writes: the raw bytes of an identity (a 16-byte replica
// id, or a 32-byte public key) followed by an 8-byte random
// incarnation. A replica that may have lost writes that others have seen takes
// a new incarnation, since an author's stamps must never be used twice.
type Author string

// ID returns the replica id of an author that has one, and whether it has.
func (a Author) ID() (id ReplicaID, ok bool) {
	ok = len(a) == len(id)+incarnationSize
	if ok {
		copy(id[:], a)
	}
	return id, ok
}

// Valid reports whether a has the size of an identity and an incarnation.
func (a Author) Valid() bool {
	return len(a) == len(ReplicaID{})+incarnationSize || len(a) == maxAuthorSize
}

// String returns the first digits of the identity and of the incarnation.
func (a Author) String() string {
	if !a.Valid() {
		return fmt.Sprintf("author(%x)", string(a))
	}
	cut := len(a) - incarnationSize
	return hex.EncodeToString([]byte(a[:4])) + "/" + hex.EncodeToString([]byte(a[cut:cut+2]))
}

// A Stamp names one update, orders all updates, and is a Lamport clock: if a
// happened before b then a's stamp is below b's.
type Stamp struct {
	Time   Time   // when, by the author's hybrid clock
	Author Author // who
}

// Compare orders stamps by time, then by the author's bytes: -1, 0 or +1.
func (s Stamp) Compare(t Stamp) int {
	if c := cmp.Compare(s.Time, t.Time); c != 0 {
		return c
	}
	return strings.Compare(string(s.Author), string(t.Author))
}

// String returns the time and the author in short.
func (s Stamp) String() string { return s.Time.String() + "@" + s.Author.String() }
