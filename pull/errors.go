package pull

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// Errors of the contract itself.
var (
	// ErrStopped is the cause of an abort that is no failure: whoever read
	// wants no more. A nil or io.EOF cause is read as ErrStopped.
	ErrStopped = errors.New("pull: stopped")

	// ErrOverlap is returned to the second of two overlapping calls by sources
	// that hold a token. It is not the source's end.
	ErrOverlap = errors.New("pull: overlapping calls to one source")
)

// A ReleaseError says that a source ended for Cause, and that releasing what
// it held failed with Err. It matches both under errors.Is and errors.As,
// except that a clean end (Cause == io.EOF) is never matched.
type ReleaseError struct {
	Cause error // why the source was ending
	Err   error // what went wrong in releasing; never nil
}

// Error returns the release failure, and the cause in brackets.
func (e *ReleaseError) Error() string {
	return fmt.Sprintf("pull: release failed: %v (ending because: %v)", e.Err, e.Cause)
}

// Unwrap returns Err and, unless it is io.EOF, Cause.
func (e *ReleaseError) Unwrap() []error {
	if e.Cause == nil || e.Cause == io.EOF {
		return []error{e.Err}
	}
	return []error{e.Err, e.Cause}
}

// A PanicError is a panic of a user's function that became an error, or the
// cause with which a panicking sink aborted its source.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // the goroutine's stack at recovery
}

// NewPanicError wraps a recovered value with the current stack. Call it in the
// deferred function that recovered.
func NewPanicError(value any) *PanicError {
	return &PanicError{Value: value, Stack: debug.Stack()}
}

// Error returns the panic value and, on further lines, the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("pull: panic: %v\n%s", e.Value, e.Stack) }

// Unwrap returns the panic value where it is an error other than io.EOF.
func (e *PanicError) Unwrap() error {
	if err, ok := e.Value.(error); ok && err != io.EOF {
		return err
	}
	return nil
}
