package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"syscall"
	"time"
	"unsafe"
)

// appendFlag is 0: a file that is only appended to cannot be cut. Writes go
// where reading ended.
const appendFlag = 0

// fileID names a file by when it was created, which is told to 100 ns.
func fileID(info fs.FileInfo) string {
	attr, ok := info.Sys().(*syscall.Win32FileAttributeData)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%x", attr.CreationTime.Nanoseconds())
}

// setModTime sets when a file was modified.
func setModTime(fd uintptr, t time.Time) error {
	ft := syscall.NsecToFiletime(t.UnixNano())
	return syscall.SetFileTime(syscall.Handle(fd), nil, nil, &ft)
}

const (
	lockFailImmediately = 1
	lockExclusive       = 2
	errorLockViolation  = syscall.Errno(33)
)

// flock locks one byte far behind any file's end, since a lock here keeps
// others from reading what it covers.
func flock(fd uintptr, exclusive bool) (bool, error) {
	flags := uintptr(lockFailImmediately)
	if exclusive {
		flags |= lockExclusive
	}
	at := syscall.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxInt32}
	lock := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	ok, _, err := lock.Call(fd, flags, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	switch {
	case ok != 0:
		return true, nil
	case errors.Is(err, errorLockViolation), errors.Is(err, syscall.ERROR_IO_PENDING):
		return false, nil
	}
	return false, err
}
