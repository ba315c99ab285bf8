package feed

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// ErrNotFound is returned by Get for an item that is not here.
var ErrNotFound = errors.New("feed: no such item")

// JSON is the type of feeds whose values are JSON. It belongs into
// replicate.Config.Types.
var JSON = replicate.Type{Tag: "feed/json", New: newState, Check: checkJSON, Tombstone: removes}

// TypeOf returns the type of feeds whose values are opaque bytes under a tag of
// your own, such as "feed/cbor".
func TypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newState, Check: checkAny, Tombstone: removes}
}

// A Feed is a replicated log of items with values of type V. Several feeds of
// one name share one state. It may be used by several goroutines at once.
type Feed[V any] struct {
	h     *replicate.Handle
	codec replicate.Codec[V]
}

// Open opens the replica's feed of that name, with values as JSON. It returns
// replicate.ErrUnknownType unless [JSON] is one of the replica's types.
func Open[V any](r *replicate.Replica, name string) (*Feed[V], error) {
	return OpenWith(r, name, replicate.JSON[V](JSON))
}

// OpenWith is Open with a codec of your own.
func OpenWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*Feed[V], error) {
	h, err := typed.Open[*state](r, codec.Type.Tag, name)
	if err != nil {
		return nil, err
	}
	return &Feed[V]{h, codec}, nil
}

func (f *Feed[V]) view(g func(*state)) {
	typed.View(f.h, g)
}

// In returns the feed with its writes in a transaction.
func (f *Feed[V]) In(tx *replicate.Tx) *Feed[V] { return &Feed[V]{f.h.In(tx), f.codec} }

// Append appends an item and returns its id (in a transaction, the zero Stamp),
// which is above those of all items that are here. It returns a
// replicate.SizeError if the update is over replicate.MaxUpdate, the codec's
// error, or the failure of the replica's journal. The item is in memory when
// Append returns, and durable when the replica's Flush does.
func (f *Feed[V]) Append(v V) (id replicate.Stamp, err error) {
	b, err := f.codec.Encode(v)
	if err != nil {
		return id, fmt.Errorf("feed: encoding: %w", err)
	}
	return f.h.Write(string(append([]byte{opAppend}, b...)))
}

// Remove removes an item everywhere, for good, and reports whether it was here
// (in a transaction, false). One that is still to come is never shown; one that
// was removed before costs nothing. It returns replicate.ErrStamp for an id
// whose author is not valid, or the failure of the replica's journal.
func (f *Feed[V]) Remove(id replicate.Stamp) (here bool, err error) {
	if !id.Author.Valid() {
		return false, fmt.Errorf("feed: %w: %v", replicate.ErrStamp, id)
	}
	_, err = f.h.Compose(func(d replicate.Draft) (string, error) {
		s := d.State.(*state)
		here = s.find(id) != nil
		if a := s.authors[id.Author]; a != nil && a.tombs[id.Time] != nil {
			return "", nil
		}
		return string(id.AppendRef([]byte{opRemove}, d.Stamp.Author)), nil
	})
	return here && err == nil, err
}

// Get returns an item's value. It returns ErrNotFound if the item was removed
// or has not arrived, and the codec's error if the value does not fit V.
func (f *Feed[V]) Get(id replicate.Stamp) (v V, err error) {
	var u *replicate.Update
	f.view(func(s *state) { u = s.find(id) })
	if u == nil {
		return v, fmt.Errorf("%w: %v", ErrNotFound, id)
	}
	return f.decode(u)
}

// decode returns the value of an item.
func (f *Feed[V]) decode(u *replicate.Update) (V, error) {
	v, err := f.codec.Decode([]byte(u.Op()[1:]))
	if err != nil {
		return v, fmt.Errorf("feed: decoding %v: %w", u.Stamp(), err)
	}
	return v, nil
}

// Len returns how many items there are.
func (f *Feed[V]) Len() (n int) {
	f.view(func(s *state) { n = s.n })
	return n
}

// Authors returns who has items here, sorted.
func (f *Feed[V]) Authors() (names []replicate.Author) {
	f.view(func(s *state) {
		for name, a := range s.authors {
			if len(a.items) > a.gone {
				names = append(names, name)
			}
		}
	})
	slices.Sort(names)
	return names
}

// A Change is an item that came, or that is no more.
type Change[V any] struct {
	ID      replicate.Stamp // of the item
	Value   V               // zero if Removed
	Removed bool            // the item is no more, or is never to be
	Stamp   replicate.Stamp // who appended or removed it, and when
}

// Changes returns appends and removals as they arrive, own and foreign, from
// behind a place of the replica's log: 0 for all that is there and then what
// comes, Replica.Head for what comes from now on. It never ends by itself. Who
// puts each ID into a map, or takes it out if Removed, has what the feed has: an
// item that was removed before it was read is only told as Removed, and one that
// was never heard of may be. A slow reader holds up nobody. A value that does not
// fit V ends the source with the codec's error.
func (f *Feed[V]) Changes(after uint64) pull.Source[Change[V]] {
	return replicate.Watch(f.h, after, f.change)
}

func (f *Feed[V]) change(u *replicate.Update) (c Change[V], err error) {
	c.ID, c.Stamp = u.Stamp(), u.Stamp()
	if u.Op()[0] == opRemove {
		c.Removed = true
		c.ID, err = parseRemove(u.Op(), c.Stamp.Author)
		return c, err
	}
	c.Value, err = f.decode(u)
	return c, err
}
