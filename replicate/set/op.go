package set

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

// opGrow begins the op of a Grow.
const opGrow = "\x01"

var (
	errOp   = errors.New("set: malformed op")
	errJSON = errors.New("set: element is not JSON")
)

func checkGrow(op string) error {
	if !strings.HasPrefix(op, opGrow) {
		return errOp
	}
	return nil
}

// checkGrowJSON refuses also elements that are not JSON, so that one careless
// peer cannot break every reader.
func checkGrowJSON(op string) error {
	if err := checkGrow(op); err != nil {
		return err
	}
	return jsonOnly(grown(op))
}

func jsonOnly(element string) error {
	if !json.Valid([]byte(element)) {
		return errJSON
	}
	return nil
}

// grown returns the element of an op of a Grow that was checked.
func grown(op string) string { return op[len(opGrow):] }

// addition makes the op that adds an element to an AddWins.
func addition(seen causal.Context, element string, own replicate.Stamp) string {
	return appendOp(1, seen, element, own)
}

// removal makes the op that removes what was seen of an element.
func removal(seen causal.Context, element string, own replicate.Stamp) string {
	return appendOp(0, seen, element, own)
}

func appendOp(kind uint64, seen causal.Context, element string, own replicate.Stamp) string {
	op := binary.AppendUvarint(make([]byte, 0, 1+len(element)), uint64(len(seen))<<1|kind)
	return string(append(seen.Append(op, own), element...))
}

// adds reports whether an op that was checked adds.
func adds(op string) bool { return op[0]&1 == 1 }

// parseOp splits an op that was checked. All shares its memory.
func parseOp(u *replicate.Update) (seen causal.Context, element string) {
	head, rest, _ := varint.Uint(u.Op())
	return causal.Parse(rest, head>>1, u.Stamp())
}

// touched returns the element of an op of an AddWins that was checked.
func touched(op string) string {
	element, _ := checkedElement(op)
	return element
}

// checkedElement reads an op that anyone may have written.
func checkedElement(op string) (string, error) {
	head, rest, ok := varint.Uint(op)
	if !ok || head == 0 {
		return "", errOp // nothing, or a removal of nothing
	}
	element, err := causal.Check(rest, head>>1)
	if err != nil {
		return "", fmt.Errorf("set: %w", err)
	}
	return element, nil
}

func checkAny(op string) error {
	_, err := checkedElement(op)
	return err
}

func checkJSON(op string) error {
	element, err := checkedElement(op)
	if err != nil {
		return err
	}
	return jsonOnly(element)
}
