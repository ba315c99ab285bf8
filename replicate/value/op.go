package value

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/causal"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// What begins the op of a Value.
const (
	opSet   = 1 // the value follows
	opFloor = 2 // a floor follows, then the value
)

var (
	errOp   = errors.New("value: malformed op")
	errJSON = errors.New("value: value is not JSON")
)

// setOp makes the op that sets a value, with a floor if it needs one: how far
// that lies below the op's own time.
func setOp(value []byte, own, floor replicate.Time, needed bool) string {
	op := make([]byte, 0, 1+binary.MaxVarintLen64+len(value))
	if needed {
		op = binary.AppendUvarint(append(op, opFloor), uint64(own-floor))
	} else {
		op = append(op, opSet)
	}
	return string(append(op, value...))
}

// parseSet splits the op of a Value. The text shares its memory; below is the
// floor's distance, or more than any.
func parseSet(op string) (below uint64, text string, err error) {
	if op == "" {
		return 0, "", errOp
	}
	switch op[0] {
	case opSet:
		return math.MaxUint64, op[1:], nil
	case opFloor:
		if below, text, ok := varint.Uint(op[1:]); ok {
			return below, text, nil
		}
	}
	return 0, "", errOp
}

// floorOf returns what u stands in for: all writes below this time.
func floorOf(u *replicate.Update) replicate.Time {
	below, _, _ := parseSet(u.Op())
	own := u.Stamp().Time
	return own - min(own, replicate.Time(below))
}

func checkAny(op string) error {
	_, _, err := parseSet(op)
	return err
}

// checkJSON refuses also values that are not JSON, so that one careless peer
// cannot break every reader.
func checkJSON(op string) error {
	_, text, err := parseSet(op)
	if err != nil {
		return err
	}
	return jsonOnly(text)
}

func jsonOnly(text string) error {
	if !json.Valid([]byte(text)) {
		return errJSON
	}
	return nil
}

// appendMulti begins the op of a Multi; the value follows.
func appendMulti(dst []byte, seen causal.Context, own replicate.Stamp) []byte {
	return seen.Append(binary.AppendUvarint(dst, uint64(len(seen))), own)
}

// parseMulti splits an op that was checked. The text shares its memory.
func parseMulti(u *replicate.Update) (seen causal.Context, text string) {
	n, rest, _ := varint.Uint(u.Op())
	return causal.Parse(rest, n, u.Stamp())
}

func checkMulti(op string) error {
	_, err := multiText(op)
	return err
}

func checkMultiJSON(op string) error {
	text, err := multiText(op)
	if err != nil {
		return err
	}
	return jsonOnly(text)
}

func multiText(op string) (string, error) {
	n, rest, ok := varint.Uint(op)
	if !ok {
		return "", errOp
	}
	text, err := causal.Check(rest, n)
	if err != nil {
		return "", fmt.Errorf("value: %w", err)
	}
	return text, nil
}

func encode[V any](codec replicate.Codec[V], x V) ([]byte, error) {
	b, err := codec.Encode(x)
	if err != nil {
		return nil, fmt.Errorf("value: encoding: %w", err)
	}
	return b, nil
}

func decode[V any](codec replicate.Codec[V], u *replicate.Update, text string) (Write[V], error) {
	x, err := codec.Decode([]byte(text))
	if err != nil {
		return Write[V]{}, fmt.Errorf("value: decoding %v of %v: %w", u.Object(), u.Stamp(), err)
	}
	return Write[V]{x, u.Stamp()}, nil
}

func decodeAll[V any](updates []*replicate.Update, one func(*replicate.Update) (Write[V], error)) ([]Write[V], error) {
	writes := make([]Write[V], len(updates))
	for i, u := range updates {
		var err error
		if writes[i], err = one(u); err != nil {
			return nil, err
		}
	}
	return writes, nil
}
