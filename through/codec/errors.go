package codec

import (
	"errors"
	"fmt"
	"io"

	"github.com/weir-go/weir/through/frame"
)

// A LineError says which line was refused, and why. It matches what Err does,
// and [ErrTooLarge] where the line is too long.
type LineError struct {
	Line int64 // the line's number, from 1; blank lines count
	// Err is an error of encoding/json, whose offsets count from the start of
	// the line, a frame.UTF8Error, whose offset counts from the start of the
	// stream, or a frame.LineError. It matches io.ErrUnexpectedEOF if the line
	// is the beginning of a value, as a cut leaves it.
	Err error
}

// Error returns the line's number and the reason.
func (e *LineError) Error() string {
	if long, ok := e.Err.(*frame.LineError); ok { // which says the number again
		return fmt.Sprintf("codec: line %d: longer than %d bytes", e.Line, long.Max)
	}
	return fmt.Sprintf("codec: line %d: %v", e.Line, e.Err)
}

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// Is says that a line which is too long is too large.
func (e *LineError) Is(target error) bool {
	return target == ErrTooLarge && errors.Is(e.Err, frame.ErrTooLarge)
}

// refused makes a LineError.
func refused(line int64, err error) *LineError {
	return &LineError{Line: line, Err: notEOF(err)}
}

// cutError is what was wrong with a line that may have been cut off.
type cutError struct{ err error }

func (e *cutError) Error() string   { return e.err.Error() }
func (e *cutError) Unwrap() []error { return []error{e.err, io.ErrUnexpectedEOF} }
