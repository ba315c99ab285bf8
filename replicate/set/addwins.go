package set

import (
	"github.com/weir-go/weir/replicate"
)

// JSON is the type of add-wins sets whose elements are JSON. It belongs into
// replicate.Config.Types.
var JSON = replicate.Type{Tag: "set/json", New: newAddWins, Check: checkJSON}

// TypeOf returns the type of add-wins sets whose elements are opaque bytes under
// a tag of your own, such as "set/cbor".
func TypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newAddWins, Check: checkAny}
}

// An AddWins is a replicated set of values of type V, from which what was added
// can be removed. Several of one name share one state. It may be used by
// several goroutines at once.
//
// Source: Bieniusa et al., An optimized conflict-free replicated set (2012).
type AddWins[V any] struct {
	reader[V]
	object object
}

// Open opens the replica's add-wins set of that name, of elements as JSON. It
// returns replicate.ErrUnknownType unless [JSON] is one of the replica's types.
func Open[V any](r *replicate.Replica, name string) (*AddWins[V], error) {
	return OpenWith(r, name, replicate.JSON[V](JSON))
}

// OpenWith is Open with a codec of your own.
func OpenWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*AddWins[V], error) {
	o, elements, err := open[*addWins](r, name, codec, touched)
	if err != nil {
		return nil, err
	}
	return &AddWins[V]{elements, o}, nil
}

// In returns the set with its writes in a transaction.
func (s *AddWins[V]) In(tx *replicate.Tx) *AddWins[V] {
	return &AddWins[V]{s.reader, s.object.in(tx)}
}

// Add puts v into the set. It writes also if v is there: the new addition stands
// against removals that have not seen it, in place of the ones before it. To
// write only what is news, ask Has first. Errors are those of [Grow.Add].
func (s *AddWins[V]) Add(v V) error {
	element, err := s.encode(v)
	if err != nil {
		return err
	}
	_, err = s.object.h.Compose(func(d replicate.Draft) (string, error) {
		return addition(d.State.(*addWins).seen(element), element, d.Stamp), nil
	})
	return err
}

// Remove takes v out of the set: all additions of it that have arrived here. It
// reports whether v was there; to remove what is not costs nothing. Errors are
// those of [Grow.Add].
func (s *AddWins[V]) Remove(v V) (bool, error) {
	element, err := s.encode(v)
	if err != nil {
		return false, err
	}
	stamp, err := s.object.h.Compose(func(d replicate.Draft) (string, error) {
		state := d.State.(*addWins)
		if !state.has(element) {
			return "", nil
		}
		return removal(state.seen(element), element, d.Stamp), nil
	})
	return stamp != replicate.Stamp{}, err
}
