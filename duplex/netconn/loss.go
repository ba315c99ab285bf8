package netconn

import (
	"errors"
	"io"
	"syscall"
)

// loss is what a read that found the end should say. A system tells of a reset
// once, to whichever half asks first; if that was a write, the read gets what
// looks like an end. A connection that is gone does not keep a write waiting,
// so its error is there to be looked at. It is EPIPE where the peer had ended
// its direction before, and anything else where it had not.
func (c *conn) loss() error {
	if !gone(c.Conn) {
		return io.EOF
	}
	c.writing <- struct{}{}
	<-c.writing
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.torn == nil || errors.Is(c.torn, syscall.EPIPE) || errors.Is(c.torn, syscall.ENOTCONN) {
		return io.EOF
	}
	return c.torn
}
