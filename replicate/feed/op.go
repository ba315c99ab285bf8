package feed

import (
	"encoding/json"
	"errors"

	"github.com/weir-go/weir/replicate"
)

const (
	opAppend = 0
	opRemove = 1
)

var errOp = errors.New("feed: malformed op")

// parseRemove returns the id that a removal by an author names.
func parseRemove(op string, by replicate.Author) (id replicate.Stamp, err error) {
	id, rest, ok := replicate.CutRef(op[1:], by)
	if !ok || rest != "" {
		return id, errOp
	}
	return id, nil
}

// checkAny refuses ops that this package cannot read.
func checkAny(op string) error {
	switch {
	case op == "" || op[0] > opRemove:
		return errOp
	case op[0] == opRemove:
		_, err := parseRemove(op, "")
		return err
	}
	return nil
}

// checkJSON refuses values that are not JSON too, so that one careless peer
// cannot break every reader.
func checkJSON(op string) error {
	if err := checkAny(op); err != nil || op[0] == opRemove {
		return err
	}
	if !json.Valid([]byte(op[1:])) {
		return errors.New("feed: value is not JSON")
	}
	return nil
}
