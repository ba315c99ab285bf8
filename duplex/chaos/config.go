package chaos

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A Config says how a connection behaves. The zero value is a perfect one.
type Config struct {
	// Seed makes random choices repeatable; 0 means a random seed.
	Seed uint64

	Out Link // what the end is written that Wrap returns, or Pair returns first
	In  Link // what that end reads
}

// Symmetric returns a Config with l in both directions. A round trip takes
// twice its latency.
func Symmetric(l Link) Config { return Config{Out: l, In: l} }

// A Link is one direction of a connection. The zero value delivers everything
// at once.
type Link struct {
	// Latency is how long each byte travels, Jitter what a random share is
	// added of, up to all. Neither changes the order. 0 means none.
	Latency, Jitter time.Duration

	// Rate is in bytes per second; 0 means unlimited. Bytes pass in pieces of
	// a millisecond's worth, 1,460 bytes at least, that arrive as a whole.
	Rate int64

	// Buffer is how many bytes wait at the entry for their turn, and again at
	// the exit to be read, before a write blocks. 0 means 256 KiB. What travels
	// does not count.
	Buffer int

	// Slice cuts what arrives at random distances of 1 to Slice bytes: no read
	// (with Wrap: no write to the connection beneath) crosses a cut. 0 means
	// that a read gets whatever is there.
	Slice int

	// Slices, if there are any, are used in turn, over and over, instead of
	// random distances.
	Slices []int

	// Flips is the probability that a byte has one bit changed, 0 to 1.
	Flips float64

	// Faults strike in the order of their offsets.
	Faults []Fault

	// Tamper, if not nil, gets what is written, write by write, and returns
	// what goes on instead: more, less, something older, nothing. Offsets count
	// what it returns. It must not change what it gets, nor keep it; what it
	// returns is not kept either. Calls do not overlap.
	Tamper func(p []byte) []byte
}

// A Fault strikes once, when At bytes of its direction were taken.
type Fault struct {
	At   int64 // At is in bytes; 0 means before the first.
	Kind Kind  // Kind is what it does; there is no default.
	Bit  int   // Bit says which one Flip changes, 0 to 7.
	Err  error // Err is what both ends get by Reset; nil means ECONNRESET.
}

// A Kind is what a fault does.
type Kind int

// The kinds of faults. Where one end of a [Conn] is what lies beneath a Wrap,
// that is closed or reset accordingly.
const (
	// Stall delivers nothing more, no end either, until [Line.Resume]. Writes
	// go on until the buffer is full.
	Stall Kind = iota + 1
	// Drop loses everything from here on, ends and the news of a Close
	// included, while writes succeed: the peer seems to be silent.
	Drop
	// End gives the reader io.EOF; the writer does not notice, and what it
	// still writes is lost. The other direction goes on.
	End
	// Cut ends both directions: readers get io.EOF, writers EPIPE. What had
	// arrived against the direction of the fault is still read.
	Cut
	// Reset is like Cut, with ECONNRESET or Fault.Err for readers and writers.
	Reset
	// Flip changes one bit of the byte at offset At.
	Flip
)

// String returns the name of the kind.
func (k Kind) String() string {
	names := [...]string{"", "Stall", "Drop", "End", "Cut", "Reset", "Flip"}
	if k < Stall || k > Flip {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return names[k]
}

const (
	defaultBuffer = 256 << 10
	maxHeld       = 64 << 20 // bytes of one direction, wherever they are
	minPiece      = 1460     // bytes that a rate lets pass at once
)

// check panics if l makes no sense, which is a mistake of the program.
func (l Link) check() {
	bad := l.Latency < 0 || l.Jitter < 0 || l.Rate < 0 || l.Buffer < 0 || l.Slice < 0 ||
		!(l.Flips >= 0 && l.Flips <= 1)
	for _, n := range l.Slices {
		bad = bad || n <= 0
	}
	if bad {
		panic(fmt.Sprintf("chaos: a link has a value out of range: %+v", l))
	}
	for _, f := range l.Faults {
		if f.At < 0 || f.Kind < Stall || f.Kind > Flip || f.Bit < 0 || f.Bit > 7 {
			panic(fmt.Sprintf("chaos: a fault has a value out of range: %+v", f))
		}
	}
}

// seeded returns c with a seed.
func (c Config) seeded() Config {
	for c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	return c
}

// sortFaults returns those of fs that keep wants, in order of their offsets.
func sortFaults(fs []Fault, keep func(Kind) bool) []Fault {
	var some []Fault
	for _, f := range fs {
		if keep(f.Kind) {
			some = append(some, f)
		}
	}
	slices.SortStableFunc(some, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return some
}
