package replicate

import (
	"encoding/binary"

	"github.com/weir-go/weir/through/frame"
)

// bye ends a direction, and says what its sender then held and promised, so
// that a broken promise shows.
type bye struct {
	whole bool // every live update lies below the clock
	clock Fingerprint
	print Fingerprint
}

// bye sums up the replica. The caller holds the lock.
func (r *Replica) bye() bye {
	b := bye{whole: true, print: r.print}
	for _, a := range r.authors {
		if a.clock > 0 {
			b.clock.add(hashEntry(a.name, a.clock))
		}
		b.whole = b.whole && a.last() <= a.clock
	}
	return b
}

func appendBye(dst []byte, r *Replica) []byte {
	b := r.bye()
	whole := byte(0)
	if b.whole {
		whole = 1
	}
	p := []byte{kindBye, whole}
	for _, v := range []uint64{b.clock[0], b.clock[1], b.print[0], b.print[1]} {
		p = binary.BigEndian.AppendUint64(p, v)
	}
	return frame.Append(dst, p)
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
