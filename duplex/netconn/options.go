package netconn

import (
	"net"
	"syscall"
	"time"
)

// What Tune sets.
const (
	keepAlive    = 15 * time.Second
	notsentLowat = 128 << 10 // bytes
)

// Tune sets the socket options of a TCP connection that [Dial] and [Listener]
// set, for one that was made otherwise. It looks through what has a NetConn
// method, such as TLS, and does nothing to any other connection.
//
//   - TCP_NODELAY: what is written leaves at once
//   - keepalive: after 15 s of silence a probe goes out every 15 s, and the
//     ninth without an answer ends the connection
//   - TCP_NOTSENT_LOWAT of 128 KiB, on Linux only: so little waits in the system
//     for its turn, beyond what is under way, that what is written next is not
//     late by seconds on a slow link
//
// It returns the first error of the system. Dial and Listener leave it be, as a
// connection works without.
func Tune(c net.Conn) error {
	t, ok := tcpOf(c)
	if !ok {
		return nil
	}
	if err := t.SetNoDelay(true); err != nil {
		return err
	}
	err := t.SetKeepAliveConfig(net.KeepAliveConfig{
		Enable: true, Idle: keepAlive, Interval: keepAlive, Count: 9,
	})
	if err != nil {
		return err
	}
	return control(t, setLowat)
}

// SetUserTimeout fails a TCP connection (TCP_USER_TIMEOUT, RFC 5482) whose peer
// has not taken what was sent for d, rounded up to milliseconds; 0 means the
// system's own idea, some 15 minutes. Tune does not set it: a healthy peer that
// does not read for so long, so that its window is closed, is failed as well,
// and that is how backpressure looks. It suits a protocol that always reads,
// such as mux: 30 s find a peer that is gone while data is on its way, which
// keepalive does not look for.
//
// It does nothing where Tune does nothing, and on other systems than Linux. It
// returns the system's error, and there EINVAL for a d below 0 or over 24 days.
func SetUserTimeout(c net.Conn, d time.Duration) error {
	t, ok := tcpOf(c)
	if !ok {
		return nil
	}
	return control(t, func(fd int) error { return setUserTimeout(fd, d) })
}

// tcpOf finds the TCP connection beneath c.
func tcpOf(c net.Conn) (*net.TCPConn, bool) {
	for {
		switch outer := c.(type) {
		case *net.TCPConn:
			return outer, true
		case interface{ NetConn() net.Conn }:
			c = outer.NetConn()
		default:
			return nil, false
		}
	}
}

// control runs f on the socket of c.
func control(c syscall.Conn, f func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) { err = f(int(fd)) })
	if cerr != nil {
		return cerr
	}
	return err
}
