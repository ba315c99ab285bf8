package npm

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/compact"
)

// An Emitter is scuttlebutt/events: what is emitted on one replica reaches all,
// once, in whatever order. It may be used by several goroutines at once.
type Emitter struct{ s *Scuttlebutt }

// NewEmitter returns the emitter that a scuttlebutt of the [EventsType] is.
func NewEmitter(s *Scuttlebutt) (*Emitter, error) {
	if err := s.is(EventsType); err != nil {
		return nil, err
	}
	return &Emitter{s}, nil
}

// Emit has an event and its arguments reach every replica. It returns an error
// for the name "__proto__"; other errors are those of [Model.Set].
func (e *Emitter) Emit(name string, args ...any) error {
	if name == proto {
		return fmt.Errorf("npm: event %w", errProto)
	}
	change := appendJSString([]byte{'['}, name)
	for _, arg := range args {
		text, err := encode(arg)
		if err != nil {
			return err
		}
		change = append(append(change, ','), text...)
	}
	change = append(change, ']')
	_, err := e.s.write(func(object, replicate.Time) ([]byte, error) { return change, nil })
	return err
}

// An Event is one call of emit, somewhere.
type Event struct {
	Name  string            // of the event
	Args  []json.RawMessage // what it was emitted with
	ID    string            // of who emitted it
	Stamp replicate.Stamp   // who emitted it here, and when
}

// Events returns events in order of arrival, own and foreign, each once, from
// behind a place of the replica's log. An event is returned once it is durable.
// The source never ends by itself; it fails where the replica's journal does.
func (e *Emitter) Events(after uint64) pull.Source[Event] {
	src := replicate.Watch(e.s.handle, after, func(u *replicate.Update) (*replicate.Update, error) {
		return u, nil
	})
	return pull.From(func(ctx context.Context) (ev Event, err error) {
		u, err := src(ctx)
		if err == nil {
			err = e.s.r.Flush(ctx)
		}
		if err != nil {
			return ev, err
		}
		return eventOf(u), nil
	}, func(cause error) error { return pull.Abort(src, cause) })
}

func eventOf(u *replicate.Update) Event {
	ev := Event{ID: idOf(u).String(), Stamp: u.Stamp()}
	compact.Array(changeOf(u.Op()), func(i int, value string) bool {
		if i == 0 {
			ev.Name = decodeText(keyText(value))
		} else {
			ev.Args = append(ev.Args, json.RawMessage(value))
		}
		return true
	})
	return ev
}

// Len returns how many events there are.
func (e *Emitter) Len() (n int) {
	viewOf(e.s, func(s *eventsState) { n = s.n })
	return n
}

// checkEvents refuses what has no name, as a model has no such key.
func checkEvents(change string) error { return checkModel(change) }

// eventsState only counts: the log has all events, and none is ever obsolete.
type eventsState struct{ n int }

func newEventsState() object { return &eventsState{} }

// Apply implements replicate.Object.
func (s *eventsState) Apply(*replicate.Update, func(*replicate.Update)) { s.n++ }

func (s *eventsState) kept(*replicate.Update) bool { return true }
