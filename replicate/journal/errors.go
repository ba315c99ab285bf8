package journal

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/weir-go/weir/replicate"
)

// Errors of opening a file.
var (
	// ErrLocked is matched by a [LockedError].
	ErrLocked = errors.New("journal: in use")
	// ErrNotReplica is matched by a [NotReplicaError].
	ErrNotReplica = errors.New("journal: not a replica's file")
)

// A LockedError says that another process, or another Journal of this one, has
// the file open. It matches [ErrLocked] and what ended the wait.
type LockedError struct {
	Path string // of the file
	Err  error  // why the wait ended: the context's cause
}

// Error names the file.
func (e *LockedError) Error() string {
	return fmt.Sprintf("journal: %s is in use by another process", e.Path)
}

// Is reports whether target is ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// Unwrap returns why the wait ended.
func (e *LockedError) Unwrap() error { return e.Err }

// A NotReplicaError says that a file is something else than a replica's own.
// It matches [ErrNotReplica].
type NotReplicaError struct {
	Path string // of the file
	Seen string // what it is, or how it begins
}

// Error names the file and what was seen.
func (e *NotReplicaError) Error() string {
	return fmt.Sprintf("journal: %s is not a replica's file: %s", e.Path, e.Seen)
}

// Is reports whether target is ErrNotReplica.
func (e *NotReplicaError) Is(target error) bool { return target == ErrNotReplica }

func irregular(path string) error { return &NotReplicaError{path, "it is no regular file"} }

// A CorruptError is damage that no crash explains. What is before Offset is
// good. It matches replicate.ErrCorrupt.
type CorruptError struct {
	Path   string // of the file
	Offset int64  // where the first bad frame begins, in bytes
	Err    error  // what is wrong there
	Head   bool   // it is so early that there is no prefix for Repair to keep
}

// Error names the file, the offset and what is wrong.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal: %s is damaged at byte %d: %v", e.Path, e.Offset, e.Err)
}

// Is reports whether target is replicate.ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == replicate.ErrCorrupt }

// Unwrap returns what is wrong at the offset.
func (e *CorruptError) Unwrap() error { return e.Err }

// ErrReplaced is what a WriteError matches when the file was deleted, or
// another put in its place, while it was open. What it held can still be read
// from the replica.
var ErrReplaced = errors.New("journal: the file was deleted or replaced")

// OpOpen is the step of a [WriteError] before which nothing was read or changed:
// the file could not be opened for writing.
const OpOpen = "open for writing"

// A WriteError says which step of writing a file failed. It matches what the
// file system returned, such as syscall.ENOSPC for a full disk.
type WriteError struct {
	Path string // of the file
	Op   string // OpOpen, "write", "sync", "find", "close" …
	Err  error  // what the file system returned
}

// Error names the step, the file and what failed.
func (e *WriteError) Error() string {
	return fmt.Sprintf("journal: %s %s: %v", e.Op, e.Path, bare(e.Err))
}

// Unwrap returns what the file system returned.
func (e *WriteError) Unwrap() error { return e.Err }

// bare is err without the operation and path that the file system put there.
func bare(err error) error {
	if at, ok := err.(*fs.PathError); ok {
		return at.Err
	}
	return err
}
