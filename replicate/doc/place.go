package doc

import (
	"crypto/sha256"
	"errors"

	"github.com/weir-go/weir/replicate"
)

// maxPlace bounds a place, in bytes.
const maxPlace = 16 << 10

// ErrCrowded is returned where a row cannot be put between two others, since
// thousands were, each between the two before it.
var ErrCrowded = errors.New("doc: no place is left between the two rows")

// A place is where a row is in a sequence: places sort as their bytes do. It
// is a path of steps down a tree, and then placeEnd. See doc.go.
//
// A step's at is among what hangs from the place above, and of one at those of
// an author are together, in the order of pos. What hangs from a place at
// numbers below zero comes before it, the rest behind it; placeEnd sorts like
// a zero, at which nothing hangs.
type step struct {
	at  number
	tag string // of the author, tagSize bytes
	pos number
}

const (
	tagSize  = 5
	placeEnd = codeZero
)

// tagOf is short for an author. Should two share one, their runs may mix.
func tagOf(a replicate.Author) string {
	sum := sha256.Sum256([]byte(a))
	return string(sum[:tagSize])
}

// tailOf returns two digits that end the positions chosen in an update, so that
// a place which was given up is not chosen again.
func tailOf(t replicate.Time) string {
	mixed := uint64(t) * 0x9E3779B97F4A7C15 >> 32
	return string([]byte{1 + byte(mixed%255), 2 + byte(mixed/255%254)})
}

func encodePlace(steps []step) string {
	var dst []byte
	for _, s := range steps {
		dst = s.pos.append(append(s.at.append(dst), s.tag...))
	}
	return string(append(dst, placeEnd))
}

// cutStep reads the next step of a place; more is false behind the last.
func cutStep(s string, first bool) (st step, rest string, more bool, err error) {
	if s == string([]byte{placeEnd}) && !first {
		return step{}, "", false, nil
	}
	var ok bool
	if st.at, s, ok = cutNumber(s); !ok || len(s) < tagSize || st.at == zero && !first {
		return step{}, "", false, errOp
	}
	st.tag = s[:tagSize]
	st.pos, rest, ok = cutNumber(s[tagSize:])
	if !ok {
		return step{}, "", false, errOp
	}
	return st, rest, true, nil
}

// checkPlace refuses what is not a place.
func checkPlace(s string) error {
	if len(s) > maxPlace {
		return replicate.NewSizeError("place", s, maxPlace)
	}
	for first, more := true, true; more; first = false {
		var err error
		if _, s, more, err = cutStep(s, first); err != nil {
			return err
		}
	}
	return nil
}

// parsePlace returns the steps of a place that was checked; none for "".
func parsePlace(s string) (steps []step) {
	for s != "" {
		var st step
		var more bool
		if st, s, more, _ = cutStep(s, len(steps) == 0); !more {
			break
		}
		steps = append(steps, st)
	}
	return steps
}

// entryPlace is the place of a row that was given none: behind the places that
// were chosen, in the order in which the rows came in.
func entryPlace(s replicate.Stamp) string {
	return encodePlace([]step{{
		at:  number{whole: int64(min(uint64(s.Time), maxWhole))},
		tag: tagOf(s.Author),
	}})
}

// A gap is where a place is to be chosen: between two places, "" for the ends.
type gap struct {
	low, high string
	highNewer bool // high was chosen after low
}

// choose returns a place in the gap, of an author's update.
func (g gap) choose(by replicate.Stamp) (string, error) {
	c := chooser{
		low: parsePlace(g.low), high: parsePlace(g.high),
		tag: tagOf(by.Author), tail: tailOf(by.Time),
	}
	place := encodePlace(c.choose(g.highNewer))
	if len(place) > maxPlace {
		return "", ErrCrowded
	}
	return place, nil
}

type chooser struct {
	low, high []step // none for the ends
	tag, tail string
}

// choose goes on with a run of the author's own if there is one beside the gap,
// so that others' runs stay apart; of two, with the one that was written last.
// If there is no room there, it begins a new run in what hangs from that one.
func (c chooser) choose(highNewer bool) []step {
	lowOwn, highOwn := c.own(c.low), c.own(c.high)
	preferHigh := highOwn && (!lowOwn || highNewer)
	for _, high := range []bool{preferHigh, !preferHigh} {
		beside, other := c.low, c.high
		if high {
			beside, other = c.high, c.low
		}
		if run := c.extend(beside, other, high); run != nil {
			return run
		}
	}
	return c.begin(preferHigh)
}

func (c chooser) own(steps []step) bool {
	return len(steps) > 0 && steps[len(steps)-1].tag == c.tag
}

// extend returns a place in the run of beside, on its side of other; nil if
// there is no room, or the run is not the author's.
func (c chooser) extend(beside, other []step, down bool) []step {
	if !c.own(beside) {
		return nil
	}
	d := len(beside) - 1
	last := beside[d]
	pos := last.pos.above()
	if down {
		pos = last.pos.below()
	}
	if len(other) > d && common(beside, other) >= d && other[d].at == last.at && other[d].tag == c.tag {
		bound := other[d].pos
		switch {
		case bound == last.pos: // other hangs from beside
			return nil
		case down:
			pos = between(bound, last.pos)
		default:
			pos = between(last.pos, bound)
		}
	}
	if len(pos.frac) > longFrac {
		return nil
	}
	pos.frac += c.tail
	return append(beside[:d:d], step{last.at, c.tag, pos})
}

// common returns how many steps two places share.
func common(a, b []step) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// begin returns a place that begins a run: beside the steps in which the two
// differ if there is room, else in what hangs from one of these.
func (c chooser) begin(preferHigh bool) []step {
	d := common(c.low, c.high)
	at, ok := c.beside(d)
	switch {
	case ok:
		return c.run(c.prefix(d), at)
	case d == len(c.low), preferHigh && d < len(c.high):
		return c.run(c.high[:d+1], c.end(c.high, d+1).below().nonzero(-1))
	}
	return c.run(c.low[:d+1], c.end(c.low, d+1).above().nonzero(1))
}

// prefix returns the first d steps, which the two share.
func (c chooser) prefix(d int) []step {
	if len(c.low) >= d {
		return c.low[:d]
	}
	return c.high[:d]
}

// end returns the number of a step; zero if the place ends there.
func (c chooser) end(steps []step, d int) number {
	if d < len(steps) {
		return steps[d].at
	}
	return zero
}

func (c chooser) run(prefix []step, at number) []step {
	n := len(prefix)
	return append(prefix[:n:n], step{at, c.tag, number{frac: c.tail}})
}

// beside returns a number between those of the two at depth d.
func (c chooser) beside(d int) (at number, ok bool) {
	low, high := c.end(c.low, d), c.end(c.high, d)
	switch {
	case len(c.low) == 0 && len(c.high) == 0:
		return zero, true
	case len(c.low) == 0:
		return high.below(), true
	case len(c.high) == 0:
		return low.above(), true
	case !low.less(high):
		return zero, false
	}
	if at = between(low, high); at == zero && d > 0 {
		at = between(zero, high)
	}
	return at, len(at.frac) <= longFrac
}

// nonzero returns n, or another number if n is zero.
func (n number) nonzero(other int64) number {
	if n == zero {
		n.whole = other
	}
	return n
}
