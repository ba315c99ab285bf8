package main

import (
	"context"
	"encoding/json"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/value"
	"github.com/weir-go/weir/through"
)

var valueKind = &kind{
	name: "value", what: "the value", typ: value.JSON, open: asObject(openRegister),
	short:  "Single values: set and get",
	long:   `Single values: of two writes the later one wins, everywhere.`,
	shared: []string{"get", "watch", "export"},
	verbs: []verb{{
		name: "set", short: "Set the value", value: "VALUE",
		example: `  weir value set r motd 'back at noon'
  weir value get r motd`,
		operation: writes(openRegister, func(_ context.Context, v register, c *call) error {
			return v.Set(c.Value)
		}),
	}},
}

var versionsKind = &kind{
	name: "versions", what: "the values that nobody has written over", typ: value.MultiJSON,
	open: asObject(openVersions), short: "Single values that keep what was written at once",
	long: `Single values that lose nothing: of writes that did not know of each other all
are kept, until the next write, which takes the place of those it has seen.`,
	shared: []string{"ls", "watch", "export"},
	verbs: []verb{{
		name: "set", short: "Set the value, in place of all that ls prints", value: "VALUE",
		example: `  weir versions set r title 'A draft'
  weir versions ls r title`,
		operation: writes(openVersions, func(_ context.Context, v versions, c *call) error {
			return v.Set(c.Value)
		}),
	}},
}

// A register is an object of the kind value.
type register struct{ *value.Value[json.RawMessage] }

func openRegister(r *replicate.Replica, name string) (register, error) {
	v, err := value.OpenWith(r, name, raw(value.JSON))
	return register{v}, err
}

func (v register) Len() int { return lengthOf(v.rows) }

func (v register) rows(yield func(row, error) bool) { writeRows(v.History, yield) }

func (v register) changes(after uint64) pull.Source[row] {
	return through.Map(v.Changes(after), writeRow)
}

func (v register) put(r row) error { return v.Set(r.Value) }

// A versions is an object of the kind.
type versions struct{ *value.Multi[json.RawMessage] }

func openVersions(r *replicate.Replica, name string) (versions, error) {
	v, err := value.OpenMultiWith(r, name, raw(value.MultiJSON))
	return versions{v}, err
}

func (v versions) Len() int { return lengthOf(v.rows) }

func (v versions) rows(yield func(row, error) bool) { writeRows(v.Get, yield) }

func (v versions) changes(after uint64) pull.Source[row] {
	return through.Flatten(through.Map(v.Changes(after), func(all []value.Write[json.RawMessage]) []row {
		rows := make([]row, len(all))
		for i, w := range all {
			rows[i] = writeRow(w)
		}
		return together(rows, true)
	}))
}

func (v versions) put(r row) error { return v.Set(r.Value) }

func writeRow(w value.Write[json.RawMessage]) row {
	return row{ID: idOf(w.Stamp), Value: w.Value}
}

func writeRows(get func() ([]value.Write[json.RawMessage], error), yield func(row, error) bool) {
	all, err := get()
	if err != nil {
		yield(row{}, err)
	}
	for _, w := range all {
		if !yield(writeRow(w), nil) {
			return
		}
	}
}

func lengthOf(rows func(func(row, error) bool)) (n int) {
	for range rows {
		n++
	}
	return n
}
