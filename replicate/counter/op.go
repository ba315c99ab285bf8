package counter

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/weir-go/weir/replicate/internal/varint"
)

// totals is what one author has added and taken.
type totals struct{ added, taken uint64 }

// add returns the totals with n in them; ok is false if they cannot hold it.
func (t totals) add(n int64) (sum totals, ok bool) {
	var carry uint64
	if n >= 0 {
		t.added, carry = bits.Add64(t.added, uint64(n), 0)
	} else {
		t.taken, carry = bits.Add64(t.taken, -uint64(n), 0)
	}
	return t, carry == 0
}

func (t totals) op() string {
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, t.added), t.taken))
}

// parse reads an op; ok is false if it is none.
func parse(op string) (t totals, ok bool) {
	added, rest, ok := varint.Uint(op)
	if !ok {
		return totals{}, false
	}
	taken, rest, ok := varint.Uint(rest)
	return totals{added, taken}, ok && rest == ""
}

func check(op string) error {
	if _, ok := parse(op); !ok {
		return errors.New("counter: malformed op")
	}
	return nil
}
