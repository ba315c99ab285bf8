package secure

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
)

// A Conn is an encrypted connection to a peer that was accepted. It is a
// net.Conn: its methods may be called from several goroutines at once.
type Conn struct {
	tls  *tls.Conn
	raw  net.Conn
	peer PeerID
}

// Peer returns who is on the other side.
func (c *Conn) Peer() PeerID { return c.peer }

// Duplex makes a duplex of chunks of c, which owns c from then on; see
// [netconn.New] for how its halves end. A clean end of the sink is an end that
// the peer can tell from a cut.
func (c *Conn) Duplex() duplex.Duplex[[]byte, []byte] { return netconn.New(c) }

// Read returns what the peer has written. It returns io.EOF only when the peer
// has ended its direction, with CloseWrite or Close; when the connection ends
// without that, it returns io.ErrUnexpectedEOF. What was tampered with is an
// [Error] with [ErrTampered], one with [ErrAlert] says that the peer found
// something; then Read fails the same way for ever. Other errors are those of
// the connection, also for a deadline.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.tls.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	reason, detail := diagnose(err)
	if reason == nil {
		return n, detail
	}
	return n, &Error{Op: "read", Reason: reason, Err: detail}
}

// Write encrypts and writes p. After CloseWrite it fails; after a failure,
// that of a deadline included, nothing more is written. When a Read has found
// that something was tampered with, the error matches [ErrTampered] too.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.tls.Write(p)
	return n, writeFailure(err)
}

// writeFailure leaves alone what is about this side: that it has closed.
func writeFailure(err error) error {
	var conn *rawError
	var alert *net.OpError
	switch {
	case errors.As(err, &conn):
		return conn.err
	case errors.As(err, &alert) && alert.Op == "local error":
		return &Error{Op: "write", Reason: ErrTampered, Err: alert.Err}
	}
	return err
}

// CloseWrite ends this side's direction: the peer reads what was written, then
// io.EOF. The other direction stays open. It takes at most 5 s.
func (c *Conn) CloseWrite() error { return writeFailure(c.tls.CloseWrite()) }

// Close ends both directions, as CloseWrite ends one, and closes the
// connection; what the peer still sends is lost. Beside a Write that is under
// way it does not say that anything ended. To close without saying so, close
// what NetConn returns.
func (c *Conn) Close() error { return writeFailure(c.tls.Close()) }

// NetConn returns the connection under TLS. Reading it or writing to it breaks
// c.
func (c *Conn) NetConn() net.Conn { return c.raw }

// ConnectionState returns what TLS agreed upon.
func (c *Conn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// LocalAddr returns the address of this side.
func (c *Conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr returns the address of the other side.
func (c *Conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// SetDeadline sets both deadlines, as in net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.tls.SetDeadline(t) }

// SetReadDeadline sets the deadline of reads. One that has passed does not
// spoil c: reads go on after it was set anew.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.tls.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline of writes. A write that fails by it is the
// last one, since half a record may have been written.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.tls.SetWriteDeadline(t) }
