package events

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/typed"
)

// ErrUnknownEvent is returned by Resume when the event is not in the log: it
// was trimmed, or is another replica's, or was lost with a disk.
var ErrUnknownEvent = errors.New("events: no such event here")

// JSON is the type of emitters whose values are JSON. It belongs into
// replicate.Config.Types.
var JSON = replicate.Type{Tag: "events/json", New: newState, Check: checkJSON}

// TypeOf returns the type of emitters whose values are opaque bytes under a tag
// of your own, such as "events/cbor".
func TypeOf(tag string) replicate.Type {
	return replicate.Type{Tag: tag, New: newState, Check: checkAny}
}

// An Emitter emits and reads events with values of type V. Several emitters of
// one name share one state. It may be used by several goroutines at once.
type Emitter[V any] struct {
	h     *replicate.Handle
	codec replicate.Codec[V]
}

// Open opens the replica's emitter of that name, with values as JSON. It
// returns replicate.ErrUnknownType unless [JSON] is one of the replica's types.
func Open[V any](r *replicate.Replica, name string) (*Emitter[V], error) {
	return OpenWith(r, name, replicate.JSON[V](JSON))
}

// OpenWith is Open with a codec of your own.
func OpenWith[V any](r *replicate.Replica, name string, codec replicate.Codec[V]) (*Emitter[V], error) {
	h, err := typed.Open[*state](r, codec.Type.Tag, name)
	if err != nil {
		return nil, err
	}
	return &Emitter[V]{h, codec}, nil
}

func (e *Emitter[V]) view(f func(*state)) {
	typed.View(e.h, f)
}

// In returns the emitter with its writes in a transaction.
func (e *Emitter[V]) In(tx *replicate.Tx) *Emitter[V] { return &Emitter[V]{e.h.In(tx), e.codec} }

// Emit has an event reach every replica, and returns its stamp (in a transaction,
// the zero Stamp). It returns a replicate.SizeError if the name is over [MaxName]
// or the update over replicate.MaxUpdate, the codec's error, or the failure of the
// replica's journal. The event is in memory when Emit returns, and durable when the
// replica's Flush does.
func (e *Emitter[V]) Emit(name string, v V) (replicate.Stamp, error) {
	if len(name) > MaxName {
		return replicate.Stamp{}, replicate.NewSizeError("name", name, MaxName)
	}
	b, err := e.codec.Encode(v)
	if err != nil {
		return replicate.Stamp{}, fmt.Errorf("events: encoding %q: %w", name, err)
	}
	return e.h.Write(string(append(appendEvent(nil, name), b...)))
}

// Len returns how many events there are, those that were trimmed not counted.
func (e *Emitter[V]) Len() (n int) {
	e.view(func(s *state) { n = s.n })
	return n
}

// An Event is one call of Emit, somewhere.
type Event[V any] struct {
	Name  string          // at most MaxName bytes
	Value V               // decoded by the emitter's codec
	Stamp replicate.Stamp // who emitted it, and when; it names the event
}

// Events returns the events of these names, or all if none is given, own and
// foreign, in order of arrival, each once, from behind a place of the replica's
// log: 0 for all that is there and then what comes, Replica.Head for what comes
// from now on. It never ends by itself. An event is returned once it is durable;
// one that is trimmed before it is read is not. A slow reader holds up nobody. A
// value that does not fit V ends the source with the codec's error, a journal
// that failed with its failure.
func (e *Emitter[V]) Events(after uint64, names ...string) pull.Source[Event[V]] {
	return e.events(after, replicate.Stamp{}, names)
}

// Resume is Events from behind the event of that stamp, of whatever name: the
// last one that was dealt with, perhaps by an earlier process. It returns
// ErrUnknownEvent if that event is not here.
func (e *Emitter[V]) Resume(last replicate.Stamp, names ...string) (pull.Source[Event[V]], error) {
	place, ok := e.h.Replica().Place(last)
	if !ok {
		return nil, fmt.Errorf("%w: %v", ErrUnknownEvent, last)
	}
	// The updates of a transaction share a place, so not from behind that.
	return e.events(place-1, last, names), nil
}

// events reads from behind a place; of those in one place, as the updates of
// a transaction are, from behind the stamp last.
func (e *Emitter[V]) events(after uint64, last replicate.Stamp, names []string) pull.Source[Event[V]] {
	src := e.h.Changes(after)
	names = slices.Clone(names)
	start := after + 1
	var batch []*replicate.Update
	return pull.From(func(ctx context.Context) (ev Event[V], err error) {
		for {
			for len(batch) == 0 {
				if batch, err = src(ctx); err != nil {
					return ev, err
				}
				if err = e.h.Replica().Flush(ctx); err != nil {
					return ev, err
				}
			}
			u := batch[0]
			batch = batch[1:]
			if u.Op()[0] != opEmit || u.Place() == start && u.Stamp().Compare(last) <= 0 {
				continue
			}
			name, value, err := parseEvent(u.Op())
			if err != nil || len(names) > 0 && !slices.Contains(names, name) {
				continue // err is nil: the op was checked when it came in
			}
			return e.decode(u.Stamp(), name, value)
		}
	}, func(cause error) error { return pull.Abort(src, cause) })
}

func (e *Emitter[V]) decode(s replicate.Stamp, name, value string) (Event[V], error) {
	v, err := e.codec.Decode([]byte(value))
	if err != nil {
		return Event[V]{}, fmt.Errorf("events: decoding %q: %w", name, err)
	}
	return Event[V]{name, v, s}, nil
}
