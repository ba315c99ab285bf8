package shim

import (
	"errors"
	"net"
	"time"
)

var (
	errFrame = errors.New("mux: yamux wrote something that is not a frame without a body")
	errGone  = errors.New("mux: bytes for a stream that is not open")
)

// Write takes a frame from yamux, which is a header and nothing else: bytes of
// streams come by Send. It does not wait.
func (c *Conn) Write(p []byte) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	gone, err := c.take(p)
	if err != nil {
		c.h.Failed(err)
		return 0, err
	}
	if gone != 0 {
		c.h.Forgotten(gone)
	}
	return len(p), nil
}

func (c *Conn) take(p []byte) (gone uint32, err error) {
	if len(p) != HeaderSize {
		return 0, errFrame
	}
	h := parseHeader(p)
	if h.kind == typeData {
		return 0, errFrame
	}
	if h.kind <= typeWindow && h.has(flagSYN) {
		c.h.Opened(h.id, false) // before the peer can answer
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.kind > typeWindow {
		return 0, c.sendFrame(h)
	}
	if h.has(flagSYN) {
		c.flows[h.id] = newFlow(false)
		c.highest[0] = h.id
	}
	f := c.flows[h.id]
	if f == nil || f.finOut {
		return 0, nil // a late window update: the stream has gone, or is about to
	}
	if f.remote && h.id != Control {
		if h.flags &^= flagACK; !f.acked {
			f.widening += h.length // what Acknowledge says
			return 0, nil
		}
	}
	gone = c.book(h, f)
	err = c.sendFrame(h)
	if h.id == Control {
		c.pumpControl()
	}
	return gone, err
}

// book notes what leaving frame h means for its stream. Callers hold mu.
func (c *Conn) book(h header, f *flow) (gone uint32) {
	f.granted += uint64(h.length)
	if h.has(flagACK) {
		f.acked = true
	}
	if h.has(flagFIN) {
		f.finOut = true
		if f.finIn {
			c.forget(h.id, f)
			return h.id
		}
	}
	return 0
}

// Send queues a DATA frame with p, for which HeaderSize more bytes were reserved
// than it has; those are given back when the frame has left. The caller keeps to
// the peer's window. Send does not wait and does not keep p.
func (c *Conn) Send(id uint32, p []byte) error {
	select {
	case <-c.closed:
		return net.ErrClosed
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.flows[id]
	if f == nil || f.finOut {
		return errGone
	}
	f.credit -= min(f.credit, uint64(len(p)))
	h := header{kind: typeData, id: id, length: uint32(len(p))}
	if len(p) >= largeFrame && c.quiet() {
		c.writeNow(h, p)
		return nil
	}
	c.out = append(h.append(c.out), p...)
	c.outCharged += HeaderSize + len(p)
	c.signal()
	return nil
}

// sendFrame appends a frame without a body. Callers hold mu.
func (c *Conn) sendFrame(h header) error {
	if len(c.out) > maxWaiting+Budget {
		return ErrStalled
	}
	c.out = h.append(c.out)
	c.signal()
	return nil
}

// flush writes what waits, until the connection is closed or finished.
func (c *Conn) flush() {
	defer close(c.flushed)
	var spare []byte
	for {
		out, charged, finishing := c.swap(spare)
		if len(out) == 0 {
			if finishing {
				c.halfClose()
				return
			}
			select {
			case <-c.wake:
			case <-c.closed:
				return
			}
			spare = out
			continue
		}
		if err := c.writeOut(out, charged); err != nil {
			c.h.Failed(err)
			return
		}
		if spare = out[:0]; cap(spare) > 2*Budget {
			spare = nil
		}
	}
}

// swap takes what waits and leaves spare for what comes. finishing says that
// nothing is left and nothing will come.
func (c *Conn) swap(spare []byte) (out []byte, charged int, finishing bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flushing = !c.direct && len(c.out) > 0; c.direct {
		return spare[:0], 0, false // who writes wakes the flusher
	}
	out, charged = c.out, c.outCharged
	c.out, c.outCharged = spare[:0], 0
	c.pumpControl()
	return out, charged, c.finishing && len(c.out) == 0 && len(c.ctl) == 0
}

// writeOut writes in pieces, each with its own deadline, and gives the budget
// back piece by piece.
func (c *Conn) writeOut(out []byte, charged int) error {
	for len(out) > 0 {
		n := min(len(out), c.piece)
		if c.cfg.WriteTimeout > 0 {
			_ = c.conn.SetWriteDeadline(time.Now().Add(c.cfg.WriteTimeout))
		}
		m, err := c.conn.Write(out[:n])
		c.sent.Add(uint64(m))
		if err != nil {
			return &OpError{Op: "write", Err: err}
		}
		out = out[n:]
		free := min(charged, n)
		if len(out) == 0 {
			free = charged
		}
		charged -= free
		c.budget.give(free)
	}
	return nil
}

func (c *Conn) halfClose() {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return
	}
	_ = c.Close()
}
