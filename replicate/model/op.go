package model

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// MaxKey bounds a key, in bytes.
const MaxKey = 4 << 10

const (
	opDelete = 0
	opSet    = 1
	opFloor  = 2 // in an expiring model
)

var errOp = errors.New("model: malformed op")

func appendOp(dst []byte, kind byte, key string) []byte {
	return varint.AppendText(append(dst, kind), key)
}

// opSize is how long the op is that sets a key to a value of so many bytes.
func opSize(key string, value int) int {
	var length [binary.MaxVarintLen64]byte
	return 1 + binary.PutUvarint(length[:], uint64(len(key))) + len(key) + value
}

// parseOp splits an op. Key and value share op's memory.
func parseOp(op string) (kind byte, key, value string, err error) {
	if len(op) < 2 || op[0] > opSet {
		return 0, "", "", errOp
	}
	kind = op[0]
	key, value, ok := varint.Text(op[1:])
	switch {
	case !ok:
		return 0, "", "", errOp
	case len(key) > MaxKey:
		return 0, "", "", replicate.NewSizeError("key", key, MaxKey)
	case kind == opDelete && value != "":
		return 0, "", "", errOp
	}
	return kind, key, value, nil
}

func isFloor(op string) bool { return op != "" && op[0] == opFloor }

// floorOp makes the op that drops what was written before a time, which is not
// above its own.
func floorOp(own, floor replicate.Time) string {
	return string(binary.AppendUvarint([]byte{opFloor}, uint64(own-floor)))
}

// parseFloor returns how far below its own time an op's floor lies.
func parseFloor(op string) (distance uint64, err error) {
	distance, rest, ok := varint.Uint(op[1:])
	if !ok || rest != "" {
		return 0, errOp
	}
	return distance, nil
}

// checkJSON refuses ops that this package cannot read, and values that are not
// JSON, so that one careless peer cannot break every reader.
func checkJSON(op string) error {
	kind, _, value, err := parseOp(op)
	if err != nil {
		return err
	}
	if kind == opSet && !isPlain(value) && !json.Valid([]byte(value)) {
		return errors.New("model: value is not JSON")
	}
	return nil
}

// deletes reports whether an op is a deletion.
func deletes(op string) bool { return op[0] == opDelete }

// isPlain reports whether value is a JSON string without escapes, as most are:
// that is seen faster than json.Valid does.
func isPlain(value string) bool {
	last := len(value) - 1
	if last < 1 || value[0] != '"' || value[last] != '"' {
		return false
	}
	for i := 1; i < last; i++ {
		if c := value[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// keyOf lets filters go by key.
func keyOf(op string) (string, bool) {
	_, key, _, err := parseOp(op)
	return key, err == nil
}

func checkAny(op string) error {
	_, _, _, err := parseOp(op)
	return err
}
