package shim

import (
	"io"
)

// reader is the state of the receiving side: frames as they come, and what of
// them yamux is to see. The bytes of a DATA frame of any length go to the handler
// as they arrive, its flags to yamux in window updates before and after.
type reader struct {
	buf  []byte
	r, w int   // buf[r:w] has arrived and was not handed on
	err  error // of the connection; comes after what has arrived

	emit    [HeaderSize]byte
	emitted []byte // header bytes that yamux gets next
	frame   header // the DATA frame being cut
	left    int    // bytes of it that have not arrived
	large   bool   // it is a large one, and conn a socket
	space   []byte // of the handler, to read it into; nil: none was lent
	flow    *flow  // its stream
	fin     bool   // it ends with a FIN
}

// Read gives yamux its next bytes. It waits only when it has nothing.
func (c *Conn) Read(p []byte) (n int, err error) {
	for n < len(p) {
		m := copy(p[n:], c.in.emitted)
		c.in.emitted = c.in.emitted[m:]
		if n += m; m > 0 {
			continue
		}
		if more, err := c.next(n > 0); err != nil {
			return n, c.fail(err)
		} else if !more {
			return n, nil
		}
	}
	return n, nil
}

// fail reports err to the handler once nothing is left to hand on.
func (c *Conn) fail(err error) error {
	if c.in.err != errReported {
		c.in.err = errReported
		c.h.Failed(err)
	}
	return errReported
}

var errReported = io.ErrClosedPipe

// next prepares what Read hands on next. With busy set it returns false
// instead of waiting for the connection.
func (c *Conn) next(busy bool) (bool, error) {
	in := &c.in
	switch {
	case in.left > 0:
		if in.r == in.w && busy {
			return false, nil
		}
		if in.r == in.w && in.large && in.left >= largeFrame {
			if done, err := c.readNow(); done {
				return true, err
			}
		}
		if err := c.fill(1); err != nil {
			return false, err
		}
		return true, c.cut()
	case in.fin:
		in.fin = false
		in.emitted = header{kind: typeWindow, flags: flagFIN, id: in.frame.id}.append(in.emit[:0])
		return true, c.remoteFIN(in.frame.id, in.flow)
	case in.w-in.r < HeaderSize && busy:
		return false, nil
	}
	if err := c.fill(HeaderSize); err != nil {
		return false, err
	}
	h := parseHeader(in.buf[in.r:in.w])
	in.r += HeaderSize
	return true, c.arrived(h)
}

// fill waits until n bytes have arrived.
func (c *Conn) fill(n int) error {
	in := &c.in
	if in.r == in.w {
		in.r, in.w = 0, 0
	} else if len(in.buf)-in.r < n {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	for in.w-in.r < n {
		if in.err != nil {
			return in.err
		}
		m, err := c.conn.Read(in.buf[in.w:in.limit(n)])
		in.w += m
		c.received.Add(uint64(m))
		if err != nil {
			in.err = &OpError{Op: "read", Err: err}
		}
	}
	return nil
}

// limit is where a read for n bytes of buf[r:] ends: at the end of buf, but for
// large frames, of which as little as may be goes through buf.
func (in *reader) limit(n int) int {
	if !in.large {
		return len(in.buf)
	}
	if in.left > 0 {
		n = in.left + HeaderSize
	}
	return min(in.r+n, len(in.buf))
}

// arrived acts on the header of a frame.
func (c *Conn) arrived(h header) error {
	if err := checkHeader(h); err != nil {
		return err
	}
	if h.kind == typePing {
		return c.answerPing(h)
	}
	a, err := c.admit(h)
	if err != nil || a.flow == nil {
		return err
	}
	if a.opened {
		c.h.Opened(h.id, true)
	}
	if a.acked {
		c.h.Acked(h.id)
	}
	if a.credit > 0 {
		c.h.Credit(h.id, a.credit)
	}
	return c.handOn(h, a)
}

// handOn gives a frame's window update and flags to yamux, but for a FIN, which
// comes after its data.
func (c *Conn) handOn(h header, a arrival) error {
	in := &c.in
	in.frame, in.flow = h, a.flow
	in.fin = h.has(flagFIN)
	now := header{kind: typeWindow, flags: h.flags & (flagSYN | flagACK), id: h.id}
	if h.kind == typeWindow {
		now.length = h.length
	} else {
		in.left = int(h.length)
	}
	in.large = c.socket != nil && in.left >= largeFrame && h.id != Control
	if now.flags != 0 || now.length != 0 {
		in.emitted = now.append(in.emit[:0])
	}
	return nil
}

// cut gives the handler what has arrived of the DATA frame.
func (c *Conn) cut() error {
	in := &c.in
	n := min(in.left, in.w-in.r)
	in.left -= n
	if err := c.h.Data(in.frame.id, in.buf[in.r:in.r+n]); err != nil {
		return err
	}
	in.r += n
	if in.frame.id == Control {
		return c.refillControl(n)
	}
	return nil
}

// refillControl makes room for n more bytes of the control stream.
func (c *Conn) refillControl(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctlTaken += uint32(n)
	if c.ctlTaken < InitialWindow/4 {
		return nil
	}
	h := header{kind: typeWindow, id: Control, length: c.ctlTaken}
	c.flows[Control].granted += uint64(c.ctlTaken)
	c.ctlTaken = 0
	return c.sendFrame(h)
}

func (c *Conn) answerPing(h header) error {
	if err := c.idle.charge(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	h.flags = flagACK
	return c.sendFrame(h)
}

// remoteFIN tells the handler before it books the FIN, since the stream may be
// forgotten from then on.
func (c *Conn) remoteFIN(id uint32, f *flow) error {
	if err := c.h.Finished(id); err != nil {
		return err
	}
	if c.finished(id, f) {
		c.h.Forgotten(id)
	}
	return nil
}
