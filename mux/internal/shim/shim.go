// Package shim stands between yamux and the connection.
//
// yamux assumes a connection whose writes are quick and whose peer is
// friendly. The shim makes both true. Its Write appends to a buffer that one
// goroutine flushes, so that yamux never waits for the network; what may be
// appended is bounded above yamux, by [Conn.Reserve]. Its Read hands on only
// what it has checked. On a socket, large frames and window updates pass the
// buffer by where nothing waits in it: see direct.go.
//
// The bytes of streams do not pass yamux at all, which so has nothing to wait for
// nor to copy: those that arrive go to the [Handler], who says by [Conn.Grant]
// that they were read, and those that leave come by [Conn.Send]. What yamux does
// is to open and to close streams.
//
// No lock is held while a [Handler] is called.
package shim

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-go/weir/mux/internal/wire"
)

// Sizes in bytes.
const (
	Control       = 1         // id of the control stream
	InitialWindow = 256 << 10 // of each stream, before any window update
	Budget        = 128 << 10 // stream bytes waiting for the connection
	HeaderSize    = 12
	maxPiece      = 32 << 10 // one write to the connection
	maxWaiting    = 1 << 20  // bytes waiting for the connection, all kinds
	readBuffer    = 64 << 10
)

// ErrStalled says that the peer takes nothing of what must be sent at once.
var ErrStalled = wire.Errorf("peer does not take what must be sent at once")

// A Handler is told what passes. Its methods must not wait: they are called
// by the goroutines that carry everything else. They may call the Conn.
type Handler interface {
	// Opened is called when the SYN of a stream passes.
	Opened(id uint32, remote bool)
	// Acked is called when the peer has acknowledged a stream of ours.
	Acked(id uint32)
	// Data is called with bytes of a stream that have arrived. p is valid until
	// Data returns.
	Data(id uint32, p []byte) error
	// Space returns memory of n bytes or more for bytes of a stream that are about
	// to arrive. nil has them come by Data.
	Space(id uint32, n int) []byte
	// Keep is Data with bytes that are in memory which Space has returned: it
	// belongs to the handler again.
	Keep(id uint32, p []byte) error
	// Credit is called when the peer takes n more bytes of a stream.
	Credit(id uint32, n uint32)
	// Finished is called when the peer's FIN of a stream passes.
	Finished(id uint32) error
	// Forgotten is called when both FINs of a stream have passed.
	Forgotten(id uint32)
	// Failed is called when the connection can no longer be used. A read's
	// error comes after everything that was read before it.
	Failed(err error)
}

// An OpError is an operation on the connection that failed.
type OpError struct {
	Op  string // "read" or "write"
	Err error
}

// Error returns the operation and what went wrong.
func (e *OpError) Error() string { return e.Op + ": " + e.Err.Error() }

// A Config says which side a shim is on, and what it lets pass.
type Config struct {
	Client       bool
	WriteTimeout time.Duration // for each write to the connection; 0: none
	Streams      int           // of the peer, open at once
	Backlog      int           // of them, those that are not acknowledged
	First        []byte        // what was read of the frames before
}

// Conn is what yamux gets for a connection.
type Conn struct {
	conn   net.Conn
	h      Handler
	cfg    Config
	client bool
	piece  int     // bytes of one write to the connection
	socket *socket // nil: conn is none

	closed    chan struct{}
	closeOnce sync.Once
	closeErr  error
	flushed   chan struct{} // closed when the flusher has ended
	wake      chan struct{} // 1 slot: the flusher has something to do
	budget    budget

	received, sent atomic.Uint64 // bytes of the connection

	in   reader // owned by the one goroutine that calls Read
	idle meter  // owned by it as well

	mu         sync.Mutex
	flows      map[uint32]*flow
	highest    [2]uint32 // highest id opened: by us, by the peer
	open       int       // streams of the peer, but the control stream
	unacked    int       // of them, those that we have not acknowledged
	out        []byte    // whole frames that wait for the flusher
	outCharged int       // what of out counts against the budget
	ctl        []byte    // control bytes that wait for the peer's window
	ctlTaken   uint32    // control bytes taken since the last window update
	flushing   bool      // the flusher is writing
	direct     bool      // somebody else is, and has head
	head       [HeaderSize]byte
	finishing  bool
}

// New makes a shim over conn, on which the handshake has passed, and starts
// its flusher. The connection is the shim's from now on.
func New(conn net.Conn, h Handler, cfg Config) *Conn {
	c := &Conn{
		conn: conn, h: h, cfg: cfg, client: cfg.Client, piece: pieceFor(conn),
		socket: socketOf(conn),
		closed: make(chan struct{}), flushed: make(chan struct{}), wake: make(chan struct{}, 1),
		flows: make(map[uint32]*flow), budget: budget{free: Budget},
	}
	c.in.buf = make([]byte, readBuffer)
	c.in.w = copy(c.in.buf, cfg.First)
	c.received.Add(uint64(c.in.w))
	c.idle = meter{left: idleBurst, at: time.Now()}
	go c.flush()
	return c
}

// pieceFor returns how much is written to conn at once: a frame of a whole
// chunk, whose last 12 bytes would else take a system call of their own. On TLS,
// which cuts records of 16 KiB, they take one anyway, and a record: two full ones
// are better there.
func pieceFor(conn net.Conn) int {
	if _, layered := conn.(interface{ NetConn() net.Conn }); layered {
		return maxPiece
	}
	return maxPiece + HeaderSize
}

// Close closes the connection. It ends all that waits for it and may be
// called more than once.
func (c *Conn) Close() error {
	c.closeOnce.Do(func() {
		close(c.closed)
		c.closeErr = c.conn.Close()
	})
	return c.closeErr
}

// Wait waits until the flusher has ended, which it does after Close or once
// it has done what Finish asked for.
func (c *Conn) Wait() { <-c.flushed }

// Bytes returns how many bytes have been read from and written to the
// connection.
func (c *Conn) Bytes() (received, sent uint64) { return c.received.Load(), c.sent.Load() }

// Reserve waits for n bytes of the send budget and sets them aside, for stream
// bytes that are about to be written. It returns false when ctx was done or
// the connection closed first.
func (c *Conn) Reserve(ctx context.Context, n int) bool {
	return c.budget.try(n) || c.budget.take(ctx, c.closed, n)
}

// TryReserve is Reserve without waiting.
func (c *Conn) TryReserve(n int) bool { return c.budget.try(n) }

// Release gives back a reservation that no Send has used.
func (c *Conn) Release(n int) { c.budget.give(n) }

// Acknowledge tells the peer that its stream has been taken, the first time:
// until then it counts against the backlog, and its window is the initial one.
func (c *Conn) Acknowledge(id uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.flows[id]
	if f == nil || f.acked {
		return nil
	}
	f.acked = true
	c.unacked--
	f.granted += uint64(f.widening)
	return c.sendFrame(header{kind: typeWindow, flags: flagACK, id: id, length: f.widening})
}

// Grant lets the peer send n more bytes of a stream, since as many were read.
func (c *Conn) Grant(id, n uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.flows[id]
	if f == nil || f.finOut {
		return nil
	}
	f.granted += uint64(n)
	h := header{kind: typeWindow, id: id, length: n}
	if c.quiet() {
		c.writeNow(h, nil)
		return nil
	}
	return c.sendFrame(h)
}

// Seen reports whether a stream of this id has been opened, ever.
func (c *Conn) Seen(id uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known(id)
}

func (c *Conn) known(id uint32) bool {
	remote := (id&1 == 1) != c.client
	return id != 0 && id <= c.highest[side(remote)]
}

// SendControl queues bytes of the control stream, whole messages only. It
// fails when the peer has not made room for too long.
func (c *Conn) SendControl(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ctl)+len(p) > maxWaiting {
		return ErrStalled
	}
	c.ctl = append(c.ctl, p...)
	c.pumpControl()
	return nil
}

// pumpControl moves control bytes into frames, as far as the peer's window
// and the buffer go. Callers hold mu.
func (c *Conn) pumpControl() {
	f := c.flows[Control]
	if f == nil {
		return
	}
	for len(c.ctl) > 0 && f.credit > 0 && len(c.out) < maxWaiting {
		n := int(min(uint64(len(c.ctl)), f.credit, maxPiece))
		f.credit -= uint64(n)
		h := header{kind: typeData, id: Control, length: uint32(n)}
		c.out = append(h.append(c.out), c.ctl[:n]...)
		c.ctl = c.ctl[:copy(c.ctl, c.ctl[n:])]
		c.signal()
	}
}

// Finish half-closes the connection once everything queued has left, where it
// can be half-closed, else closes it.
func (c *Conn) Finish() {
	c.mu.Lock()
	c.finishing = true
	c.mu.Unlock()
	c.signal()
}

func (c *Conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func protocolError(format string, args ...any) error { return wire.Errorf(format, args...) }
