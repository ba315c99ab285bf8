//go:build unix

package netconn

import (
	"net"
	"syscall"
)

// gone reports whether c was connected and is no more, in either direction.
func gone(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	cerr := raw.Control(func(fd uintptr) { _, err = syscall.Getpeername(int(fd)) })
	return cerr == nil && err != nil
}
