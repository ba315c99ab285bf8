package npm

import (
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// ChangeOf returns what an update says, and IDOf who says it.
func ChangeOf(u *replicate.Update) string { return changeOf(u.Op()) }

// IDOf returns the id of who wrote an update.
func IDOf(u *replicate.Update) string { return string(idOf(u)) }

// Between is between.
var Between = between

// Reencode parses an op and makes it again.
func Reencode(s string) (string, error) {
	o, ok := parseOp(s)
	if !ok {
		return "", errOp
	}
	return string(appendOp(nil, o)), nil
}

// Outgoing is what a session sends a peer that has sent an empty clock and SYNC.
func Outgoing(t *Session) pull.Source[[]byte] {
	t.meet(Header{}, nil)
	t.caughtUp()
	return t.outgoing()
}
