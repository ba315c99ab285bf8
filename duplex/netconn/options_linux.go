package netconn

import (
	"math"
	"os"
	"syscall"
	"time"
)

// The numbers of options that package syscall lacks on most architectures.
const (
	tcpUserTimeout  = 0x12
	tcpNotsentLowat = 0x19
)

func setLowat(fd int) error {
	err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpNotsentLowat, notsentLowat)
	return os.NewSyscallError("setsockopt", err)
}

func setUserTimeout(fd int, d time.Duration) error {
	if d < 0 || d > math.MaxInt32*time.Millisecond {
		return os.NewSyscallError("setsockopt", syscall.EINVAL)
	}
	ms := (d + time.Millisecond - 1).Milliseconds()
	err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpUserTimeout, int(ms))
	return os.NewSyscallError("setsockopt", err)
}
