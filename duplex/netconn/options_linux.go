package netconn

import (
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
	err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpUserTimeout, int(d.Milliseconds()))
	return os.NewSyscallError("setsockopt", err)
}
