package reduce

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// ErrNotFound is returned by Get and Value while nobody has contributed.
var ErrNotFound = errors.New("reduce: no contribution")

// A Collection is what all replicas have contributed, reduced. Several
// collections of one name share one state. It may be used by several goroutines
// at once.
type Collection[V any] struct {
	h *replicate.Handle
	d *Reduction[V]
}

// Open opens the replica's collection of that name. It returns
// replicate.ErrUnknownType unless the reduction's Type is one of the replica's
// types.
func Open[V any](r *replicate.Replica, name string, d *Reduction[V]) (*Collection[V], error) {
	h, err := typed.Open[*state](r, d.tag, name)
	if err != nil {
		return nil, err
	}
	return &Collection[V]{h, d}, nil
}

func (c *Collection[V]) view(f func(*state)) {
	typed.View(c.h, f)
}

// In returns the collection with its writes in a transaction.
func (c *Collection[V]) In(tx *replicate.Tx) *Collection[V] { return &Collection[V]{c.h.In(tx), c.d} }

// Update contributes a value, and reports whether that changed anything (in a
// transaction, false): what is in the collection already is not written again. It returns a
// replicate.SizeError if the key is over [MaxKey] or the author's contribution
// over replicate.MaxUpdate, the error of an encoding, a pull.PanicError from the
// reduction's functions, or the failure of the replica's journal. The write is in
// memory when Update returns, and durable when the replica's Flush does.
func (c *Collection[V]) Update(v V) (changed bool, err error) {
	key, err := c.d.key(v)
	if err != nil {
		return false, err
	}
	if len(key) > MaxKey {
		return false, replicate.NewSizeError("key", key, MaxKey)
	}
	stamp, err := c.h.Compose(func(d replicate.Draft) (string, error) {
		value, err := c.d.contribution(d.State.(*state).keys[key], d.Stamp.Author, v)
		if err != nil || value == nil {
			return "", err
		}
		return string(appendOp(nil, key, value)), nil
	})
	return stamp != replicate.Stamp{}, err
}

// contribution returns, encoded, all that an author has contributed once it has
// contributed v; nil if v is no news.
func (d *Reduction[V]) contribution(all []*replicate.Update, author replicate.Author, v V) ([]byte, error) {
	if len(all) > 0 {
		whole, err := d.fold(all)
		if err != nil {
			return nil, err
		}
		before, after, err := d.reduced(whole, v)
		if err != nil || bytes.Equal(before, after) {
			return nil, err
		}
	}
	u := own(all, author)
	if u == nil {
		return d.encode(v)
	}
	mine, err := d.decode(u)
	if err != nil {
		return nil, err
	}
	_, after, err := d.reduced(mine, v)
	return after, err
}

// reduced returns a, encoded, before and after v is reduced into it.
func (d *Reduction[V]) reduced(a, v V) (before, after []byte, err error) {
	if before, err = d.encode(a); err != nil {
		return nil, nil, err
	}
	b, err := d.reduce(a, v)
	if err != nil {
		return nil, nil, err
	}
	after, err = d.encode(b)
	return before, after, err
}

// Value returns what all contributions reduce to, where the reduction has no
// Key. Errors are those of Get.
func (c *Collection[V]) Value() (V, error) { return c.Get("") }

// Get returns what the contributions to a key reduce to: a value of the
// caller's own. It returns ErrNotFound if there is none, and a pull.PanicError
// from the reduction's function.
func (c *Collection[V]) Get(key string) (v V, err error) {
	var all []*replicate.Update
	c.view(func(s *state) { all = slices.Clone(s.keys[key]) })
	if len(all) == 0 {
		return v, fmt.Errorf("%w to %q", ErrNotFound, key)
	}
	return c.d.fold(all)
}

// Len returns how many keys there are.
func (c *Collection[V]) Len() (n int) {
	c.view(func(s *state) { n = len(s.keys) })
	return n
}

// Keys returns the keys that begin with prefix, sorted.
func (c *Collection[V]) Keys(prefix string) (keys []string) {
	c.view(func(s *state) {
		for key := range s.keys {
			if strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}
	})
	slices.Sort(keys)
	return keys
}

// All returns the values of the keys that begin with prefix, in the order of
// the keys, each with the error that Get returns for it. The keys are those of the
// moment it is called; writers go on meanwhile.
func (c *Collection[V]) All(prefix string) iter.Seq2[V, error] {
	keys := c.Keys(prefix)
	return func(yield func(V, error) bool) {
		for _, key := range keys {
			if v, err := c.Get(key); !yield(v, err) {
				return
			}
		}
	}
}

// A Change is what an author has contributed to a key by now.
type Change[V any] struct {
	Key   string          // at most MaxKey bytes
	Value V               // all of the author's contributions to the key, reduced
	Stamp replicate.Stamp // who contributed, and when last
}

// Changes returns contributions as they arrive, own and foreign, from behind a
// place of the replica's log: 0 for all that is there and then what comes,
// Replica.Head for what comes from now on. It never ends by itself. Who reduces
// each Value into what there is of its Key has what Get returns. Of an author's
// contributions to a key only the newest is seen, which holds the others, so a
// slow reader holds up nobody.
func (c *Collection[V]) Changes(after uint64) pull.Source[Change[V]] {
	return replicate.Watch(c.h, after, func(u *replicate.Update) (ch Change[V], err error) {
		ch.Stamp = u.Stamp()
		ch.Key, _, _ = parseOp(u.Op())
		ch.Value, err = c.d.decode(u)
		return ch, err
	})
}
