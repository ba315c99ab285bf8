package websock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// Errors of a WebSocket.
var (
	// ErrHandshake is matched by a HandshakeError.
	ErrHandshake = errors.New("websock: handshake failed")

	// ErrLost is matched by a LostError.
	ErrLost = errors.New("websock: connection lost without a close frame")

	// ErrProtocol is matched by a ProtocolError.
	ErrProtocol = errors.New("websock: protocol error")

	// ErrText is matched when a text message is not UTF-8, here or from the
	// peer.
	ErrText = errors.New("websock: text is not UTF-8")

	// ErrSilent is the error of both halves when the peer has not been heard
	// for Config.PingInterval and Config.PongTimeout.
	ErrSilent = errors.New("websock: peer is silent")

	// ErrCut is matched by the error of a source whose connection was cut from
	// this side: the sink failed or was cancelled. It matches the reason too.
	ErrCut = errors.New("websock: connection cut from this side")
)

// A Code says why a WebSocket was closed. Below 4000 the codes are those of
// RFC 6455, section 7.4, and its registry.
type Code uint16

// Codes that this package sends.
const (
	CodeNormal   Code = 1000 // both directions have ended
	CodeProtocol Code = 1002 // the peer broke the protocol
	CodeType     Code = 1003 // a message of a type that is not taken
	CodeNone     Code = 1005 // never sent: the peer's close frame has no code
	CodeText     Code = 1007 // text that is not UTF-8
	CodeTooLarge Code = 1009 // a message over Config.MaxMessage
	CodeStopped  Code = 4001 // the other side wants no more; no failure
	CodeFailed   Code = 4002 // something failed, the reason says what
	CodeCanceled Code = 4003 // a context was cancelled
	CodeDeadline Code = 4004 // a deadline passed
	CodeSilent   Code = 4005 // the other side was not heard for too long
)

// A CloseError is the end of a connection by a close frame of the peer whose
// code is not 1000, or which came while there was something to send; or the
// end of a sink whose peer reads no more. It matches [pull.ErrStopped] when
// the code is CodeStopped. As a cause, it says which code and reason to send.
type CloseError struct {
	Code   Code   // CodeNone where the close frame had none
	Reason string // at most 123 bytes of UTF-8 are sent
}

// Error returns the code and the reason.
func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("websock: closed with code %d", e.Code)
	}
	return fmt.Sprintf("websock: closed with code %d: %s", e.Code, e.Reason)
}

// Is reports whether target is pull.ErrStopped and the code says so.
func (e *CloseError) Is(target error) bool {
	return e.Code == CodeStopped && target == pull.ErrStopped
}

// A HandshakeError says that no WebSocket came about. It matches ErrHandshake
// and whatever Err matches.
type HandshakeError struct {
	Status int    // of the HTTP response; 0 if there was none
	Body   string // what the server said, its first 1024 bytes
	Err    error  // what was wrong
}

// Error returns the status and what was wrong.
func (e *HandshakeError) Error() string {
	text := ErrHandshake.Error()
	if e.Status != 0 {
		text += ": status " + strconv.Itoa(e.Status)
	}
	if e.Body != "" {
		return text + ": " + strings.TrimSpace(e.Body)
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns ErrHandshake and Err.
func (e *HandshakeError) Unwrap() []error { return []error{ErrHandshake, e.Err} }

// A LostError says that the connection ended without a close frame. It matches
// ErrLost, io.ErrUnexpectedEOF where the peer just closed, and otherwise
// whatever the connection's error matches; io.EOF never.
//
// It has no Unwrap method: under the stream contract an error that wraps
// another would count as news each time an ended source is aborted.
type LostError struct {
	Err error // what the connection returned, io.EOF read as io.ErrUnexpectedEOF
}

// Error returns what the connection said.
func (e *LostError) Error() string { return ErrLost.Error() + ": " + e.Err.Error() }

// Is reports whether target is ErrLost or matched by Err.
func (e *LostError) Is(target error) bool { return target == ErrLost || errors.Is(e.Err, target) }

// As finds target in Err.
func (e *LostError) As(target any) bool { return errors.As(e.Err, target) }

func lost(err error) error {
	switch {
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	case errors.Is(err, io.EOF):
		err = errors.New(err.Error())
	}
	return &LostError{Err: err}
}

// A ProtocolError says what the peer did that RFC 6455 or PROTOCOL.md forbids.
// It matches ErrProtocol. The peer gets CodeProtocol, or CodeType for a message
// of a type that is not taken.
type ProtocolError struct {
	Code   Code   // what the peer is told
	Detail string // what was wrong
}

// Error returns the detail.
func (e *ProtocolError) Error() string { return ErrProtocol.Error() + ": " + e.Detail }

// Is reports whether target is ErrProtocol.
func (e *ProtocolError) Is(target error) bool { return target == ErrProtocol }

// A TooLargeError says that a message is over Config.MaxMessage. It matches
// [frame.ErrTooLarge].
type TooLargeError struct {
	Max    int  // the bound in bytes
	Remote bool // the peer sent it; else it was to be sent
}

// Error returns the bound and where the message came from.
func (e *TooLargeError) Error() string {
	where := "to send"
	if e.Remote {
		where = "from the peer"
	}
	return fmt.Sprintf("websock: message %s is over %d bytes", where, e.Max)
}

// Is reports whether target is frame.ErrTooLarge.
func (e *TooLargeError) Is(target error) bool { return target == frame.ErrTooLarge }

// maxReason is how much of a reason a close frame can carry, in bytes.
const maxReason = 123

// sayable makes of cause what the peer is told.
func sayable(cause error) CloseError {
	var ce *CloseError
	var broken *ProtocolError
	switch {
	case errors.As(cause, &ce) && validCode(ce.Code):
		return CloseError{ce.Code, cutText(ce.Reason)}
	case errors.As(cause, &broken):
		return CloseError{broken.Code, cutText(broken.Detail)}
	case errors.Is(cause, pull.ErrStopped):
		return CloseError{Code: CodeStopped}
	case errors.Is(cause, context.Canceled):
		return CloseError{Code: CodeCanceled}
	case errors.Is(cause, context.DeadlineExceeded):
		return CloseError{Code: CodeDeadline}
	case errors.Is(cause, ErrSilent):
		return CloseError{Code: CodeSilent}
	}
	return CloseError{codeOf(cause), cutText(cause.Error())}
}

func codeOf(cause error) Code {
	var big *TooLargeError
	switch {
	case errors.As(cause, &big) && big.Remote:
		return CodeTooLarge
	case cause == errPeerText:
		return CodeText
	}
	return CodeFailed
}

// validCode reports whether a close frame may carry the code.
func validCode(code Code) bool {
	switch code {
	case 1004, CodeNone, 1006:
		return false
	}
	return code >= 1000 && code <= 1014 || code >= 3000 && code <= 4999
}

// cutText makes a reason of s: its first line, as far as it fits.
func cutText(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxReason {
		return s
	}
	n := maxReason
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
