package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// ErrNotFound is returned by Get for a key that is not set.
var ErrNotFound = errors.New("model: no such key")

// JSON is the type of models whose values are JSON. It belongs into
// replicate.Config.Types.
var JSON = replicate.Type{Tag: "model/json", New: newState, Check: checkJSON, Key: keyOf, Tombstone: deletes}

// TypeOf returns the type of models whose values are opaque bytes under a tag
// of your own, such as "model/cbor".
func TypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newState, Check: checkAny, Key: keyOf, Tombstone: deletes}
}

// A Model is a replicated map from strings to values of type V. Several
// models of one name share one state. It may be used by several goroutines at
// once.
type Model[V any] struct {
	h      *replicate.Handle
	codec  replicate.Codec[V]
	bounds bounds // zero if nothing expires
}

// Open opens the replica's model of that name, with values as JSON. It
// returns replicate.ErrUnknownType unless [JSON] is one of the replica's types.
func Open[V any](r *replicate.Replica, name string) (*Model[V], error) {
	return OpenWith(r, name, replicate.JSON[V](JSON))
}

// OpenWith is Open with a codec of your own, or a type made by [Expiring].
func OpenWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*Model[V], error) {
	h, err := typed.Open[*state](r, codec.Type.Tag, name)
	if err != nil {
		return nil, err
	}
	m := &Model[V]{h: h, codec: codec}
	m.view(func(s *state) {
		if s.old != nil {
			m.bounds = s.old.bounds // fixed by the type
		}
	})
	return m, nil
}

func (m *Model[V]) view(f func(*state)) {
	typed.View(m.h, f)
}

// In returns the model with its writes in a transaction.
func (m *Model[V]) In(tx *replicate.Tx) *Model[V] { return &Model[V]{m.h.In(tx), m.codec, m.bounds} }

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
	if _, err = m.h.Write(string(append(op, b...))); err != nil {
		return err
	}
	return m.trim()
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

// Delete writes that a key is no more, and reports whether it was set (in a
// transaction, false). A key that is not set costs nothing. Errors are those
// of Set.
func (m *Model[V]) Delete(key string) (bool, error) {
	since := m.since()
	stamp, err := m.h.Compose(func(d replicate.Draft) (string, error) {
		if d.State.(*state).get(key, since) == nil {
			return "", nil
		}
		return string(appendOp(nil, opDelete, key)), nil
	})
	if err == nil {
		err = m.trim()
	}
	return stamp != replicate.Stamp{}, err
}

// Get returns a key's value. It returns ErrNotFound if the key is not set, and
// the codec's error if the value does not fit V.
func (m *Model[V]) Get(key string) (V, error) {
	e, err := m.Entry(key)
	return e.Value, err
}

// Entry is Get, and says who wrote the value, and when.
func (m *Model[V]) Entry(key string) (e Entry[V], err error) {
	var u *replicate.Update
	since := m.since()
	m.view(func(s *state) { u = s.get(key, since) })
	if u == nil {
		return e, ErrNotFound
	}
	e.Key, e.Stamp = key, u.Stamp()
	e.Value, err = m.decode(u)
	return e, err
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
	since := m.since()
	m.view(func(s *state) { ok = s.get(key, since) != nil })
	return ok
}

// Len returns how many keys are set.
func (m *Model[V]) Len() (n int) {
	since := m.since()
	m.view(func(s *state) { n = s.size(since) })
	return n
}

// Keys returns the keys that are set and begin with prefix, sorted.
func (m *Model[V]) Keys(prefix string) []string {
	var keys []string
	since := m.since()
	m.view(func(s *state) {
		for u := range s.cells.all() {
			if key := keyIn(u); s.shows(u, since) && strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}
	})
	slices.Sort(keys)
	return keys
}

// An Entry is a key and its value.
type Entry[V any] struct {
	Key   string          // at most MaxKey bytes
	Value V               // decoded by the model's codec
	Stamp replicate.Stamp // who wrote it, and when
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
	since := m.since()
	m.view(func(s *state) {
		for u := range s.cells.all() {
			if key := keyIn(u); s.shows(u, since) && strings.HasPrefix(key, prefix) {
				cells = append(cells, cell{key, u})
			}
		}
	})
	slices.SortFunc(cells, func(a, b cell) int { return cmp.Compare(a.key, b.key) })
	return func(yield func(Entry[V], error) bool) {
		for _, c := range cells {
			v, err := m.decode(c.u)
			if !yield(Entry[V]{c.key, v, c.u.Stamp()}, err) {
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
	src := replicate.Watch(m.h, after, func(u *replicate.Update) (*replicate.Update, error) {
		return u, nil
	})
	return pull.From(func(ctx context.Context) (c Change[V], err error) {
		for {
			u, err := src(ctx)
			if err != nil {
				return c, err
			}
			if !isFloor(u.Op()) {
				return m.change(u)
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
