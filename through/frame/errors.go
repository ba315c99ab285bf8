package frame

import (
	"errors"
	"fmt"
)

// What a message is refused for.
var (
	// ErrTooLarge is matched when a message or a line is over the bound.
	ErrTooLarge = errors.New("frame: too large")

	// ErrChecksum is matched when a frame is not what was written.
	ErrChecksum = errors.New("frame: checksum differs")

	// ErrLength is matched when a length prefix is not a minimal varint of at
	// most 64 bits, so what follows is no frame.
	ErrLength = errors.New("frame: malformed length")
)

// A TooLargeError says that a message is longer than allowed. It matches
// [ErrTooLarge].
type TooLargeError struct {
	Len    uint64 // the length that was claimed, or that the message has, in bytes
	Max    int    // the bound in bytes
	Offset int64  // where the frame begins in the encoded stream, in bytes
}

// Error returns the length, the bound and the offset.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%v: %d bytes at offset %d, at most %d allowed",
		ErrTooLarge, e.Len, e.Offset, e.Max)
}

// Unwrap returns ErrTooLarge.
func (e *TooLargeError) Unwrap() error { return ErrTooLarge }

// A ChecksumError says that a frame was damaged. It matches [ErrChecksum].
type ChecksumError struct {
	Offset int64  // where the frame begins in the stream, in bytes
	Want   uint32 // the checksum the frame carries
	Got    uint32 // the checksum of what arrived
}

// Error returns both checksums and the offset.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%v: %08x, not %08x, in the frame at offset %d",
		ErrChecksum, e.Got, e.Want, e.Offset)
}

// Unwrap returns ErrChecksum.
func (e *ChecksumError) Unwrap() error { return ErrChecksum }

// A LengthError says that no frame begins where one should. It matches
// [ErrLength].
type LengthError struct {
	Offset int64 // where the frame should begin in the stream, in bytes
}

// Error returns the offset.
func (e *LengthError) Error() string {
	return fmt.Sprintf("%v in the frame at offset %d", ErrLength, e.Offset)
}

// Unwrap returns ErrLength.
func (e *LengthError) Unwrap() error { return ErrLength }

// A LineError says that a line is longer than allowed. It matches
// [ErrTooLarge].
type LineError struct {
	Line int64 // the line's number, from 1
	Max  int   // the bound in bytes, without the line's end
}

// Error returns the line's number and the bound.
func (e *LineError) Error() string {
	return fmt.Sprintf("%v: line %d is longer than %d bytes", ErrTooLarge, e.Line, e.Max)
}

// Unwrap returns ErrTooLarge.
func (e *LineError) Unwrap() error { return ErrTooLarge }

// at puts the stream offset into an error of [Parse].
func at(err error, offset int64) error {
	switch e := err.(type) {
	case *TooLargeError:
		e.Offset = offset
	case *ChecksumError:
		e.Offset = offset
	case *LengthError:
		e.Offset = offset
	}
	return err
}
