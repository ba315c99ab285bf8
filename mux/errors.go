package mux

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// Errors of a handshake.
var (
	// ErrNotWeir is matched by the error of Client and Server when the other
	// side does not speak this protocol at all.
	ErrNotWeir = errors.New("mux: the other side is not weir")

	// ErrVersion is matched by a VersionError.
	ErrVersion = errors.New("mux: the other side speaks another version")

	// ErrApplication is matched by an ApplicationError.
	ErrApplication = errors.New("mux: the other side is of another application")
)

// Errors that end a session, and with it every stream.
var (
	// ErrClosed is returned by Open once the session closes or has closed
	// without an error, and by streams that a hard close has ended.
	ErrClosed = errors.New("mux: session is closed")

	// ErrSilent is the cause of a session that has heard nothing for
	// Config.Idle, and the error of a handshake that was not answered in time.
	ErrSilent = errors.New("mux: peer is silent")

	// ErrProtocol is matched by a ProtocolError.
	ErrProtocol = errors.New("mux: protocol error")

	// ErrLost is matched by a LostError.
	ErrLost = errors.New("mux: connection lost")
)

// A VersionError says that the two ends speak no common version of the
// protocol. It matches ErrVersion.
type VersionError struct {
	Ours   [2]int // the lowest and the highest version spoken here
	Theirs [2]int // the same of the peer
}

// Error returns both ranges.
func (e *VersionError) Error() string {
	return fmt.Sprintf("mux: the other side speaks versions %d to %d, we speak %d to %d",
		e.Theirs[0], e.Theirs[1], e.Ours[0], e.Ours[1])
}

// Is reports whether target is ErrVersion.
func (e *VersionError) Is(target error) bool { return target == ErrVersion }

// An ApplicationError says that the two ends are for different things: their
// Config.Application differ. It matches ErrApplication.
type ApplicationError struct {
	Ours   string // the id here
	Theirs string // the peer's
}

// Error returns both ids.
func (e *ApplicationError) Error() string {
	return fmt.Sprintf("mux: the other side is for %q, we are for %q", e.Theirs, e.Ours)
}

// Is reports whether target is ErrApplication.
func (e *ApplicationError) Is(target error) bool { return target == ErrApplication }

// A ProtocolError says what the peer did that the protocol forbids. It matches
// ErrProtocol.
type ProtocolError struct {
	Detail string // what was wrong, with the numbers that show it
}

// Error returns the detail.
func (e *ProtocolError) Error() string { return "mux: protocol error: " + e.Detail }

// Is reports whether target is ErrProtocol.
func (e *ProtocolError) Is(target error) bool { return target == ErrProtocol }

// A LostError says that the connection ended before the session did. It
// matches ErrLost, io.ErrUnexpectedEOF when the peer just closed, and
// otherwise whatever the connection's error matches; io.EOF never.
//
// It has no Unwrap method: under the stream contract an error that wraps
// another would count as news each time an ended source is aborted.
type LostError struct {
	Op  string // "read" or "write"
	Err error  // what the connection returned, io.EOF read as io.ErrUnexpectedEOF
}

// Error returns the operation and what the connection said.
func (e *LostError) Error() string { return "mux: connection lost: " + e.Op + ": " + e.Err.Error() }

// Is reports whether target is ErrLost or matched by Err.
func (e *LostError) Is(target error) bool { return target == ErrLost || errors.Is(e.Err, target) }

// As finds target in Err.
func (e *LostError) As(target any) bool { return errors.As(e.Err, target) }

// A Code says why a stream's direction ended. Numbers are part of the
// protocol, and from 256 on the application's; unknown ones are passed on as
// they are.
type Code uint32

// Codes of a StreamError.
const (
	CodeStopped  Code = 1 // the reader wants no more; no failure
	CodeFailed   Code = 2 // something failed, Text says what
	CodeCanceled Code = 3 // a context was cancelled
	CodeDeadline Code = 4 // a deadline passed
	CodeRefused  Code = 5 // the stream was not accepted
	CodeClosing  Code = 6 // the session is closing
	CodeBudget   Code = 7 // too many bytes were not read, see Budget
)

var codeNames = map[Code]string{
	CodeStopped: "stopped", CodeFailed: "failed", CodeCanceled: "canceled",
	CodeDeadline: "deadline exceeded", CodeRefused: "refused", CodeClosing: "session is closing",
	CodeBudget: "over budget",
}

// String returns the code's name, or its number.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("code %d", uint32(c))
}

// A StreamError is the end of one direction of a stream by RESET or ABORT. It
// matches pull.ErrStopped when its code is CodeStopped.
type StreamError struct {
	Code   Code   // why; PROTOCOL.md lists them
	Text   string // what the side that ended it said; at most 1 KiB, may be empty
	Remote bool   // the peer ended it
}

// Error returns the code, the text and who ended the stream.
func (e *StreamError) Error() string {
	who := "mux: stream ended here: "
	if e.Remote {
		who = "mux: stream ended by peer: "
	}
	if e.Text == "" {
		return who + e.Code.String()
	}
	return who + e.Code.String() + ": " + e.Text
}

// Is reports whether target is pull.ErrStopped and the code says so.
func (e *StreamError) Is(target error) bool {
	return e.Code == CodeStopped && target == pull.ErrStopped
}

// reason says cause in a code and a line of text for the peer.
func reason(cause error) (Code, string) {
	var se *StreamError
	switch {
	case errors.As(cause, &se):
		return se.Code, se.Text
	case errors.Is(cause, pull.ErrStopped):
		return CodeStopped, ""
	case errors.Is(cause, context.DeadlineExceeded):
		return CodeDeadline, ""
	case errors.Is(cause, context.Canceled):
		return CodeCanceled, ""
	}
	line, _, _ := strings.Cut(cause.Error(), "\n")
	return CodeFailed, wire.CutText(line)
}

// sessionCause makes of err what a session and its streams may return.
func sessionCause(err error) error {
	var op *shim.OpError
	var broken *wire.Error
	switch {
	case err == nil || err == io.EOF:
		return pull.ErrStopped
	case errors.As(err, &op):
		return &LostError{Op: op.Op, Err: ends.NotEOF(op.Err)}
	case errors.As(err, &broken):
		return &ProtocolError{Detail: broken.Detail}
	}
	return ends.NotEOF(err)
}
