package npm

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A Model is scuttlebutt/model: a map from strings to JSON in which the last
// writer wins. Several of one scuttlebutt share one state. It may be used by
// several goroutines at once.
type Model[V any] struct{ s *Scuttlebutt }

// NewModel returns the model that a scuttlebutt of the [ModelType] is.
func NewModel[V any](s *Scuttlebutt) (*Model[V], error) {
	if err := s.is(ModelType); err != nil {
		return nil, err
	}
	return &Model[V]{s}, nil
}

// is returns an error unless the scuttlebutt is of a type.
func (s *Scuttlebutt) is(typ replicate.Type) error {
	if s.typ != typ.Tag {
		return fmt.Errorf("npm: %q is no %s", s.typ, typ.Tag)
	}
	return nil
}

// viewOf runs f on a scuttlebutt's state.
func viewOf[S object](s *Scuttlebutt, f func(S)) {
	s.handle.View(func(o replicate.Object) { f(o.(*base).object.(S)) })
}

// Set writes a key. It returns an error for the key "__proto__", encoding/json's
// error, a replicate.SizeError if the update is over replicate.MaxUpdate, or the
// failure of the replica's journal.
func (m *Model[V]) Set(key string, v V) error {
	value, err := encode(v)
	if err == nil {
		err = m.write(key, value)
	}
	return err
}

func (m *Model[V]) write(key string, value []byte) error {
	if key == proto {
		return fmt.Errorf("npm: key %w", errProto)
	}
	_, err := m.s.write(func(object, replicate.Time) ([]byte, error) {
		change := appendJSString([]byte{'['}, key)
		return append(append(append(change, ','), value...), ']'), nil
	})
	return err
}

// Delete writes null, which is how the original deletes a key.
func (m *Model[V]) Delete(key string) error { return m.write(key, []byte("null")) }

// encode returns a value as canonical JSON.
func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("npm: encoding: %w", err)
	}
	return canonical(b)
}

// decode reads a value.
func decode[V any](text string) (v V, err error) {
	if err = json.Unmarshal([]byte(text), &v); err != nil {
		err = fmt.Errorf("npm: decoding %.40s: %w", text, err)
	}
	return v, err
}

// decodeText reads a canonical string.
func decodeText(quoted string) string { return ident(quoted[1 : len(quoted)-1]).String() }

// Get returns a key's value. It returns ErrNotFound if the key was never set or
// is null, and encoding/json's error if the value does not fit V.
func (m *Model[V]) Get(key string) (v V, err error) {
	text := ""
	viewOf(m.s, func(s *modelState) {
		if u := s.cells[string(appendJSString(nil, key))]; u != nil {
			text = modelValue(u)
		}
	})
	if text == "" || text == "null" {
		return v, ErrNotFound
	}
	return decode[V](text)
}

// Keys returns the keys that are set and not null, sorted.
func (m *Model[V]) Keys() (keys []string) {
	viewOf(m.s, func(s *modelState) {
		for key, u := range s.cells {
			if modelValue(u) != "null" {
				keys = append(keys, decodeText(key))
			}
		}
	})
	slices.Sort(keys)
	return keys
}

// All returns what the original's toJSON does: the keys that are not null, each
// with its value. It returns encoding/json's error if one does not fit V.
func (m *Model[V]) All() (map[string]V, error) {
	var cells map[string]*replicate.Update
	viewOf(m.s, func(s *modelState) { cells = maps.Clone(s.cells) })
	all := make(map[string]V, len(cells))
	for key, u := range cells {
		text := modelValue(u)
		if text == "null" {
			continue
		}
		v, err := decode[V](text)
		if err != nil {
			return nil, err
		}
		all[decodeText(key)] = v
	}
	return all, nil
}

// A Change is a write of a key, or of a value, which has no key.
type Change[V any] struct {
	Key     string          // that was written
	Value   V               // zero if Deleted
	Deleted bool            // null was written
	ID      string          // of who wrote it
	Stamp   replicate.Stamp // who wrote it here, and when
}

// Changes returns writes as they arrive, own and foreign, from behind a place of
// the replica's log: see replicate.Replica.Changes. A key that is written again
// before it is read is seen once. A value that does not fit V ends the source.
func (m *Model[V]) Changes(after uint64) pull.Source[Change[V]] {
	return replicate.Watch(m.s.handle, after, func(u *replicate.Update) (c Change[V], err error) {
		key, _, _ := pair(changeOf(u.Op()))
		return change[V](u, decodeText(keyText(key)), modelValue(u))
	})
}

func change[V any](u *replicate.Update, key, text string) (c Change[V], err error) {
	c.Key, c.ID, c.Stamp = key, idOf(u).String(), u.Stamp()
	if c.Deleted = text == "null"; !c.Deleted {
		c.Value, err = decode[V](text)
	}
	return c, err
}

// keyText returns a key, in quotes, as JavaScript makes a property's name of it.
func keyText(key string) string {
	if key[0] == '"' {
		return key
	}
	return `"` + key + `"`
}

// modelValue returns what u sets its key to.
func modelValue(u *replicate.Update) string {
	if _, value, _ := pair(changeOf(u.Op())); value != "" {
		return value
	}
	return "null"
}

// checkModel refuses what has no key.
func checkModel(change string) error {
	key, _, ok := pair(change)
	switch {
	case !ok || key[0] == '[' || key[0] == '{':
		return errUnwritten
	case key == `"`+proto+`"`:
		return errProto
	}
	return nil
}

// modelState is the newest write of each key.
type modelState struct {
	cells map[string]*replicate.Update // by the key in quotes
}

func newModelState() object { return &modelState{make(map[string]*replicate.Update)} }

// Apply implements replicate.Object.
func (s *modelState) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	key, _, _ := pair(changeOf(u.Op()))
	key = keyText(key)
	old := s.cells[key]
	switch {
	case old == u:
		return
	case old != nil && !newer(u, old):
		obsolete(u)
		return
	case old != nil:
		obsolete(old)
		delete(s.cells, key) // its key shares memory with the old op
	}
	s.cells[key] = u
}

func (s *modelState) kept(*replicate.Update) bool { return true }
