package counter

import (
	"math"
	"math/bits"

	"github.com/weir-go/weir/replicate"
)

// state is the newest totals of each author: the merge law is "an author's
// higher stamp wins, and the authors add up".
type state struct {
	newest map[replicate.Author]*replicate.Update
	sum    sum
}

func newState() replicate.Object {
	return &state{newest: make(map[replicate.Author]*replicate.Update)}
}

// Apply implements replicate.Object. The op was checked when it came in.
func (s *state) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	author := u.Stamp().Author
	if old := s.newest[author]; old != nil {
		if !u.Newer(old) {
			obsolete(u)
			return
		}
		obsolete(old)
		t, _ := parse(old.Op())
		s.sum.sub(t)
	}
	t, _ := parse(u.Op())
	s.sum.add(t)
	s.newest[author] = u
}

// of returns an author's totals.
func (s *state) of(author replicate.Author) (t totals) {
	if u := s.newest[author]; u != nil {
		t, _ = parse(u.Op())
	}
	return t
}

// sum is what all authors have added less what they have taken, exactly, for
// any number of authors: 128 bits, two's complement.
type sum struct{ hi, lo uint64 }

func (s *sum) add(t totals) {
	s.plus(t.added)
	s.minus(t.taken)
}

func (s *sum) sub(t totals) {
	s.minus(t.added)
	s.plus(t.taken)
}

func (s *sum) plus(n uint64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, n, 0)
	s.hi += carry
}

func (s *sum) minus(n uint64) {
	var borrow uint64
	s.lo, borrow = bits.Sub64(s.lo, n, 0)
	s.hi -= borrow
}

// fits reports whether the sum is an int64.
func (s sum) fits() bool { return s.hi == uint64(int64(s.lo)>>63) }

// value returns the nearest int64.
func (s sum) value() int64 {
	switch {
	case s.fits():
		return int64(s.lo)
	case int64(s.hi) < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// overflows reports whether n more would lead out of the int64s, or further
// out.
func (s sum) overflows(n int64) bool {
	if n < 0 {
		s.minus(-uint64(n))
	} else {
		s.plus(uint64(n))
	}
	return !s.fits() && int64(s.hi) < 0 == (n < 0)
}
