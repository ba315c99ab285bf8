package value

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/causal"
	"github.com/weir-go/weir/replicate/internal/varint"
)

// opSet begins the op of a Value.
const opSet = "\x01"

var (
	errOp   = errors.New("value: malformed op")
	errJSON = errors.New("value: value is not JSON")
)

func checkAny(op string) error {
	if !strings.HasPrefix(op, opSet) {
		return errOp
	}
	return nil
}

// checkJSON refuses also values that are not JSON, so that one careless peer
// cannot break every reader.
func checkJSON(op string) error {
	if err := checkAny(op); err != nil {
		return err
	}
	return jsonOnly(op[len(opSet):])
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
