package chaos

import (
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// flushTime is how long a Close waits for the connection beneath, besides the
// time that the link takes.
const flushTime = time.Second

// pumpSize is how many bytes are moved at once.
const pumpSize = 64 << 10

// beneath is the connection of a Wrap, and what moves bytes to and from it.
type beneath struct {
	net.Conn
	shut    func(end error) // once
	err     error           // of the Close
	flushed chan struct{}   // closed once nothing more is written
	broken  bool            // because that failed; set before
	pumps   sync.WaitGroup
}

// Wrap returns a connection that is c behind the links of cfg: what is written
// takes cfg.Out on its way to c, what comes from c takes cfg.In. It owns c from
// then on, and must be closed. Two goroutines run, and up to 64 KiB are in the
// hands of each besides what the links hold. An error of c comes behind the
// bytes before it; one of its Write, from a later Write. Wrap panics if a value
// of cfg is out of range.
func Wrap(c net.Conn, cfg Config) *Conn {
	cfg = cfg.seeded()
	out, in := newLine(cfg.Out, cfg.Seed, 0), newLine(cfg.In, cfg.Seed, 1)
	b := &beneath{Conn: c, flushed: make(chan struct{})}
	var once sync.Once
	b.shut = func(end error) { once.Do(func() { b.err = closeAs(c, end) }) }
	out.onSever = b.shut
	join(out, in)
	w := newConn(out, in, cfg.Seed, c.LocalAddr(), c.RemoteAddr())
	w.beneath = b
	b.pumps.Go(func() { b.pumpOut(out) })
	b.pumps.Go(func() { b.pumpIn(in) })
	return w
}

// closeAs closes c so that its peer sees end, as far as that can be had.
func closeAs(c net.Conn, end error) error {
	if l, ok := c.(interface{ SetLinger(sec int) error }); ok && shown(end) != io.EOF {
		_ = l.SetLinger(0) // fails on what is gone anyway
	}
	return c.Close()
}

func (b *beneath) pumpOut(out *Line) {
	defer close(b.flushed)
	buf := make([]byte, pumpSize)
	for {
		n, err := out.read(buf)
		if err != nil {
			b.endOut(err)
			return
		}
		if _, err := b.Write(buf[:n]); err != nil {
			b.broken = true
			out.spoil(err)
			return
		}
	}
}

// endOut does to the connection what the link has come to.
func (b *beneath) endOut(end error) {
	half, ok := b.Conn.(interface{ CloseWrite() error })
	switch {
	case ok && (end == io.EOF || end == errEnd):
		_ = half.CloseWrite() // what is wrong with it, Close says too
	case end != io.EOF:
		b.shut(end)
	}
}

func (b *beneath) pumpIn(in *Line) {
	buf := make([]byte, pumpSize)
	for {
		n, err := b.Read(buf)
		if n > 0 {
			if _, werr := in.write(buf[:n]); werr != nil {
				return // closed, or severed, which Close or shut brings beneath
			}
		}
		if err != nil {
			in.mu.Lock()
			in.finish(err)
			in.mu.Unlock()
			return
		}
	}
}

// spoil fails writers with err, now and later.
func (l *Line) spoil(err error) {
	l.mu.Lock()
	l.refuse(err)
	l.mu.Unlock()
	l.closeRead(false)
}

// closeBeneath is Close for a Wrap.
func (c *Conn) closeBeneath() error {
	b := c.beneath
	by, lost := c.out.lastEnd()
	if lost {
		c.out.sever(syscall.ECONNRESET, errPipe)
	}
	_ = b.SetWriteDeadline(by.Add(flushTime)) // without it, the Write ends by itself or never
	c.in.closeRead(false)
	<-b.flushed
	var end error = io.EOF
	if b.broken {
		end = syscall.ECONNRESET
	}
	b.shut(end)
	b.pumps.Wait()
	return b.err
}

// lastEnd ends the line for good, also one whose end would be dropped, since
// what is beneath is closed in any case. It returns when the end arrives, or
// that a stall keeps bytes from it.
func (l *Line) lastEnd() (by time.Time, lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left, l.mute = true, false
	l.finish(io.EOF)
	l.mute = true
	l.refuse(errPipe)
	if lost = len(l.stalls) > 0 && l.stalls[0] < l.tail; !lost {
		l.stalls = nil
	}
	l.canRead.open()
	return l.base.Add(time.Duration(l.endDue)), lost
}
