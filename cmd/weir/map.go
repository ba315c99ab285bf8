package main

import (
	"encoding/json"
	"errors"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through"
)

// mapKind is the maps with a name: that without one has commands of its own,
// which are the same operations.
var mapKind = &kind{
	name: "map", typ: model.JSON, open: asObject(openMap),
	short: "Maps with a name, beside the one of weir set",
	long: `Maps from keys to values. The map without a name is that of weir set, get, del
and ls.`,
	admit: func(r row) error {
		if r.Key == nil {
			return errors.New(`no "key"`)
		}
		return nil
	},
	shared: []string{"watch", "export"},
	verbs: []verb{
		{
			name: "set", short: "Set a key", key: "KEY", value: "VALUE",
			example:   `  weir map set r colours sky blue`,
			operation: operation{run: opSet, writes: true},
		},
		{name: "get", short: "Print the value of a key", key: "KEY", operation: operation{run: opGet}},
		{name: "del", short: "Delete a key", key: "KEY", operation: operation{run: opDel, writes: true}},
		{name: "ls", short: "List the keys, or those that begin with PREFIX", key: "[PREFIX]",
			operation: operation{run: opLs}},
	},
}

// A keyed is an object of the kind map.
type keyed struct {
	*model.Model[json.RawMessage]
}

func openMap(r *replicate.Replica, name string) (keyed, error) {
	m, err := model.OpenWith(r, name, raw(model.JSON))
	return keyed{m}, err
}

func (m keyed) rows(yield func(row, error) bool) { m.begin("")(yield) }

// begin is the rows of the keys that begin with prefix.
func (m keyed) begin(prefix string) func(func(row, error) bool) {
	return func(yield func(row, error) bool) {
		for entry, err := range m.All(prefix) {
			if !yield(row{Key: &entry.Key, Value: entry.Value}, err) {
				return
			}
		}
	}
}

func (m keyed) changes(after uint64) pull.Source[row] {
	return through.Map(m.Changes(after), func(ch model.Change[json.RawMessage]) row {
		return row{Key: &ch.Key, Value: ch.Value, Deleted: ch.Deleted}
	})
}

func (m keyed) put(r row) error { return m.Set(*r.Key, r.Value) }
