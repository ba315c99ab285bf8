package reduce

import (
	"encoding/binary"
	"errors"

	"github.com/weir-go/weir/replicate"
)

// MaxKey bounds a key, in bytes.
const MaxKey = 4 << 10

var errOp = errors.New("reduce: malformed op")

func appendOp(dst []byte, key string, value []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(append(dst, key...), value...)
}

// parseOp splits an op. Key and value share op's memory.
func parseOp(op string) (key, value string, err error) {
	n, size := binary.Uvarint([]byte(op[:min(len(op), 3)])) // a key's length has 3 bytes at most
	if size <= 0 {
		return "", "", errOp
	}
	rest := op[size:]
	switch {
	case n > uint64(len(rest)):
		return "", "", errOp
	case n > MaxKey:
		return "", "", replicate.NewSizeError("key", rest[:n], MaxKey)
	}
	return rest[:n], rest[n:], nil
}
