package replicate_test

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// key returns the hash of a scene's state, the least of those under all
// renamings of the replicas that could not be told from this one. Ties between
// stamps go by name, so that there is no renaming where there are ties.
func (x *search) key(sc *scene) uint64 {
	x.best = x.best[:0]
	for _, order := range x.orders(sc) {
		b := x.state(sc, order)
		if len(x.best) == 0 || bytes.Compare(b, x.best) < 0 {
			x.best = append(x.best[:0], b...)
		}
	}
	return maphash.Bytes(x.seed, x.best)
}

// orders returns the orders of seats worth writing down: those by sketch.
func (x *search) orders(sc *scene) [][3]int {
	if x.still || x.cast != "" {
		return asIs
	}
	all := anyhow
	if x.line {
		all = mirrors
	}
	var sketch [3]uint32
	for i, s := range sc.seats {
		if s != nil {
			sketch[i] = s.Sketch()
		}
	}
	var least [3]uint32
	var out [][3]int
	for _, o := range all {
		now := [3]uint32{sketch[o[0]], sketch[o[1]], sketch[o[2]]}
		switch c := slices.Compare(now[:], least[:]); {
		case len(out) == 0 || c < 0:
			least, out = now, append(out[:0], o)
		case c == 0:
			out = append(out, o)
		}
	}
	return out
}

// state writes a scene down with its seats in an order.
func (x *search) state(sc *scene, order [3]int) []byte {
	c := &x.canon
	var name [3]byte
	var seats [3]*replicate.Seat
	for at, i := range order {
		name[i] = byte(at)
	}
	for i, s := range sc.seats {
		if s != nil {
			seats[i] = &s.Seat
		}
	}
	c.Begin(seats[:], name)
	for _, i := range order {
		s := sc.seats[i]
		if s == nil {
			c.Dead()
			continue
		}
		c.Seat(i, order[:])
		if x.rounds {
			for _, j := range order {
				c.Byte(byte(s.round[j]))
			}
		}
	}
	issued := slices.Clone(sc.issued)
	slices.SortFunc(issued, func(a, b issue) int { return cmp.Compare(c.Key(a.stamp), c.Key(b.stamp)) })
	for _, is := range issued {
		c.Stamp(is.stamp)
		c.Byte(is.key[0])
		if is.safe {
			c.Byte(1)
		}
		if is.group.Time > 0 {
			c.Stamp(is.group)
		}
	}
	c.Byte(0)
	c.Byte(byte(sc.writes<<4 | sc.crashes))
	return c.Bytes()
}
