package set

import (
	"github.com/weir-go/weir/replicate"
)

// GrowJSON is the type of grow-only sets whose elements are JSON. It belongs
// into replicate.Config.Types.
var GrowJSON = replicate.Type{Tag: "set.grow/json", New: newGrow, Check: checkGrowJSON}

// GrowTypeOf returns the type of grow-only sets whose elements are opaque bytes
// under a tag of your own, such as "set.grow/cbor".
func GrowTypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newGrow, Check: checkGrow}
}

// A Grow is a replicated set of values of type V that only grows. Several of
// one name share one state. It may be used by several goroutines at once.
type Grow[V any] struct {
	reader[V]
	object object
}

// OpenGrow opens the replica's grow-only set of that name, of elements as JSON.
// It returns replicate.ErrUnknownType unless [GrowJSON] is one of the replica's
// types.
func OpenGrow[V any](r *replicate.Replica, name string) (*Grow[V], error) {
	return OpenGrowWith(r, name, replicate.JSON[V](GrowJSON))
}

// OpenGrowWith is OpenGrow with a codec of your own.
func OpenGrowWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*Grow[V], error) {
	o, elements, err := open[*grow](r, name, codec, grown)
	if err != nil {
		return nil, err
	}
	return &Grow[V]{elements, o}, nil
}

// In returns the set with its writes in a transaction.
func (s *Grow[V]) In(tx *replicate.Tx) *Grow[V] { return &Grow[V]{s.reader, s.object.in(tx)} }

// Add puts v into the set, and reports whether it was not there: one that is
// costs nothing. It returns the codec's error, a replicate.SizeError if the
// update is over replicate.MaxUpdate, or the failure of the replica's journal.
// The write is in memory when Add returns, and durable when the replica's
// Flush does.
func (s *Grow[V]) Add(v V) (bool, error) {
	element, err := s.encode(v)
	if err != nil {
		return false, err
	}
	stamp, err := s.object.h.Compose(func(d replicate.Draft) (string, error) {
		if d.State.(*grow).has(element) {
			return "", nil
		}
		return opGrow + element, nil
	})
	return stamp != replicate.Stamp{}, err
}
