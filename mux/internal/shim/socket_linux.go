package shim

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// A socket is a connection by its file descriptor. What package net lacks is a
// write that does not wait, and a read into two places. One goroutine may read
// while another writes.
type socket struct {
	conn    net.Conn
	raw     syscall.RawConn
	in, out vector
}

// socketOf returns nil where conn is none, or where its methods may do more than
// the system calls: only types of package net are known not to.
func socketOf(conn net.Conn) *socket {
	var c syscall.Conn
	switch conn := conn.(type) {
	case *net.TCPConn:
		c = conn
	case *net.UnixConn:
		if conn.LocalAddr().Network() != "unix" {
			return nil // of packets, which must be read whole
		}
		c = conn
	default:
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{conn: conn, raw: raw}
	s.in = vector{op: syscall.SYS_READV, waits: true}
	s.out = vector{op: syscall.SYS_WRITEV}
	s.in.call, s.out.call = s.in.try, s.out.try // once, since each is an allocation
	return s
}

// read waits until something has arrived, and reads it into a and then into b,
// which may be empty.
func (s *socket) read(a, b []byte) (int, error) {
	s.in.set(a, b)
	if err := s.raw.Read(s.in.call); err != nil {
		return 0, err
	}
	switch n, errno := s.in.done(); {
	case errno != 0:
		at, from := s.conn.LocalAddr(), s.conn.RemoteAddr()
		return 0, &net.OpError{ // as its Read says it
			Op: "read", Net: at.Network(), Source: at, Addr: from,
			Err: os.NewSyscallError("read", errno),
		}
	case n == 0:
		return 0, io.EOF
	default:
		return n, nil
	}
}

// write writes as much of a and then b as there is room for. Why that was not
// all, a write that waits finds out.
func (s *socket) write(a, b []byte) int {
	s.out.set(a, b)
	if s.raw.Write(s.out.call) != nil {
		return 0
	}
	n, _ := s.out.done()
	return n
}

// A vector is a system call on two pieces of memory.
type vector struct {
	op    uintptr
	waits bool
	call  func(fd uintptr) bool
	parts [2]syscall.Iovec
	n     int
	errno syscall.Errno
}

func (v *vector) set(a, b []byte) {
	for i, p := range [...][]byte{a, b} {
		v.parts[i].Base = unsafe.SliceData(p)
		v.parts[i].SetLen(len(p))
	}
}

// try makes the system call; false has it made again once the socket is ready.
func (v *vector) try(fd uintptr) bool {
	for {
		n, _, errno := syscall.Syscall(
			v.op, fd, uintptr(unsafe.Pointer(&v.parts)), uintptr(len(v.parts)))
		if errno == syscall.EINTR {
			continue
		}
		if v.n, v.errno = int(n), errno; errno != 0 {
			v.n = 0
		}
		return errno != syscall.EAGAIN || !v.waits
	}
}

// done returns what came of it and lets go of the memory.
func (v *vector) done() (int, syscall.Errno) {
	v.parts = [2]syscall.Iovec{}
	return v.n, v.errno
}
