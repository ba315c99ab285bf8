//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// appendFlag has every write go to the end of the file.
const appendFlag = os.O_APPEND

// fileID names a file by device and inode.
func fileID(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%x:%x", uint64(st.Dev), uint64(st.Ino))
}

// flock takes the file's lock, which ends with its last descriptor. It reports
// whether it got it.
func flock(fd uintptr, exclusive bool) (bool, error) {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	for {
		err := syscall.Flock(int(fd), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, err
		}
	}
}

// setModTime sets when a file was modified, and read, to the microsecond.
func setModTime(fd uintptr, t time.Time) error {
	tv := syscall.NsecToTimeval(t.UnixNano())
	return syscall.Futimes(int(fd), []syscall.Timeval{tv, tv})
}
