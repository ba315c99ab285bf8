package main

import (
	"net"
	"os"
	"syscall"
)

// sameUser reports whether the process at the other end of a Unix socket runs
// as the same user as this one.
func sameUser(conn net.Conn) bool {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	var cred *syscall.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	return err == nil && credErr == nil && int(cred.Uid) == os.Getuid()
}
