package chaos

import (
	"net"
	"os"
	"syscall"
)

// errPipe is what a write gets when nobody will read it.
const errPipe = syscall.EPIPE

// read takes bytes out at the exit; an end is not yet as shown.
func (l *Line) read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		now := l.now()
		switch {
		case l.gone:
			return 0, net.ErrClosed
		case now >= l.readBy:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		}
		l.arrive(now)
		if n := min(l.readable(), int64(len(p))); n > 0 {
			return l.deliver(p[:n]), nil
		}
		next := l.next()
		if l.end != nil && next == l.endDue && now >= next && l.travel.empty() {
			return 0, l.end
		}
		l.canRead.wait(&l.mu, l.until(min(next, l.readBy), now))
	}
}

// arrive notes what has arrived.
func (l *Line) arrive(now int64) {
	for !l.travel.empty() && l.travel.first().due <= now {
		l.arrived = l.travel.first().upto
		l.travel.pop()
	}
}

// readable returns how many bytes can be read at once.
func (l *Line) readable() int64 {
	n := l.arrived - l.out
	if len(l.stalls) > 0 {
		n = min(n, l.stalls[0]-l.out)
	}
	return n
}

// stalled says whether the exit is stopped where it is.
func (l *Line) stalled() bool { return len(l.stalls) > 0 && l.stalls[0] <= l.out }

// next returns when something can be read again, if nothing can now.
func (l *Line) next() int64 {
	switch {
	case l.stalled():
		return never
	case !l.travel.empty():
		return l.travel.first().due
	case l.end != nil:
		return l.endDue
	}
	return never
}

// deliver fills p, up to the next edge, and wakes writers when half of the
// buffer is free.
func (l *Line) deliver(p []byte) int {
	if l.edge != never {
		p = p[:min(int64(len(p)), l.edge-l.out)]
	}
	n := l.bytes.pop(p)
	l.out += int64(n)
	if l.out == l.edge {
		l.nextEdge()
	}
	if int(l.arrived-l.out) <= l.link.Buffer/2 && l.bytes.size <= maxHeld/2 {
		l.canWrite.open()
	}
	return n
}

// nextEdge sets the offset that the next read does not cross.
func (l *Line) nextEdge() {
	switch {
	case len(l.link.Slices) > 0:
		l.edge = l.out + int64(l.link.Slices[l.edges%len(l.link.Slices)])
		l.edges++
	case l.link.Slice > 0:
		l.edge = l.out + 1 + l.exit.Int64N(int64(l.link.Slice))
	default:
		l.edge = never
	}
}

// closeRead fails writers, as nobody will read what they write; a peer that is
// not to know of it loses it instead.
func (l *Line) closeRead(secret bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	l.lose(0)
	l.stalls, l.mute = nil, true
	if !secret {
		l.refuse(errPipe)
	}
	l.canRead.open()
	l.canWrite.open()
}
