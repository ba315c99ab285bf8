package replicate

import "github.com/weir-go/weir/through/frame"

// bye ends a direction, and says what its sender then held and promised, so
// that a broken promise shows.
type bye struct {
	whole bool // every live update lies below the clock
	clock Fingerprint
	print Fingerprint
}

// bye sums up the replica. The caller holds the lock.
func (r *Replica) bye() bye {
	b := bye{whole: r.whole(), print: r.print}
	for _, a := range r.authors {
		if a.clock > 0 {
			b.clock.add(hashEntry(a.name, a.clock))
		}
	}
	return b
}

// whole reports whether every live update lies below the public clock, so that
// the fingerprint sums up just what is promised. It never does where there are
// objects of unknown types: of these nobody here knows what is live.
func (r *Replica) whole() bool {
	if r.unread {
		return false
	}
	for i, a := range r.authors {
		if t := timeAt(r.publicClock(), i); a.last() > t || a.clock > t {
			return false
		}
	}
	return true
}

func appendBye(dst []byte, b bye) []byte {
	whole := byte(0)
	if b.whole {
		whole = 1
	}
	p := []byte{kindBye, whole}
	return frame.Append(dst, b.print.append(b.clock.append(p)))
}

func parseBye(payload []byte) (b bye, err error) {
	c := &cursor{b: payload[1:]}
	b.whole = c.byte() == 1
	b.clock = Fingerprint{c.uint64(), c.uint64()}
	b.print = Fingerprint{c.uint64(), c.uint64()}
	return b, c.end("bye")
}

// contradicts reports whether two replicas promise the same, keep their
// promises, and hold different things: one of the promises was false.
func (b bye) contradicts(c bye) bool {
	return b.whole && c.whole && b.clock == c.clock && b.print != c.print
}
