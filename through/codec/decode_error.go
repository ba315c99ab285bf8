package codec

import (
	"errors"
	"fmt"
	"io"
)

// ErrTooLarge is matched when input holds, or would become, more than is
// allowed.
var ErrTooLarge = errors.New("codec: too large")

// A SizeError says that a value, or all that is decompressed, is larger than
// allowed. It matches [ErrTooLarge].
type SizeError struct {
	Format string // what was read, such as "gzip"
	Max    int64  // the bound in bytes
	Offset int64  // where the value begins in the input; of decompressing: in the output
}

// Error returns the format, the bound and the offset.
func (e *SizeError) Error() string {
	return fmt.Sprintf("%v: %s at byte %d, at most %d bytes allowed",
		ErrTooLarge, e.Format, e.Offset, e.Max)
}

// Unwrap returns ErrTooLarge.
func (e *SizeError) Unwrap() error { return ErrTooLarge }

// A DecodeError says that input is not of its format. It matches what Err does.
type DecodeError struct {
	Format string // what was read, such as "gzip"
	Offset int64  // in bytes, of the value that was refused, or how far reading had come
	Err    error  // why; never io.EOF
}

// Error returns the format, the offset and the reason.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("codec: %s at byte %d: %v", e.Format, e.Offset, e.Err)
}

// Unwrap returns Err.
func (e *DecodeError) Unwrap() error { return e.Err }

// malformed makes a DecodeError of a decoder's error, except of truncation.
func malformed(format string, offset int64, err error) error {
	if err == io.ErrUnexpectedEOF {
		return err
	}
	return &DecodeError{Format: format, Offset: offset, Err: notEOF(err)}
}

var errShort = errors.New("ended too soon")

// notEOF is err, unless that is or wraps io.EOF, which must not be found in a
// failure: a decoder has it of what is inside a value, or a method of the
// user's has returned it.
func notEOF(err error) error {
	switch {
	case err == io.EOF:
		return errShort
	case errors.Is(err, io.EOF):
		return errors.New(err.Error())
	}
	return err
}

// excuse asks f whether to go on in spite of err, and returns nil if so.
func excuse(f func(error) error, err error) error {
	if f == nil {
		return err
	}
	return notEOF(f(err))
}
