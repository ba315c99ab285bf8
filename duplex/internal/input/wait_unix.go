//go:build linux || darwin

package input

import (
	"os"
	"syscall"
)

const canWait = true

// maxSelect is how many file descriptors select can wait for.
const maxSelect = 1024

// wait returns once f can be read without waiting, or at its end, or the bell
// rings. Where the system cannot say, it returns at once, and the read waits.
func wait(f, bell *os.File) (rings bool) {
	in(f, func(fd int) {
		in(bell, func(wake int) { rings = waitFor(fd, wake) })
	})
	return rings
}

// in runs do with the file's descriptor, which is not closed meanwhile. Its
// method Fd would change how the file is read.
func in(f *os.File, do func(fd int)) {
	if c, err := f.SyscallConn(); err == nil {
		_ = c.Control(func(fd uintptr) { do(int(fd)) }) // or the read will say
	}
}

func waitFor(fd, wake int) (rings bool) {
	if fd >= maxSelect || wake >= maxSelect {
		return false
	}
	for {
		var set syscall.FdSet
		bits := maxSelect / len(set.Bits)
		for _, fd := range []int{fd, wake} {
			set.Bits[fd/bits] |= 1 << (fd % bits)
		}
		switch err := selectRead(max(fd, wake)+1, &set); err {
		case nil:
			return set.Bits[wake/bits]&(1<<(wake%bits)) != 0
		case syscall.EINTR:
		default:
			return false
		}
	}
}
