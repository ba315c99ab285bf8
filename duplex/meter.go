package duplex

import (
	"sync/atomic"

	"github.com/weir-go/weir/pull"
)

// Traffic counts what passes through a duplex. Its methods may be called by any
// goroutine at any time. It comes of [Meter]: the zero value counts nothing.
type Traffic struct{ in, out tally }

// A Count is how much has passed one way.
type Count struct {
	Items int64 // Items are values.
	Bytes int64 // Bytes are of chunks, messages and strings; other values have 0.
}

// In returns what the source has returned so far.
func (t *Traffic) In() Count { return t.in.count() }

// Out returns what was taken from the source that the sink was given.
func (t *Traffic) Out() Count { return t.out.count() }

// Meter is d, and what counts its values as they pass, for the price of two
// atomic additions each.
func Meter[R, W any](d Duplex[R, W]) (Duplex[R, W], *Traffic) {
	t := new(Traffic)
	return Map(d, counted[R](&t.in), counted[W](&t.out)), t
}

type tally struct{ items, bytes atomic.Int64 }

func (t *tally) count() Count { return Count{t.items.Load(), t.bytes.Load()} }

func counted[T any](t *tally) pull.Through[T, T] {
	size := length[T]()
	return func(src pull.Source[T]) pull.Source[T] {
		return watched(src, func(v T) error {
			t.items.Add(1)
			if size != nil {
				t.bytes.Add(int64(size(v)))
			}
			return nil
		}, nil)
	}
}
