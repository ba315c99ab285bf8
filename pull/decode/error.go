package decode

import (
	"context"
	"fmt"
	"io"

	"github.com/weir-go/weir/pull"
)

// An Error is input that could not be read or decoded.
type Error struct {
	Format string // "json", "csv", "xml" or "lines"
	Offset int64  // bytes of the input before the place where it was noticed; -1: unknown
	Err    error  // of the decoder, or of its reader
}

// Error says what, where and why.
func (e *Error) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("decode: %s: %v", e.Format, e.Err)
	}
	return fmt.Sprintf("decode: %s: byte %d: %v", e.Format, e.Offset, e.Err)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// source is the source of what next returns, with its errors as an Error.
func source[T any](format string, offset func() int64, next func() (T, error)) pull.Source[T] {
	return pull.From(func(context.Context) (T, error) {
		v, err := next()
		if err == nil || err == io.EOF {
			return v, err
		}
		var zero T
		return zero, &Error{Format: format, Offset: offset(), Err: err}
	}, nil)
}
