package reduce

import (
	"errors"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// MaxKey bounds a key, in bytes.
const MaxKey = 4 << 10

var errOp = errors.New("reduce: malformed op")

func appendOp(dst []byte, key string, value []byte) []byte {
	return append(varint.AppendText(dst, key), value...)
}

// parseOp splits an op. Key and value share op's memory.
func parseOp(op string) (key, value string, err error) {
	key, value, ok := varint.Text(op)
	switch {
	case !ok:
		return "", "", errOp
	case len(key) > MaxKey:
		return "", "", replicate.NewSizeError("key", key, MaxKey)
	}
	return key, value, nil
}
