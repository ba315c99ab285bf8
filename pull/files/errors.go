package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/weir-go/weir/through/frame"
)

// failure says what was done to which path, once: errors of the file system
// mostly name it already.
func failure(op, path string, err error) error {
	if err == nil {
		return nil
	}
	var at *fs.PathError
	if errors.As(err, &at) && at.Path == path {
		return fmt.Errorf("files: %w", notEOF(err))
	}
	return fmt.Errorf("files: %s %s: %w", op, path, notEOF(err))
}

// notEOF is err, unless that is or wraps io.EOF: only a source's end may.
func notEOF(err error) error {
	switch {
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %v", io.ErrUnexpectedEOF, err)
	}
	return err
}

// ErrSeparator is matched when [SplitBackward] is given a separator that can
// overlap itself.
var ErrSeparator = errors.New("files: separator can overlap itself")

// What [Follow] meets.
var (
	// ErrRotated is matched when another file has come in the place of the one
	// that is followed.
	ErrRotated = errors.New("another file is in its place")

	// ErrTruncated is matched when a file is shorter than what was read of it.
	ErrTruncated = errors.New("files: truncated")
)

// A TruncatedError says that a file has become shorter than what [Follow] has
// read of it, or is shorter than the offset to begin at. It matches
// [ErrTruncated].
type TruncatedError struct {
	Path   string // Path is the file that is followed
	Size   int64  // of the file, in bytes
	Offset int64  // how far it was read, in bytes
}

// Error returns all three.
func (e *TruncatedError) Error() string {
	return fmt.Sprintf("%v: %s has %d bytes, of which %d were read",
		ErrTruncated, e.Path, e.Size, e.Offset)
}

// Unwrap returns ErrTruncated.
func (e *TruncatedError) Unwrap() error { return ErrTruncated }

// A TooLongError says that a line, or a message, of a file is longer than
// allowed. It matches [frame.ErrTooLarge].
type TooLongError struct {
	Path string // Path is the file that is read
	End  int64  // where it ends in the file, in bytes, without what ends it
	Max  int    // the bound in bytes
}

// Error returns all three.
func (e *TooLongError) Error() string {
	return fmt.Sprintf("files: %s: what ends at byte %d is longer than %d bytes",
		e.Path, e.End, e.Max)
}

// Unwrap returns frame.ErrTooLarge.
func (e *TooLongError) Unwrap() error { return frame.ErrTooLarge }
