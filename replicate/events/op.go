package events

import (
	"encoding/json"
	"errors"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// MaxName bounds an event's name, in bytes.
const MaxName = 4 << 10

const (
	opEmit = 0
	opTrim = 1
)

var errOp = errors.New("events: malformed op")

func appendEvent(dst []byte, name string) []byte {
	return varint.AppendText(append(dst, opEmit), name)
}

// parseEvent splits the op of an event. Name and value share op's memory.
func parseEvent(op string) (name, value string, err error) {
	if op == "" || op[0] != opEmit {
		return "", "", errOp
	}
	name, value, ok := varint.Text(op[1:])
	switch {
	case !ok:
		return "", "", errOp
	case len(name) > MaxName:
		return "", "", replicate.NewSizeError("name", name, MaxName)
	}
	return name, value, nil
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
