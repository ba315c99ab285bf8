package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-go/weir/pull"
)

// Errors that end a Peer, and with it every call.
var (
	// ErrClosed is returned by calls once the Peer closes or has ended without
	// an error.
	ErrClosed = errors.New("rpc: peer is closed")

	// ErrProtocol is matched by a ProtocolError.
	ErrProtocol = errors.New("rpc: protocol error")

	// ErrLost is matched by a LostError.
	ErrLost = errors.New("rpc: connection lost")
)

// Errors of a call.
var (
	// ErrNoMethod is returned for a method that the other side does not have,
	// and matched by its RemoteError for a function that it has forgotten.
	ErrNoMethod = errors.New("rpc: no such method")

	// ErrPanicked is matched by the RemoteError of a handler that panicked.
	ErrPanicked = errors.New("rpc: the handler panicked")

	// ErrTooMany is returned when the other side holds Config.MaxFunctions
	// functions, or that many calls wait.
	ErrTooMany = errors.New("rpc: too many functions or calls")

	// ErrTooLarge is returned for a message over Config.MaxMessage or
	// Config.MaxDepth.
	ErrTooLarge = errors.New("rpc: message too large or too deep")

	// ErrValue is matched by errors about a value: one that cannot be sent, or
	// that does not fit where it is to go.
	ErrValue = errors.New("rpc: value")

	// ErrNoStreams is returned for a stream that is sent, or used, where there
	// is no mux session to carry it.
	ErrNoStreams = errors.New("rpc: no session for streams")

	// ErrUnset is returned by a Remote, Source, Sink or Duplex that never was
	// received.
	ErrUnset = errors.New("rpc: not set")
)

// A ProtocolError says what the other side sent that is no message. It matches
// ErrProtocol.
type ProtocolError struct {
	Detail string // what was wrong
}

// Error returns the detail.
func (e *ProtocolError) Error() string { return "rpc: protocol error: " + e.Detail }

// Is reports whether target is ErrProtocol.
func (e *ProtocolError) Is(target error) bool { return target == ErrProtocol }

// A LostError says that the connection ended while calls waited, or failed. It
// matches ErrLost, io.ErrUnexpectedEOF when the peer just closed, and otherwise
// whatever the connection's error matches; io.EOF never.
type LostError struct {
	Op  string // "read" or "write"
	Err error  // what the connection returned, io.EOF read as io.ErrUnexpectedEOF
}

// Error returns the operation and what the connection said.
func (e *LostError) Error() string { return "rpc: connection lost: " + e.Op + ": " + e.Err.Error() }

// Is reports whether target is ErrLost or matched by Err.
func (e *LostError) Is(target error) bool { return target == ErrLost || errors.Is(e.Err, target) }

// As finds target in Err.
func (e *LostError) As(target any) bool { return errors.As(e.Err, target) }

// A RemoteError is the error of a handler at the other side. It matches the
// error that its code stands for.
type RemoteError struct {
	// Code is "failed", "panic", "no such method", "arguments", "canceled",
	// "deadline" or "closed"; from dnode always "failed".
	Code string
	Text string // what the handler's error said, at most 1 KiB
}

// Error returns the text.
func (e *RemoteError) Error() string { return "rpc: remote: " + e.Text }

// codes are what a code stands for; the first that an error matches is its code.
var codes = [...]struct {
	code string
	err  error
}{
	{"no such method", ErrNoMethod},
	{"panic", ErrPanicked},
	{"arguments", ErrValue},
	{"closed", ErrClosed},
	{"deadline", context.DeadlineExceeded},
	{"canceled", context.Canceled},
}

// Is reports whether target is what the code stands for.
func (e *RemoteError) Is(target error) bool {
	for _, c := range codes {
		if c.code == e.Code {
			return c.err == target
		}
	}
	return false
}

// remoteError says err for the other side.
func remoteError(err error) *RemoteError {
	var known *RemoteError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, new(*pull.PanicError)): // its stack is nobody's business
		return &RemoteError{Code: "panic", Text: "the handler panicked"}
	}
	text := err.Error()
	e := &RemoteError{Code: "failed", Text: strings.ToValidUTF8(text[:min(len(text), 1<<10)], "")}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			e.Code = c.code
			break
		}
	}
	return e
}

func valueError(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrValue, fmt.Errorf(format, args...))
}
