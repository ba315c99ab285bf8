package muxdemux

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-go/weir/pull"
)

// Errors that end a session, and with it every stream.
var (
	// ErrClosed is returned by Open once the session closes or has closed
	// without an error, and by streams that a hard close has ended.
	ErrClosed = errors.New("muxdemux: session is closed")

	// ErrProtocol is matched by a ProtocolError.
	ErrProtocol = errors.New("muxdemux: protocol error")

	// ErrLost is matched by a LostError.
	ErrLost = errors.New("muxdemux: connection lost")
)

// Errors of a stream.
var (
	// ErrOneWay is returned by a sink whose stream is there to be read only.
	// Its source was aborted with it.
	ErrOneWay = errors.New("muxdemux: stream is not writable")

	// ErrOverrun is matched by an OverrunError.
	ErrOverrun = errors.New("muxdemux: peer does not pause")

	// ErrTooLarge is returned by Open for metadata, and by a sink for a value,
	// that makes a line longer than Config.MaxLine.
	ErrTooLarge = errors.New("muxdemux: line too long")

	// ErrNotJSON is returned by Open for metadata, and by a sink for a value,
	// that is not JSON.
	ErrNotJSON = errors.New("muxdemux: not JSON")
)

// A ProtocolError says what the peer did that the protocol forbids. It matches
// ErrProtocol, and what Err matches.
type ProtocolError struct {
	Detail string // what was wrong; empty if Err says it
	Err    error  // a codec.LineError where a line was no JSON or too long; may be nil
}

// Error returns what was wrong.
func (e *ProtocolError) Error() string {
	if e.Err != nil {
		return "muxdemux: protocol error: " + e.Err.Error()
	}
	return "muxdemux: protocol error: " + e.Detail
}

// Is reports whether target is ErrProtocol or matched by Err.
func (e *ProtocolError) Is(target error) bool {
	return target == ErrProtocol || e.Err != nil && errors.Is(e.Err, target)
}

// As finds target in Err.
func (e *ProtocolError) As(target any) bool { return e.Err != nil && errors.As(e.Err, target) }

// A LostError says that the connection ended before the session did. It matches
// ErrLost, io.ErrUnexpectedEOF when the peer just closed or a line was cut, and
// otherwise whatever the connection's error matches; io.EOF never.
//
// It has no Unwrap method: under the stream contract an error that wraps
// another would count as news each time an ended source is aborted.
type LostError struct {
	Op  string // "read" or "write"
	Err error  // what the connection returned, io.EOF read as io.ErrUnexpectedEOF
}

// Error returns the operation and what the connection said.
func (e *LostError) Error() string {
	return "muxdemux: connection lost: " + e.Op + ": " + e.Err.Error()
}

// Is reports whether target is ErrLost or matched by Err.
func (e *LostError) Is(target error) bool { return target == ErrLost || errors.Is(e.Err, target) }

// As finds target in Err.
func (e *LostError) As(target any) bool { return errors.As(e.Err, target) }

// A StreamError is an error event of the peer's. A sink whose source fails with
// one sends it as it is.
type StreamError struct {
	// Text is the message. To be sent it is cut to 1 KiB.
	Text string

	// Data is what the peer sent, if that was more than a text: an object with
	// a message and other fields, usually. nil means that Text is all.
	Data json.RawMessage
}

// Error returns the text, or what else came.
func (e *StreamError) Error() string {
	if e.Text == "" && e.Data != nil {
		return "muxdemux: error of the peer: " + string(e.Data)
	}
	return "muxdemux: error of the peer: " + e.Text
}

// An OverrunError is the end of a stream whose peer went on sending when it had
// been asked to pause. It matches ErrOverrun.
type OverrunError struct {
	Held  int // bytes that waited, with the value that was too much
	Limit int // Config.Limit
}

// Error returns both numbers, and what is in them.
func (e *OverrunError) Error() string {
	return fmt.Sprintf("muxdemux: peer does not pause: %d bytes wait, of Config.Limit %d; each value counts %d more",
		e.Held, e.Limit, valueCost)
}

// Is reports whether target is ErrOverrun.
func (e *OverrunError) Is(target error) bool { return target == ErrOverrun }

// maxText is how much of an error's text is sent, in bytes.
const maxText = 1 << 10

// payload says cause in JSON, for an error event.
func payload(cause error) json.RawMessage {
	var se *StreamError
	text := ""
	if errors.As(cause, &se) && se.Data != nil {
		if data, err := compact(se.Data); err == nil {
			return data
		}
	}
	switch {
	case se != nil:
		text = se.Text
	case errors.Is(cause, pull.ErrStopped):
		text = "stopped"
	case errors.As(cause, new(*pull.PanicError)):
		text = "panic" // its stack is nobody's business
	default:
		text = cause.Error()
	}
	return appendString(nil, text[:min(len(text), maxText)])
}

// eventError makes an error of what an error event brought.
func eventError(arg json.RawMessage) *StreamError {
	e := &StreamError{Data: arg}
	var fields struct {
		Message string `json:"message"`
	}
	switch {
	case json.Unmarshal(arg, &e.Text) == nil && strings.HasPrefix(string(arg), `"`):
		e.Data = nil
	case json.Unmarshal(arg, &fields) == nil:
		e.Text = fields.Message
	}
	return e
}
