package counter

import (
	"errors"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// ErrOverflow is matched by an [OverflowError].
var ErrOverflow = errors.New("counter: overflow")

// An OverflowError is an Add that was refused. It matches [ErrOverflow].
type OverflowError struct {
	Value int64 // the counter's, which has not changed
	Add   int64 // what was to be added
}

// Error names both numbers.
func (e *OverflowError) Error() string {
	return fmt.Sprintf("counter: to add %d to %d is more than it can count", e.Add, e.Value)
}

// Is reports whether target is ErrOverflow.
func (e *OverflowError) Is(target error) bool { return target == ErrOverflow }

// Type is the type of counters. It belongs into replicate.Config.Types.
var Type = replicate.Type{Tag: "counter", New: newState, Check: check}

// A Counter is a replicated number. Several of one name share one state. It may
// be used by several goroutines at once.
//
// Source: Shapiro et al., A comprehensive study of convergent and commutative
// replicated data types (2011), specification 7, with stamps in place of
// maxima.
type Counter struct {
	h *replicate.Handle
}

// Open opens the replica's counter of that name, which is 0 at first. It returns
// replicate.ErrUnknownType unless [Type] is one of the replica's types.
func Open(r *replicate.Replica, name string) (*Counter, error) {
	h, err := typed.Open[*state](r, Type.Tag, name)
	if err != nil {
		return nil, err
	}
	return &Counter{h}, nil
}

// In returns the counter with its writes in a transaction.
func (c *Counter) In(tx *replicate.Tx) *Counter { return &Counter{c.h.In(tx)} }

// Add adds n, which may be negative; 0 writes nothing. It returns an
// [OverflowError] if the value would leave the int64s, or has left them and
// would go on, or if the author's total would be over 2⁶⁴−1; else the failure of
// the replica's journal. The write is in memory when Add returns, and durable
// when the replica's Flush does.
func (c *Counter) Add(n int64) error {
	_, err := c.h.Compose(func(d replicate.Draft) (string, error) {
		if n == 0 {
			return "", nil
		}
		s := d.State.(*state)
		mine, ok := s.of(d.Stamp.Author).add(n)
		if !ok || s.sum.overflows(n) {
			return "", &OverflowError{Value: s.sum.value(), Add: n}
		}
		return mine.op(), nil
	})
	return err
}

// Value returns the sum of all that was added, less what was taken; the nearest
// int64 where it is none.
func (c *Counter) Value() (v int64) {
	typed.View(c.h, func(s *state) { v = s.sum.value() })
	return v
}

// A Change is news of a counter.
type Change struct {
	Value int64           // the counter's, as of now
	Stamp replicate.Stamp // of the update that brought the news: who, and when
}

// Changes returns news as they arrive, own and foreign, from behind a place of
// the replica's log: 0 for what is there and then what comes, Replica.Head for
// what comes from now on. It never ends by itself. The last value read is the
// counter's. What an author adds again before it is read is told once, so a
// slow reader holds up nobody; a value may be told twice.
func (c *Counter) Changes(after uint64) pull.Source[Change] {
	return replicate.Watch(c.h, after, func(u *replicate.Update) (Change, error) {
		return Change{c.Value(), u.Stamp()}, nil
	})
}
