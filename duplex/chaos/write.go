package chaos

import (
	"io"
	"math"
	"net"
	"os"
	"slices"
)

// write takes p in at the entry.
func (l *Line) write(p []byte) (n int, err error) {
	l.mu.Lock()
	n, struck, err := l.writeLocked(p)
	l.mu.Unlock()
	l.pass(struck)
	return n, err
}

func (l *Line) writeLocked(p []byte) (n int, struck *Fault, err error) {
	for l.writing {
		if err := l.mayWrite(l.now()); err != nil {
			return 0, nil, err
		}
		l.canWrite.wait(&l.mu, l.until(l.writeBy, l.now()))
	}
	l.writing = true
	defer func() {
		l.writing = false
		l.canWrite.open()
	}()
	whole := len(p)
	if l.link.Tamper != nil {
		p = l.tamper(p)
	}
	for first := true; first || len(p) > 0; first = false {
		c, err := l.take(p)
		n, p = n+c, p[c:]
		struck = l.strike()
		switch {
		case err != nil:
			return min(n, whole), struck, err
		case struck != nil && len(p) > 0:
			return min(n, whole), struck, l.refusal
		case struck != nil:
			return whole, struck, nil
		}
	}
	return whole, nil, nil
}

// tamper calls the user's function, without mu.
func (l *Line) tamper(p []byte) []byte {
	l.mu.Unlock()
	defer l.mu.Lock()
	return l.link.Tamper(p)
}

// mayWrite says why nothing can be written now.
func (l *Line) mayWrite(now int64) error {
	switch {
	case l.left:
		return net.ErrClosed
	case now >= l.writeBy:
		return os.ErrDeadlineExceeded
	}
	return l.refusal
}

// take waits until it can take some bytes of p, up to the next fault.
func (l *Line) take(p []byte) (n int, err error) {
	for {
		now := l.now()
		if err := l.mayWrite(now); err != nil || len(p) == 0 {
			return 0, err
		}
		if len(l.faults) > 0 {
			p = p[:min(int64(len(p)), l.faults[0].At-l.in)]
		}
		if l.mute {
			l.in += int64(len(p))
			return len(p), nil
		}
		n, at := l.room(len(p), now)
		if n > 0 {
			l.accept(p[:n], now)
			return n, nil
		}
		l.canWrite.wait(&l.mu, l.until(min(at, l.writeBy), now))
	}
}

// room returns how many of n bytes there is room for now, or when to ask again;
// a reader that makes room opens the gate.
func (l *Line) room(n int, now int64) (free int, at int64) {
	l.arrive(now)
	n = min(n, l.shaper.piece(), l.link.Buffer)
	if at = l.shaper.free(l.link.Buffer - n); now < at {
		return 0, at
	}
	n = min(n, l.link.Buffer-int(l.arrived-l.out), maxHeld-l.bytes.size)
	return max(n, 0), never
}

// accept puts p on its way.
func (l *Line) accept(p []byte, now int64) {
	idle := l.bytes.size == 0
	l.bytes.push(l.corrupt(p))
	l.in += int64(len(p))
	l.tail = l.in
	if l.link.Latency == 0 && l.link.Jitter == 0 && l.link.Rate == 0 {
		l.arrived = l.in
	} else {
		due := l.shaper.depart(now, len(p)) + int64(l.link.Latency)
		if l.link.Jitter > 0 {
			due += l.entry.Int64N(int64(l.link.Jitter) + 1)
		}
		l.due = max(l.due, due)
		l.travel.push(mark{upto: l.in, due: l.due})
	}
	if idle { // else the reader has a timer for what is before, or bytes to read
		l.canRead.open()
	}
}

// corrupt returns p with the flips that are in it.
func (l *Line) corrupt(p []byte) []byte {
	end := l.in + int64(len(p))
	own := false
	flip := func(at int64, bit int) {
		if !own {
			p, own = slices.Clone(p), true
		}
		p[at-l.in] ^= 1 << bit
	}
	for ; len(l.flips) > 0 && l.flips[0].At < end; l.flips = l.flips[1:] {
		flip(l.flips[0].At, l.flips[0].Bit)
	}
	for ; l.flip < end; l.flip = l.nextFlip(l.flip) {
		flip(l.flip, l.entry.IntN(8))
	}
	return p
}

// nextFlip returns the offset of the random flip after the one at last. The
// distances have a geometric distribution, so that nothing is drawn per byte.
func (l *Line) nextFlip(last int64) int64 {
	switch l.link.Flips {
	case 0:
		return never
	case 1:
		return last + 1
	}
	gap := math.Log(1-l.entry.Float64()) / math.Log1p(-l.link.Flips)
	if gap > math.MaxInt32<<16 {
		return never
	}
	return last + 1 + int64(gap)
}

// closeWrite ends the line behind what was written; left says that it was
// Close, after which a write is a mistake.
func (l *Line) closeWrite(left bool) (silent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = l.left || left
	l.finish(io.EOF)
	l.refuse(errPipe)
	return l.silent
}
