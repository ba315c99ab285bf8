package chaos

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A Conn is one end of a connection with links as its [Config] says. It is a
// net.Conn, and all its methods may be called by several goroutines at once.
type Conn struct {
	out, in       *Line
	seed          uint64
	local, remote net.Addr
	beneath       *beneath // nil in a Pair

	close  func() error // once
	mu     sync.Mutex
	abrupt bool // SetLinger(0)
}

// Pair returns the two ends of a connection in memory: what a writes takes
// cfg.Out, what b writes cfg.In. No goroutine runs. Both ends must be closed;
// what is still under way from an end that was closed arrives all the same.
// Pair panics if a value of cfg is out of range.
func Pair(cfg Config) (a, b *Conn) {
	cfg = cfg.seeded()
	there, back := newLine(cfg.Out, cfg.Seed, 0), newLine(cfg.In, cfg.Seed, 1)
	join(there, back)
	a = newConn(there, back, cfg.Seed, address("a"), address("b"))
	b = newConn(back, there, cfg.Seed, address("b"), address("a"))
	return a, b
}

func newConn(out, in *Line, seed uint64, local, remote net.Addr) *Conn {
	c := &Conn{out: out, in: in, seed: seed, local: local, remote: remote}
	c.close = sync.OnceValue(c.closeOnce)
	return c
}

// address is the name of an end of a Pair.
type address string

// Network returns the name of a network that is none.
func (a address) Network() string { return "chaos" }

// String returns the name.
func (a address) String() string { return string(a) }

// Seed returns what the random choices come from: print it when a test fails.
func (c *Conn) Seed() uint64 { return c.seed }

// Out returns the direction in which this end writes; of a Pair, it is the In
// of the other end.
func (c *Conn) Out() *Line { return c.out }

// In returns the direction in which this end reads.
func (c *Conn) In() *Line { return c.in }

// Cut ends both directions at once, as a fault of that [Kind] does, and loses
// what has not arrived.
func (c *Conn) Cut() { c.severBoth(Fault{Kind: Cut}) }

// Reset is like Cut, but readers and writers of both ends get err; nil means
// ECONNRESET. What lies beneath a Wrap is reset.
func (c *Conn) Reset(err error) { c.severBoth(Fault{Kind: Reset, Err: err}) }

func (c *Conn) severBoth(f Fault) {
	c.in.sever(f.ends())
	c.out.sever(f.ends())
}

// Read returns what has arrived, one byte at least, or io.EOF at the end. It
// fails with net.ErrClosed after Close and with os.ErrDeadlineExceeded, both
// in a net.OpError, as does what faults bring.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.failed("read", shown(err))
}

// Write returns when all of p was taken. It fails as Read does, and with EPIPE
// after CloseWrite, a cut or the peer's Close.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.failed("write", shown(err))
}

// failed makes an error look as that of a socket.
func (c *Conn) failed(op string, err error) error {
	switch e := err.(type) {
	case nil, *net.OpError:
		return err
	case syscall.Errno:
		err = os.NewSyscallError(op, e)
	}
	if err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: c.local.Network(), Source: c.local, Addr: c.remote, Err: err}
}

// CloseWrite ends this end's writing: the peer gets io.EOF behind what was
// written. Reading goes on. It returns net.ErrClosed after Close. If what lies
// beneath a Wrap cannot close one direction, its peer sees the end at Close.
func (c *Conn) CloseWrite() error {
	if c.out.isLeft() {
		return c.failed("close", net.ErrClosed)
	}
	c.out.closeWrite(false)
	return nil
}

// SetLinger makes Close reset the connection if sec is 0, and otherwise undoes
// that; as with a net.TCPConn, what is under way is lost then.
func (c *Conn) SetLinger(sec int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abrupt = sec == 0
	return nil
}

// Close ends both directions, and calls that are blocked fail with
// net.ErrClosed. What was written still arrives, followed by the end, and the
// peer's writes fail with EPIPE. Close may be called more than once; of a Pair
// it does not block.
//
// With a Wrap, Close waits for what was written to go through the connection
// beneath, which may take as long as the link does and a second more; what
// cannot go through by then, because of a stall say, is lost and that
// connection is reset. Close waits for all goroutines, and returns what the
// Close beneath does.
func (c *Conn) Close() error { return c.close() }

func (c *Conn) closeOnce() error {
	c.mu.Lock()
	abrupt := c.abrupt && !c.out.isSilent()
	c.mu.Unlock()
	if abrupt {
		c.Reset(nil)
	}
	if c.beneath != nil {
		return c.closeBeneath()
	}
	c.in.closeRead(c.out.closeWrite(true) && !abrupt)
	return nil
}

// LocalAddr returns the address of this end, which is made up in a Pair.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end, made up in a Pair.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines. All three fail only after Close.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setDeadlines(t, c.in.setReadBy, c.out.setWriteBy)
}

// SetReadDeadline fails reads from t on with os.ErrDeadlineExceeded, blocked
// ones too; the zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.setDeadlines(t, c.in.setReadBy)
}

// SetWriteDeadline is the same for writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.setDeadlines(t, c.out.setWriteBy)
}

func (c *Conn) setDeadlines(t time.Time, set ...func(time.Time)) error {
	if c.out.isLeft() {
		return c.failed("set", net.ErrClosed)
	}
	for _, f := range set {
		f(t)
	}
	return nil
}

func (l *Line) setReadBy(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readBy = l.at(t)
	l.canRead.open()
}

func (l *Line) setWriteBy(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writeBy = l.at(t)
	l.canWrite.open()
}

func (l *Line) isLeft() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left
}

func (l *Line) isSilent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent
}
