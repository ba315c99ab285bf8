package replicate

import (
	"maps"
	"slices"
)

// A Clock is a promise: "of each of these authors I have everything live up
// to this time, or something newer in its place". It is a vector clock whose
// entries are times instead of counts. It moves at markers, never with a
// single update. A nil Clock promises nothing and may be read, not written.
type Clock map[Author]Time

// Covers reports whether the clock promises the update stamped s.
func (c Clock) Covers(s Stamp) bool { return s.Time <= c[s.Author] }

// Join raises every entry of c to at least d's, and reports whether any rose.
func (c Clock) Join(d Clock) bool {
	rose := false
	for a, t := range d {
		if t > c[a] {
			c[a] = t
			rose = true
		}
	}
	return rose
}

// Clone returns a copy that is safe to change; never nil.
func (c Clock) Clone() Clock {
	if c == nil {
		return Clock{}
	}
	return maps.Clone(c)
}

// CoversAll reports whether c promises everything that d promises.
func (c Clock) CoversAll(d Clock) bool {
	for a, t := range d {
		if t > c[a] {
			return false
		}
	}
	return true
}

// An Order is how two clocks relate.
type Order int

// The four ways in which two clocks relate.
const (
	Equal      Order = iota // each promises what the other does
	Before                  // the first promises less
	After                   // the first promises more
	Concurrent              // each promises something that the other does not
)

// String returns the order's name in lower case.
func (o Order) String() string {
	return [...]string{"equal", "before", "after", "concurrent"}[o]
}

// Compare says how c relates to d.
func (c Clock) Compare(d Clock) Order {
	switch up, down := c.CoversAll(d), d.CoversAll(c); {
	case up && down:
		return Equal
	case down:
		return Before
	case up:
		return After
	}
	return Concurrent
}

// Authors returns the clock's authors in order.
func (c Clock) Authors() []Author { return slices.Sorted(maps.Keys(c)) }
