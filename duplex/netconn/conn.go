package netconn

import (
	"context"
	"net"
	"sync"

	"github.com/weir-go/weir/duplex/internal/guard"
)

// conn is what both halves share. Its mutex is held for closing at most, which
// does not block.
type conn struct {
	net.Conn
	busy guard.Token // of the reader
	used guard.Token // of the sink, never given back

	writing chan struct{} // 1 slot: a write is under way

	mu     sync.Mutex
	open   int                     // halves that have not ended
	closed bool                    // Conn is
	torn   error                   // of the write that failed: no clean end any more
	cause  error                   // why it was cut; nil if it was not
	stop   context.CancelCauseFunc // of the running sink; nil if there is none
}

// half ends one half; the last one closes the connection.
func (c *conn) half() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if c.open > 0 || c.closed {
		return nil
	}
	c.closed = true
	if c.torn != nil {
		return reset(c.Conn)
	}
	return c.Close()
}

// cut resets the connection and stops a running sink, once.
func (c *conn) cut(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed, c.cause = true, cause
	if c.stop != nil {
		c.stop(cause)
	}
	_ = reset(c.Conn) // cause outranks whatever this says
}

// failed returns the error of a call of Conn, or why the connection was cut,
// which is what it comes from then.
func (c *conn) failed(err error) (cause error, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return c.cause, true
	}
	return err, false
}

// reset closes c in a way that the peer cannot take for a clean end, where
// there is one. What lies beneath TLS is closed first, since closing TLS
// itself would send such an end.
func reset(c net.Conn) error {
	if outer, ok := c.(interface{ NetConn() net.Conn }); ok {
		err := reset(outer.NetConn())
		_ = c.Close() // only lets go; what could fail is closed
		return err
	}
	if l, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0) // fails on what is gone anyway
	}
	return c.Close()
}
