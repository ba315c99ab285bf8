package value

import (
	"errors"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// ErrNotSet is returned by Get and Last when nothing was ever written.
var ErrNotSet = errors.New("value: not set")

// MaxKeep bounds how many writes a type made by [Keep] keeps.
const MaxKeep = 4096

// JSON is the type of values that are JSON. It belongs into
// replicate.Config.Types.
var JSON = replicate.Type{Tag: "value/json", New: newLast(1), Check: checkJSON}

// TypeOf returns the type of values that are opaque bytes under a tag of your
// own, such as "value/cbor".
func TypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newLast(1), Check: checkAny}
}

// Keep returns the type like t, which is [JSON] or of [TypeOf], that keeps the
// newest n writes; its tag is t's and ";keep=n". It panics if n is not from 1 to
// [MaxKeep], or t is not such a type.
func Keep(t replicate.Type, n int) replicate.Type {
	if n < 1 || n > MaxKeep {
		panic(fmt.Sprintf("value: Keep of %d writes, not of 1 to %d", n, MaxKeep))
	}
	if _, ok := t.New().(*last); !ok {
		panic("value: Keep of the type " + t.Tag)
	}
	t.Tag, t.New = fmt.Sprintf("%s;keep=%d", t.Tag, n), newLast(n)
	return t
}

// A Value is a replicated register of type V, in which the last writer wins.
// Several of one name share one state. It may be used by several goroutines at
// once.
type Value[V any] struct {
	h     *replicate.Handle
	codec replicate.Codec[V]
}

// Open opens the replica's value of that name, as JSON. It returns
// replicate.ErrUnknownType unless [JSON] is one of the replica's types.
func Open[V any](r *replicate.Replica, name string) (*Value[V], error) {
	return OpenWith(r, name, replicate.JSON[V](JSON))
}

// OpenWith is Open with a codec of your own, or a type made by [Keep].
func OpenWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*Value[V], error) {
	h, err := typed.Open[*last](r, codec.Type.Tag, name)
	if err != nil {
		return nil, err
	}
	return &Value[V]{h, codec}, nil
}

// In returns the value with its writes in a transaction.
func (v *Value[V]) In(tx *replicate.Tx) *Value[V] { return &Value[V]{v.h.In(tx), v.codec} }

// Set writes the value. It returns the codec's error, a replicate.SizeError if
// the update is over replicate.MaxUpdate, or the failure of the replica's
// journal. The write is in memory when Set returns, and durable when the
// replica's Flush does.
func (v *Value[V]) Set(x V) error {
	b, err := encode(v.codec, x)
	if err != nil {
		return err
	}
	_, err = v.h.Compose(func(d replicate.Draft) (string, error) {
		floor, ok := d.State.(*last).floorFor()
		return setOp(b, d.Stamp.Time, floor, ok), nil
	})
	return err
}

// A Write is a value that was written, and its stamp.
type Write[V any] struct {
	Value V               // that was written
	Stamp replicate.Stamp // who wrote it, and when
}

// Get returns the value: the newest write. It returns ErrNotSet if there is
// none, and the codec's error if what was written does not fit V.
func (v *Value[V]) Get() (V, error) {
	w, err := v.Last()
	return w.Value, err
}

// Last is Get with the stamp of the write.
func (v *Value[V]) Last() (w Write[V], err error) {
	var u *replicate.Update
	typed.View(v.h, func(s *last) { u = s.newest() })
	if u == nil {
		return w, ErrNotSet
	}
	return v.write(u)
}

// History returns the newest writes, oldest first: at most one, or as many as
// the type's [Keep] says. It returns the codec's error if one does not
// fit V.
func (v *Value[V]) History() ([]Write[V], error) {
	var updates []*replicate.Update
	typed.View(v.h, func(s *last) { updates = append(updates, s.shown()...) })
	return decodeAll(updates, v.write)
}

func (v *Value[V]) write(u *replicate.Update) (w Write[V], err error) {
	_, text, _ := parseSet(u.Op())
	return decode(v.codec, u, text)
}

// Changes returns writes as they arrive, own and foreign, from behind a place
// of the replica's log: 0 for what is there and then what comes, Replica.Head
// for what comes from now on. It never ends by itself. A write that is no more
// kept when it would be read is skipped, so a slow reader holds up nobody. The
// value is the write with the highest stamp, the history those with the highest
// stamps; without a history it is the last one read. A write that does not fit V ends the source with the codec's
// error.
func (v *Value[V]) Changes(after uint64) pull.Source[Write[V]] {
	return replicate.Watch(v.h, after, v.write)
}
