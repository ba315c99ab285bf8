//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The socket of a holder is for its own user, whatever its permissions say.
func TestOnlyTheSameUserIsServed(t *testing.T) {
	// An abstract one has no permissions, nor a folder that must be open to all.
	name := fmt.Sprintf("@weir-test-%d", os.Getpid())
	ln, err := net.Listen("unix", name)
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	accepted := func() net.Conn {
		conn, err := ln.Accept()
		require.NoError(t, err)
		return conn
	}

	own, err := net.Dial("unix", name)
	require.NoError(t, err)
	assert.True(t, sameUser(own))
	assert.True(t, sameUser(accepted()))
	pipe, _ := net.Pipe()
	assert.False(t, sameUser(pipe), "nobody knows who is there")

	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	connected := make(chan error, 1)
	go func() { connected <- connectAs(65534, name) }()
	require.NoError(t, <-connected)
	assert.False(t, sameUser(accepted()))
}

// connectAs connects as another user, on a thread that ends with its goroutine.
func connectAs(uid uintptr, name string) error {
	runtime.LockOSThread()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, uid, uid, uid); errno != 0 {
		return errno
	}
	return syscall.Connect(fd, &syscall.SockaddrUnix{Name: name})
}
