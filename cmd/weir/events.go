package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/events"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through"
)

var eventsKind = &kind{
	name: "events", typ: events.JSON, open: asObject(openEmitter), flat: true,
	admit: func(r row) error {
		switch {
		case r.Event == nil:
			return errors.New(`no "event"`)
		case len(*r.Event) > events.MaxName:
			return replicate.NewSizeError("event", *r.Event, events.MaxName)
		}
		return nil
	},
	verbs: []verb{
		{
			name: "emit", short: "Emit events, each of which reaches every replica once",
			key: "EVENT", value: "[VALUE…]",
			long: `Emits an event for each VALUE, or one with the value null. Every replica reads it
once, with weir events, also one that is away now.`,
			example: `  weir emit r door ring
  weir emit --json-value r door opened '{"by": "ann"}'`,
			operation: fills(openEmitter, emit),
		},
		{
			name: "events", short: "Print events, and follow them",
			long: `Prints the events that are here, in order of arrival: name, tab and value. With
--json each line has an id. Whoever gives the last id that they have dealt with
to --from is told of each event once, also over restarts. With --follow it goes
on until it is interrupted, and prints an event once it is on disk.`,
			example: `  weir events r door --follow
  weir events --json r door --from "$last"`,
			flags: func(c *cobra.Command, q *request) {
				f := c.Flags()
				f.BoolVar(&q.Follow, "follow", false, "go on with what comes")
				f.StringVar(&q.From, "from", "", "only what arrived behind the event with this `ID`")
				f.StringArrayVar(&q.Events, "event", nil, "only events of this `NAME`; may be repeated")
			},
			operation: operation{run: opEvents},
		},
	},
}

func emit(e emitter, c *call) (putting, error) {
	name := c.Key
	if !c.Lines && len(c.Values) == 0 {
		c.Values = []json.RawMessage{json.RawMessage("null")}
	}
	return func(v json.RawMessage) (row, error) {
		id, err := e.Emit(name, v)
		return row{ID: idOf(id), Event: &name, Value: v}, err
	}, nil
}

func opEvents(ctx context.Context, j *journal.Journal, c *call) error {
	e, err := openEmitter(j.Replica(), c.Name)
	if err != nil {
		return err
	}
	var from replicate.Stamp
	src := e.Events(0, c.Events...)
	if c.From != "" {
		if from, err = stampOf(c.From); err != nil {
			return err
		}
		if src, err = e.Resume(from, c.Events...); err != nil {
			return err
		}
	}
	if c.Follow {
		c.tell(ctx, note{Event: "watching"})
		return c.out(ctx, newsOf(through.Map(src, eventRow), c.Paper))
	}
	if err := j.Replica().Flush(ctx); err != nil {
		return err
	}
	return c.out(ctx, chunked(e.behind(idOf(from), c.Events), c.Paper.news))
}

// An emitter is an object of the kind.
type emitter struct {
	*events.Emitter[json.RawMessage]
}

func openEmitter(r *replicate.Replica, name string) (emitter, error) {
	e, err := events.OpenWith(r, name, raw(events.JSON))
	return emitter{e}, err
}

func eventRow(ev events.Event[json.RawMessage]) row {
	return row{ID: idOf(ev.Stamp), Event: &ev.Name, Value: ev.Value}
}

// behind is the events that arrived behind the one with an id, if there is
// one, and have one of the names, if there are any.
func (e emitter) behind(id string, names []string) func(func(row, error) bool) {
	return func(yield func(row, error) bool) {
		wait := id != ""
		for ev, err := range e.All() {
			r := eventRow(ev)
			switch {
			case wait:
				wait = r.ID != id
			case err == nil && len(names) > 0 && !slices.Contains(names, ev.Name):
			case !yield(r, err):
				return
			}
		}
	}
}

// rows is in the order of ids: that of arrival is not the same everywhere.
func (e emitter) rows(yield func(row, error) bool) {
	var all []row
	for ev, err := range e.All() {
		if err != nil {
			yield(row{}, err)
			return
		}
		all = append(all, eventRow(ev))
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Compare(a.ID, b.ID) })
	for _, r := range all {
		if !yield(r, nil) {
			return
		}
	}
}

func (e emitter) changes(after uint64) pull.Source[row] {
	return through.Map(e.Events(after), eventRow)
}

func (e emitter) put(r row) error {
	_, err := e.Emit(*r.Event, r.Value)
	return err
}
