package events

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/weir-go/weir/replicate"
)

// MaxName bounds an event's name, in bytes.
const MaxName = 4 << 10

const (
	opEmit = 0
	opTrim = 1
)

var errOp = errors.New("events: malformed op")

func appendEvent(dst []byte, name string) []byte {
	dst = append(dst, opEmit)
	dst = binary.AppendUvarint(dst, uint64(len(name)))
	return append(dst, name...)
}

// parseEvent splits the op of an event. Name and value share op's memory.
func parseEvent(op string) (name, value string, err error) {
	if len(op) < 2 || op[0] != opEmit {
		return "", "", errOp
	}
	n, size := binary.Uvarint([]byte(op[1:min(len(op), 1+3)])) // a name's length has 3 bytes at most
	if size <= 0 {
		return "", "", errOp
	}
	rest := op[1+size:]
	switch {
	case n > uint64(len(rest)):
		return "", "", errOp
	case n > MaxName:
		return "", "", replicate.NewSizeError("name", rest[:n], MaxName)
	}
	return rest[:n], rest[n:], nil
}

// parseTrim returns the newest stamp that a trim removes, by the op's author.
func parseTrim(op string, by replicate.Author) (s replicate.Stamp, err error) {
	if op == "" || op[0] != opTrim {
		return s, errOp
	}
	s, rest, ok := replicate.CutRef(op[1:], by)
	if !ok || rest != "" {
		return s, errOp
	}
	return s, nil
}

// checkAny refuses ops that this package cannot read.
func checkAny(op string) error {
	if op != "" && op[0] == opTrim {
		_, err := parseTrim(op, "")
		return err
	}
	_, _, err := parseEvent(op)
	return err
}

// checkJSON refuses values that are not JSON too, so that one careless peer
// cannot break every reader.
func checkJSON(op string) error {
	if err := checkAny(op); err != nil || op[0] == opTrim {
		return err
	}
	if _, value, _ := parseEvent(op); !json.Valid([]byte(value)) {
		return errors.New("events: value is not JSON")
	}
	return nil
}
