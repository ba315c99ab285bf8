package model

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// ErrNotFound is returned by Get for a key that is not set.
var ErrNotFound = errors.New("model: no such key")

// JSON is the type of models whose values are JSON. It belongs into
// replicate.Config.Types.
var JSON = replicate.Type{Tag: "model/json", New: newState, Check: checkJSON}

// A Codec says how values of type V are written. Replicas that share a model
// agree on the codec of its tag.
type Codec[V any] struct {
	// Type is the object type the codec stands for: [JSON], or [TypeOf] a tag
	// of your own.
	Type replicate.Type
	// Encode turns a value into bytes. It may be called by several goroutines
	// at once, and so may Decode.
	Encode func(V) ([]byte, error)
	// Decode turns what Encode made back into a value.
	Decode func([]byte) (V, error)
}

// TypeOf returns the type of models whose values are opaque bytes under a tag
// of your own, such as "model/cbor".
func TypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newState, Check: checkAny}
}

// A Model is a replicated map from strings to values of type V. Several
// models of one name share one state. It may be used by several goroutines at
// once.
type Model[V any] struct {
	h     *replicate.Handle
	s     *state
	codec Codec[V]
}

// Open opens the replica's model of that name, with values as JSON. It
// returns replicate.ErrUnknownType unless [JSON] is one of the replica's types.
func Open[V any](r *replicate.Replica, name string) (*Model[V], error) {
	return OpenWith(r, name, Codec[V]{Type: JSON, Encode: encodeJSON[V], Decode: decodeJSON[V]})
}

// OpenWith is Open with a codec of your own.
func OpenWith[V any](r *replicate.Replica, name string, codec Codec[V]) (*Model[V], error) {
	h, o, err := r.Open(replicate.ObjectName{Type: codec.Type.Tag, Name: name})
	if err != nil {
		return nil, err
	}
	s, ok := o.(*state)
	if !ok {
		return nil, fmt.Errorf("model: object %v is not a model", h.Name())
	}
	return &Model[V]{h, s, codec}, nil
}

func encodeJSON[V any](v V) ([]byte, error) { return json.Marshal(v) }

func decodeJSON[V any](b []byte) (v V, err error) {
	err = json.Unmarshal(b, &v)
	return v, err
}

// Set writes a key. It returns a replicate.SizeError if key is over [MaxKey]
// or the update over replicate.MaxUpdate, the codec's error, or the failure of
// the replica's journal. The write is in memory when Set returns, and durable
// when the replica's Flush does.
func (m *Model[V]) Set(key string, v V) error {
	if err := Fits(key, 0); err != nil {
		return err
	}
	b, err := m.codec.Encode(v)
	if err != nil {
		return fmt.Errorf("model: encoding %q: %w", key, err)
	}
	if err := Fits(key, len(b)); err != nil {
		return err
	}
	op := appendOp(make([]byte, 0, opSize(key, len(b))), opSet, key)
	_, err = m.h.Write(string(append(op, b...)))
	return err
}

// Fits returns the replicate.SizeError that Set returns for this key and a
// value of so many encoded bytes, or nil.
func Fits(key string, size int) error {
	if len(key) > MaxKey {
		return replicate.NewSizeError("key", key, MaxKey)
	}
	if n := opSize(key, size); n > replicate.MaxUpdate {
		return &replicate.SizeError{
			What: "update of key", Size: n, Limit: replicate.MaxUpdate, Text: key[:min(len(key), 32)],
		}
	}
	return nil
}

// Delete writes that a key is no more, and reports whether it was set. A key
// that is not set costs nothing. Errors are those of Set.
func (m *Model[V]) Delete(key string) (bool, error) {
	if !m.Has(key) {
		return false, nil
	}
	_, err := m.h.Write(string(appendOp(nil, opDelete, key)))
	return err == nil, err
}

// Get returns a key's value. It returns ErrNotFound if the key is not set, and
// the codec's error if the value does not fit V.
func (m *Model[V]) Get(key string) (v V, err error) {
	var u *replicate.Update
	m.h.View(func() { u = m.s.cells[key] })
	if u == nil || u.Op()[0] != opSet {
		return v, ErrNotFound
	}
	return m.decode(u)
}

func (m *Model[V]) decode(u *replicate.Update) (v V, err error) {
	_, key, value, err := parseOp(u.Op())
	if err == nil {
		v, err = m.codec.Decode([]byte(value))
	}
	if err != nil {
		return v, fmt.Errorf("model: decoding %q: %w", key, err)
	}
	return v, nil
}

// Has reports whether a key is set.
func (m *Model[V]) Has(key string) (ok bool) {
	m.h.View(func() {
		u := m.s.cells[key]
		ok = u != nil && u.Op()[0] == opSet
	})
	return ok
}

// Len returns how many keys are set.
func (m *Model[V]) Len() (n int) {
	m.h.View(func() { n = m.s.live })
	return n
}

// Keys returns the keys that are set and begin with prefix, sorted.
func (m *Model[V]) Keys(prefix string) []string {
	var keys []string
	m.h.View(func() {
		for key, u := range m.s.cells {
			if u.Op()[0] == opSet && strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}
	})
	slices.Sort(keys)
	return keys
}

// An Entry is a key and its value.
type Entry[V any] struct {
	Key   string // at most MaxKey bytes
	Value V      // decoded by the model's codec
}

// All returns the keys that are set and begin with prefix, sorted, each with
// its value, or with the codec's error if the value does not fit V. It goes
// over the state of the moment it is called; writers go on meanwhile.
func (m *Model[V]) All(prefix string) iter.Seq2[Entry[V], error] {
	type cell struct {
		key string
		u   *replicate.Update
	}
	var cells []cell
	m.h.View(func() {
		for key, u := range m.s.cells {
			if u.Op()[0] == opSet && strings.HasPrefix(key, prefix) {
				cells = append(cells, cell{key, u})
			}
		}
	})
	slices.SortFunc(cells, func(a, b cell) int { return cmp.Compare(a.key, b.key) })
	return func(yield func(Entry[V], error) bool) {
		for _, c := range cells {
			v, err := m.decode(c.u)
			if !yield(Entry[V]{c.key, v}, err) {
				return
			}
		}
	}
}

// A Change is a key's newest write.
type Change[V any] struct {
	Key     string          // that was written
	Value   V               // zero if Deleted
	Deleted bool            // the write is a deletion
	Stamp   replicate.Stamp // who wrote, and when
}

// Changes returns writes as they arrive, own and foreign, from behind a place
// of the replica's log: 0 for all that is there and then what comes,
// Replica.Head for what comes from now on. It never ends by itself. A key that
// is written again before it is read is seen once, in its newest state, so a
// slow reader holds up nobody. A value that does not fit V ends the source with
// the codec's error.
func (m *Model[V]) Changes(after uint64) pull.Source[Change[V]] {
	src := m.h.Replica().Changes(after)
	var batch []*replicate.Update
	return pull.From(func(ctx context.Context) (c Change[V], err error) {
		for {
			for len(batch) > 0 {
				u := batch[0]
				batch = batch[1:]
				if u.Object() == m.h.Name() {
					return m.change(u)
				}
			}
			if batch, err = src(ctx); err != nil {
				return c, err
			}
		}
	}, func(cause error) error { return pull.Abort(src, cause) })
}

func (m *Model[V]) change(u *replicate.Update) (c Change[V], err error) {
	kind, key, _, err := parseOp(u.Op())
	c.Key, c.Stamp, c.Deleted = key, u.Stamp(), kind == opDelete
	if err == nil && !c.Deleted {
		c.Value, err = m.decode(u)
	}
	return c, err
}
