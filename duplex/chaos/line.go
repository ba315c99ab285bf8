package chaos

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// A Line is one direction of a running [Conn]. Its methods may be called by any
// goroutine at any time.
type Line struct {
	link    Link
	base    time.Time // from which times are counted
	entry   *rand.Rand
	exit    *rand.Rand // its own, so that reading does not change what is written
	other   *Line      // the other direction
	onSever func(end error)

	mu       sync.Mutex
	canRead  gate
	canWrite gate

	bytes   fifo  // from offset out to in, unless they were lost
	in      int64 // offset of the entry: bytes taken, lost ones included
	tail    int64 // offset up to which they were not lost
	out     int64 // offset of the exit: bytes read
	arrived int64 // offset of what may be read
	travel  marks // what has not arrived
	shaper  shaper
	due     int64 // when the last byte arrives

	faults  []Fault // yet to strike at the entry
	flips   []Fault // the same for Flip
	flip    int64   // offset of the next random flip
	stalls  []int64 // offsets at which the exit stops, in order
	edge    int64   // offset of the next cut between reads
	edges   int     // how many there were
	writing bool    // a write is under way
	mute    bool    // what comes in is lost
	silent  bool    // because of Drop: the peer is to know of nothing

	end     error // what the reader gets in the end; nil means there is none yet
	endDue  int64
	refusal error // what writers get; nil means none
	gone    bool  // the reader has closed
	left    bool  // the writer has closed
	readBy  int64 // the deadlines
	writeBy int64
}

// Ends that a reader sees as io.EOF, and what lies beneath a Wrap as more.
var (
	errEnd = errors.New("ended by a fault")
	errCut = errors.New("cut")
)

func newLine(l Link, seed, stream uint64) *Line {
	l.check()
	if l.Buffer == 0 {
		l.Buffer = defaultBuffer
	}
	n := &Line{
		link: l, base: time.Now(),
		entry: rand.New(rand.NewPCG(seed, 2*stream)), exit: rand.New(rand.NewPCG(seed, 2*stream+1)),
		shaper: shaper{rate: l.Rate}, readBy: never, writeBy: never,
	}
	n.faults = sortFaults(l.Faults, func(k Kind) bool { return k != Flip && k != Stall })
	n.flips = sortFaults(l.Faults, func(k Kind) bool { return k == Flip })
	for _, f := range sortFaults(l.Faults, func(k Kind) bool { return k == Stall }) {
		n.stalls = append(n.stalls, f.At)
	}
	n.flip = n.nextFlip(-1)
	n.nextEdge()
	return n
}

// join makes two lines the directions of one connection, and lets the faults
// strike that are due before anything is written.
func join(a, b *Line) {
	a.other, b.other = b, a
	for _, l := range []*Line{a, b} {
		l.mu.Lock()
		struck := l.strike()
		l.mu.Unlock()
		l.pass(struck)
	}
}

func (l *Line) now() int64 { return int64(time.Since(l.base)) }

// at makes a time of the line of t, and never of the zero time.
func (l *Line) at(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return int64(t.Sub(l.base))
}

// until returns how long it is to t, for a gate.
func (l *Line) until(t, now int64) time.Duration {
	if t == never {
		return -1
	}
	return time.Duration(max(t-now, 0))
}

// finish ends the line behind what was written, or says that it has ended
// before. Callers hold mu.
func (l *Line) finish(end error) {
	if l.end != nil || l.mute {
		return
	}
	now := l.now()
	l.end = end
	l.endDue = max(l.due, max(now, l.shaper.last)+int64(l.link.Latency))
	l.canRead.open()
}

// refuse fails writers from now on. Callers hold mu.
func (l *Line) refuse(err error) {
	if l.refusal == nil {
		l.refusal = err
	}
	l.canWrite.open()
}

// sever ends the line at once, for both sides: what has arrived can still be
// read, what travels or is stalled is lost.
func (l *Line) sever(end, refusal error) {
	l.mu.Lock()
	l.arrive(l.now())
	keep := l.readable()
	if l.end == nil || keep < l.tail-l.out || l.endDue > l.now() {
		l.end, l.endDue = end, 0
	}
	l.lose(keep)
	l.stalls, l.mute, l.silent = nil, true, false
	l.refuse(refusal)
	l.canRead.open()
	l.mu.Unlock()
	if l.onSever != nil {
		l.onSever(end)
	}
}

// lose forgets all but the next keep bytes. Callers hold mu.
func (l *Line) lose(keep int64) {
	l.bytes.truncate(int(keep))
	l.tail, l.arrived = l.out+keep, l.out+keep
	l.travel.clear()
}

// Stall stops delivery where it is, until Resume.
func (l *Line) Stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.left && !l.stalled() {
		l.stalls = append([]int64{l.out}, l.stalls...)
	}
}

// Resume goes on after a stall. It does nothing if delivery is not stalled now.
func (l *Line) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stalled() {
		l.stalls = l.stalls[1:]
		l.canRead.open()
	}
}

// Drop loses what is written from now on; see the [Kind] of that name.
func (l *Line) Drop() { l.strikeNow(Fault{Kind: Drop}) }

// End gives the reader io.EOF behind what was written so far; see the [Kind] of
// that name.
func (l *Line) End() { l.strikeNow(Fault{Kind: End}) }

// Written returns how many bytes were taken, those that got lost included.
func (l *Line) Written() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.in
}

// Delivered returns how many bytes were read.
func (l *Line) Delivered() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out
}

// strikeNow lets f strike whatever the offset.
func (l *Line) strikeNow(f Fault) {
	l.mu.Lock()
	l.hit(f)
	l.canWrite.open()
	l.mu.Unlock()
}

// strike lets the faults strike that are due, and returns the one that has to
// be passed on to the other direction, without mu. Callers hold mu.
func (l *Line) strike() (struck *Fault) {
	for len(l.faults) > 0 && l.faults[0].At <= l.in && struck == nil {
		f := l.faults[0]
		l.faults = l.faults[1:]
		if l.hit(f) {
			struck = &f
		}
	}
	return struck
}

// hit does what f does to this direction. Callers hold mu.
func (l *Line) hit(f Fault) (both bool) {
	end, refusal := f.ends()
	switch f.Kind {
	case Drop:
		l.mute, l.silent = true, true
	case End:
		l.finish(errEnd)
		l.mute = true
	case Cut, Reset:
		l.finish(end)
		l.mute = true
		l.refuse(refusal)
		return true
	}
	return false
}

// pass passes a fault on to the other direction.
func (l *Line) pass(f *Fault) {
	if f != nil {
		l.other.sever(f.ends())
	}
}

// ends returns what a reader and what a writer get.
func (f Fault) ends() (end, refusal error) {
	switch {
	case f.Kind != Reset:
		return errCut, syscall.EPIPE
	case f.Err != nil:
		return f.Err, f.Err
	}
	return syscall.ECONNRESET, syscall.ECONNRESET
}

// shown is an end as a reader gets it.
func shown(end error) error {
	if end == errEnd || end == errCut {
		return io.EOF
	}
	return end
}
