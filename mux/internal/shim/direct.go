package shim

import "slices"

// Large frames take no detour where the connection is a socket: their bytes are
// read where they stay, and written from where they are, by who has them.

// largeFrame is how many bytes of a frame are worth a system call of their own.
const largeFrame = 16 << 10

// quiet reports whether the caller may write in place of the flusher. Callers
// hold mu.
func (c *Conn) quiet() bool {
	return c.socket != nil && !c.flushing && !c.direct && len(c.out) == 0
}

// writeNow writes a frame as far as there is room, and leaves the rest to the
// flusher, before what was appended meanwhile. It does not wait. Callers hold mu,
// which is let go of meanwhile, and c must be quiet.
func (c *Conn) writeNow(h header, p []byte) {
	c.direct = true
	c.mu.Unlock()
	head := h.append(c.head[:0])
	n := c.socket.write(head, p)
	c.sent.Add(uint64(n))
	if p != nil && n > 0 {
		c.budget.give(n)
	}
	c.mu.Lock()
	c.direct = false
	if rest := len(head) + len(p) - n; rest > 0 {
		c.out = slices.Insert(c.out, 0, p[max(0, n-len(head)):]...)
		c.out = slices.Insert(c.out, 0, head[min(n, len(head)):]...)
		if p != nil {
			c.outCharged += rest
		}
	}
	if len(c.out) > 0 || c.finishing {
		c.signal()
	}
}

// readNow reads bytes of a large frame into memory of the handler, and the next
// header, if it is there, with them. It returns false where the handler has no
// memory for them.
func (c *Conn) readNow() (bool, error) {
	in := &c.in
	if in.err != nil {
		return true, in.err
	}
	n := min(in.left, maxPiece)
	if cap(in.space) < n {
		if in.space = c.h.Space(in.frame.id, n); in.space == nil {
			return false, nil
		}
	}
	var next []byte
	if n == in.left {
		next = in.buf[:HeaderSize]
	}
	m, err := c.socket.read(in.space[:n], next)
	c.received.Add(uint64(m))
	if err != nil {
		in.err = &OpError{Op: "read", Err: err}
	}
	in.r, in.w = 0, max(0, m-n)
	return true, c.handOver(min(m, n))
}

// handOver gives the handler the n bytes that were read into the memory it has
// lent for them: the memory too, if they fill half of it.
func (c *Conn) handOver(n int) error {
	in := &c.in
	in.left -= n
	p := in.space[:n]
	switch {
	case n == 0:
		return nil
	case 2*n < cap(in.space):
		return c.h.Data(in.frame.id, p)
	}
	in.space = nil
	return c.h.Keep(in.frame.id, p)
}
