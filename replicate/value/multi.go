package value

import (
	"context"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/causal"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// MultiJSON is the type of multi-value registers whose values are JSON. It
// belongs into replicate.Config.Types.
var MultiJSON = replicate.Type{Tag: "value.multi/json", New: newAll, Check: checkMultiJSON}

// MultiTypeOf returns the type of multi-value registers whose values are opaque
// bytes under a tag of your own, such as "value.multi/cbor".
func MultiTypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newAll, Check: checkMulti}
}

// A Multi is a replicated register of type V that keeps concurrent writes, so
// that a person or a program can make one of them. Several of one name share
// one state. It may be used by several goroutines at once.
//
// Source: Shapiro et al., A comprehensive study of convergent and commutative
// replicated data types (2011), specification 10.
type Multi[V any] struct {
	h     *replicate.Handle
	codec replicate.Codec[V]
}

// OpenMulti opens the replica's multi-value register of that name, as JSON. It
// returns replicate.ErrUnknownType unless [MultiJSON] is one of the replica's
// types.
func OpenMulti[V any](r *replicate.Replica, name string) (*Multi[V], error) {
	return OpenMultiWith(r, name, replicate.JSON[V](MultiJSON))
}

// OpenMultiWith is OpenMulti with a codec of your own.
func OpenMultiWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*Multi[V], error) {
	h, err := typed.Open[*all](r, codec.Type.Tag, name)
	if err != nil {
		return nil, err
	}
	return &Multi[V]{h, codec}, nil
}

// In returns the register with its writes in a transaction.
func (m *Multi[V]) In(tx *replicate.Tx) *Multi[V] { return &Multi[V]{m.h.In(tx), m.codec} }

// Set writes a value in place of all that Get returns at this moment. Errors
// are those of [Value.Set].
func (m *Multi[V]) Set(x V) error {
	b, err := encode(m.codec, x)
	if err != nil {
		return err
	}
	_, err = m.h.Compose(func(d replicate.Draft) (string, error) {
		op := appendMulti(nil, d.State.(*all).seen(), d.Stamp)
		return string(append(op, b...)), nil
	})
	return err
}

// Get returns the writes that no other write had seen, in the order of their
// stamps: none if nothing was ever written, more than one if there is a
// conflict. It returns the codec's error if one does not fit V.
func (m *Multi[V]) Get() ([]Write[V], error) {
	var updates []*replicate.Update
	typed.View(m.h, func(s *all) { updates = append(updates, s.live...) })
	return decodeAll(updates, m.write)
}

func (m *Multi[V]) write(u *replicate.Update) (Write[V], error) {
	_, text := parseMulti(u)
	return decode(m.codec, u, text)
}

// Changes returns what Get would, each time that it has changed, from behind a
// place of the replica's log: 0 for what is there and then what comes,
// Replica.Head for what comes from now on. The last one read is what is there.
// It never ends by itself. A slow reader sees the newest state and holds up
// nobody. A write that does not fit V ends the source with the codec's error.
func (m *Multi[V]) Changes(after uint64) pull.Source[[]Write[V]] {
	src := m.h.Changes(after)
	var told []Write[V]
	return pull.From(func(ctx context.Context) ([]Write[V], error) {
		for {
			if _, err := src(ctx); err != nil {
				return nil, err
			}
			writes, err := m.Get()
			if err != nil {
				return nil, err
			}
			if !slices.EqualFunc(told, writes, sameWrite) {
				told = writes
				return slices.Clone(writes), nil
			}
		}
	}, func(cause error) error { return pull.Abort(src, cause) })
}

func sameWrite[V any](a, b Write[V]) bool { return a.Stamp == b.Stamp }

// seenBy returns what the author of an op had seen.
func seenBy(u *replicate.Update) causal.Context {
	c, _ := parseMulti(u)
	return c
}
