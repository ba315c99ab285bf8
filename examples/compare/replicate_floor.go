package main

import (
	"encoding/binary"
	"errors"

	"github.com/weir-go/weir/replicate"
)

const nameFloor = "bare varints into a map"

var errFloor = errors.New("the floor's updates are malformed")

// appendBare codes an update as varints and bytes, and nothing else: the author
// as a number, the step of its time, the op's length, the op.
func appendBare(dst []byte, author uint64, last replicate.Time, u *replicate.Update) []byte {
	dst = binary.AppendUvarint(dst, author)
	dst = binary.AppendVarint(dst, int64(u.Stamp().Time-last))
	dst = binary.AppendUvarint(dst, uint64(len(u.Op())))
	return append(dst, u.Op()...)
}

// A cell is a key's newest write.
type cell struct {
	value  string
	time   replicate.Time
	author uint64
}

// applyBare decodes updates and puts them into a map in which the last writer
// wins. It is what no replica of any kind does without: there are no promises,
// no log, no fingerprint, nothing is checked but that it can be read.
func applyBare(b []byte) (map[string]cell, error) {
	cells := map[string]cell{}
	var last replicate.Time
	for len(b) > 0 {
		author, n := binary.Uvarint(b)
		step, k := binary.Varint(b[max(n, 0):])
		size, l := binary.Uvarint(b[max(n, 0)+max(k, 0):])
		if n <= 0 || k <= 0 || l <= 0 || size > uint64(len(b)-n-k-l) {
			return nil, errFloor
		}
		b = b[n+k+l:]
		last += replicate.Time(step)
		op := string(b[:size])
		length, n := binary.Uvarint(b[min(1, size):size])
		if n <= 0 || length > size-1-uint64(n) {
			return nil, errFloor
		}
		b = b[size:]
		key, value := op[1+n:1+n+int(length)], op[1+n+int(length):]
		old, ok := cells[key]
		if !ok || last > old.time || last == old.time && author > old.author {
			cells[key] = cell{value, last, author}
		}
	}
	return cells, nil
}
