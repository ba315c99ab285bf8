package websock

import (
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
)

// NetConn is the view of c as a net.Conn, for what needs one: package mux, or
// crypto/tls. A Write is one message for each 32 KiB, so what writes small
// pieces should gather them first. A second view is a closed connection.
//
// The pump is the one who reads, so that a read deadline disturbs nothing. A
// write cannot be taken back: when its deadline passes the connection is cut.
// CloseWrite sends our end, and Close closes with code 1000, after which the
// peer reads io.EOF; after SetLinger(0) it cuts instead, and the peer's read
// fails. Close waits as [Conn.Close] does. Read, Write and the rest may be
// called by different goroutines; two Reads, as two Writes, follow each other.
func (c *Conn) NetConn() net.Conn {
	n := &netConn{
		c: c, read: newDeadline(), write: newDeadline(),
		closed: make(chan struct{}), writing: make(chan struct{}, 1),
	}
	if !c.view(websocket.MessageBinary, false) {
		n.once.Do(func() { close(n.closed) })
	}
	return n
}

type netConn struct {
	c           *Conn
	read, write *deadline
	closed      chan struct{}
	once        sync.Once

	readMu sync.Mutex
	rest   []byte // of the last chunk

	writing chan struct{} // 1 slot; Close and the deadlines end who has it, so never take it
	ended   bool          // CloseWrite has sent our end

	mu    sync.Mutex
	abort bool // SetLinger(0)
}

// Read reads what has come, in the order it came.
func (n *netConn) Read(p []byte) (int, error) {
	n.readMu.Lock()
	defer n.readMu.Unlock()
	late := n.read.wait()
	switch {
	case isDone(n.closed):
		return 0, net.ErrClosed
	case isDone(late):
		return 0, os.ErrDeadlineExceeded
	case len(p) == 0:
		return 0, nil
	}
	if len(n.rest) == 0 {
		if err := n.fill(late); err != nil {
			return 0, err
		}
	}
	m := copy(p, n.rest)
	n.rest = n.rest[m:]
	return m, nil
}

func (n *netConn) fill(late <-chan struct{}) (err error) {
	select {
	case n.rest = <-n.c.in:
		return nil
	case <-late:
		return os.ErrDeadlineExceeded
	case <-n.closed:
		return net.ErrClosed
	case <-n.c.ended:
		return n.c.end
	case <-n.c.dead:
	}
	if isDone(n.c.ended) {
		return n.c.end
	}
	return cutError(n.c.why())
}

// Write writes p in messages of at most 32 KiB. After CloseWrite it fails with
// [io.ErrClosedPipe].
func (n *netConn) Write(p []byte) (written int, err error) {
	n.writing <- struct{}{}
	defer func() { <-n.writing }()
	defer n.write.watch(n.cutLate)()
	if n.ended && !isDone(n.closed) {
		return 0, io.ErrClosedPipe
	}
	for len(p) > 0 {
		m := min(len(p), pump.Size)
		if err := n.send(websocket.MessageBinary, p[:m]); err != nil {
			return written, err
		}
		p, written = p[m:], written+m
	}
	return written, nil
}

// CloseWrite sends our end, unless it has; nothing may be written after it. The
// write deadline is for it too.
func (n *netConn) CloseWrite() error {
	n.writing <- struct{}{}
	defer func() { <-n.writing }()
	defer n.write.watch(n.cutLate)()
	if n.ended && !isDone(n.closed) {
		return nil
	}
	if err := n.send(n.c.control(), []byte(endWord)); err != nil {
		return err
	}
	n.ended = true
	return nil
}

// cutLate cuts because the write deadline has passed, and does not wait.
func (n *netConn) cutLate() { n.c.cutSoon(os.ErrDeadlineExceeded) }

// send writes one message, unless it is too late for that. Its caller has
// the slot and watches the deadline.
func (n *netConn) send(kind websocket.MessageType, p []byte) error {
	switch {
	case isDone(n.closed):
		return net.ErrClosed
	case isDone(n.write.wait()):
		return os.ErrDeadlineExceeded
	}
	err := n.c.write(kind, p)
	if err != nil && isDone(n.closed) {
		return net.ErrClosed
	}
	return err
}

// Close closes the connection, and interrupts whoever reads or writes.
func (n *netConn) Close() error {
	first := false
	n.once.Do(func() { first = true; close(n.closed) })
	if !first {
		return net.ErrClosed
	}
	n.mu.Lock()
	abort := n.abort
	n.mu.Unlock()
	cause := error(&CloseError{Code: CodeNormal})
	if abort {
		cause = pull.ErrStopped
	}
	n.c.Close(cause)
	return nil
}

// SetLinger with 0 makes Close cut; other values undo that.
func (n *netConn) SetLinger(sec int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.abort = sec == 0
	return nil
}

// LocalAddr returns the address of the connection below.
func (n *netConn) LocalAddr() net.Addr {
	if n.c.link.conn == nil {
		return addr{}
	}
	return n.c.link.conn.LocalAddr()
}

// RemoteAddr returns the peer's address, or the last proxy's.
func (n *netConn) RemoteAddr() net.Addr {
	if n.c.link.conn == nil {
		return addr{}
	}
	return n.c.link.conn.RemoteAddr()
}

// SetDeadline sets both deadlines.
func (n *netConn) SetDeadline(t time.Time) error {
	n.read.set(t)
	n.write.set(t)
	return nil
}

// SetReadDeadline sets the deadline of reads, of the one under way too.
func (n *netConn) SetReadDeadline(t time.Time) error {
	n.read.set(t)
	return nil
}

// SetWriteDeadline sets the deadline of writes, of the one under way too.
func (n *netConn) SetWriteDeadline(t time.Time) error {
	n.write.set(t)
	return nil
}

// addr is the address of what has none, such as the body of an unknown
// http.RoundTripper.
type addr struct{}

// Network returns what is there instead.
func (addr) Network() string { return "websocket" }

// String returns the same.
func (addr) String() string { return "websocket" }

// A deadline closes a channel at a time that can be changed.
type deadline struct {
	mu    sync.Mutex
	late  chan struct{} // closed when it has passed
	timer *time.Timer
	fire  func() // of the write under way
}

func newDeadline() *deadline { return &deadline{late: make(chan struct{})} }

// wait returns a channel that is closed when the deadline has passed. A later
// set that moves it is seen, unless it has passed.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.late
}

// watch has fire called when the deadline passes, until stop is called.
func (d *deadline) watch(fire func()) (stop func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fire = fire
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.fire = nil
	}
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if isDone(d.late) {
		d.late = make(chan struct{})
	}
	switch wait := time.Until(t); {
	case t.IsZero():
	case wait <= 0:
		d.pass()
	default:
		var own *time.Timer
		own = time.AfterFunc(wait, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.timer == own { // else it was moved meanwhile
				d.pass()
			}
		})
		d.timer = own
	}
}

// pass is called with mu held, as fire must not wait.
func (d *deadline) pass() {
	close(d.late)
	if d.fire != nil {
		d.fire()
		d.fire = nil
	}
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
