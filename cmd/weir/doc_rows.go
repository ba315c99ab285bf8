package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/doc"
	"github.com/weir-go/weir/through"
)

var docKind = &kind{
	name: "doc", what: "the rows: id and fields", typ: doc.JSON, open: asObject(openTable),
	short: "Docs: rows with fields, live sets and sequences of them",
	long: `Docs: tables of rows with fields, which several may write at once. Of two writes
of a field the later one counts, and a row that is deleted stays deleted for
whoever changes it meanwhile.

ROW is a row's id: any text of yours, or what add and push print. A sequence is
the rows in which a field has a value, such as list=todo, in an order of their
own. A row is in one sequence of a field, at one place, also if two move it at
once; an element of weir list that two move to other lists is in both.

ELEMENT is a row in a sequence: its id, or an index, from 0 on or from -1 back.`,
	values: fieldWords,
	admit:  admitRow,
	shared: []string{"ls", "watch", "export"},
	verbs: slices.Concat([]verb{
		{
			name: "add", short: "Make a row, and print its id", words: "FIELD=VALUE…", lines: true,
			long: `Makes a row with an id of its own, and prints the id. With - instead of fields,
rows are made of the lines of stdin, each a JSON object of fields. At a bad line
those before it stay (exit status 3).`,
			example: `  weir doc add r people name=ann born:=1990
  jq -c '.[]' people.json | weir doc add r people -`,
			read: readFields,
			operation: fills(openTable, func(t table, _ *call) (putting, error) {
				return putFields(t.Add), nil
			}),
		},
		{
			name: "set", short: "Set fields of a row", words: "ROW FIELD=VALUE…",
			long: `Sets fields of a row, all at once, and leaves its others alone. A row that is not
there is made.`,
			example:   `  weir doc set r tasks beer text='6 bottles' list=todo`,
			read:      readRow,
			operation: writes(openTable, docSet),
		},
		{
			name: "unset", short: "Take fields out of a row", words: "ROW FIELD…",
			read:      readNames(2),
			operation: writes(openTable, docUnset),
		},
		{
			name: "get", short: "Print a row, or one field of it", words: "ROW [FIELD]",
			example: `  weir doc get r tasks beer
  weir doc get r tasks beer text`,
			read:      readNames(1),
			operation: reads(openTable, docGet),
		},
		{
			name: "del", short: "Delete a row", key: "ROW",
			operation: writes(openTable, func(_ context.Context, t table, c *call) error {
				was, err := t.Remove(c.Key)
				if err == nil && !was {
					return noRow(c.Key)
				}
				return err
			}),
		},
		whereVerb,
	}, sequenceVerbs),
}

// A table is an object of the kind doc.
type table struct {
	*doc.Doc[json.RawMessage]
}

// openTable opens a doc in which equal values are equal bytes: sets go by that.
func openTable(r *replicate.Replica, name string) (table, error) {
	d, err := doc.OpenWith(r, name, elements(doc.JSON))
	return table{d}, err
}

// A record is a row of a doc.
type record = doc.Row[json.RawMessage]

func recordRow(r record) row {
	object := line(r.Fields)
	return row{Key: &r.ID, Value: object[:len(object)-1], fields: clausesOf(r.Fields)}
}

func (t table) rows(yield func(row, error) bool) {
	for r, err := range t.All() {
		if !yield(recordRow(r), err) {
			return
		}
	}
}

// arrangement is the rows of sequences that are in another order than that of
// ids, in which they come in: they have it when they are put there one by one.
func (t table) arrangement(yield func(row, error) bool) {
	for _, q := range t.Sequences() {
		field := q.Field()
		value, err := q.Value()
		var ids []string
		for r, unfit := range q.All() {
			ids, err = append(ids, r.ID), cmp.Or(err, unfit)
		}
		if slices.IsSorted(ids) {
			continue
		}
		for _, id := range ids {
			if !yield(row{Key: &id, Field: &field, Value: value}, err) {
				return
			}
		}
	}
}

func (t table) changes(after uint64) pull.Source[row] {
	return through.Map(t.Changes(after), func(c doc.Change[json.RawMessage]) row {
		if c.Removed {
			return row{Key: &c.Row.ID, Deleted: true}
		}
		return recordRow(c.Row)
	})
}

// put writes what is not so yet: a field that is written again would make its
// row the last to enter a sequence.
func (t table) put(r row) error {
	if r.Field != nil {
		q, err := t.Sequence(*r.Field, r.Value)
		if err != nil {
			return err
		}
		return q.PushRow(*r.Key)
	}
	fields, err := fieldsOf(r.Value)
	if err != nil {
		return err
	}
	is, err := t.Get(*r.Key)
	if errors.Is(err, doc.ErrNotFound) {
		return t.Set(*r.Key, fields)
	}
	for field, value := range is.Fields {
		if want, err := canonical(fields[field]); err == nil && bytes.Equal(value, want) {
			delete(fields, field)
		}
	}
	if err != nil || len(fields) == 0 {
		return err
	}
	return t.Set(*r.Key, fields)
}

// admitRow says what a line of an import lacks to be of a doc.
func admitRow(r row) error {
	switch {
	case r.Key == nil:
		return errors.New(`no "key"`)
	case *r.Key == "":
		return errors.New(`"key" is empty`)
	case len(*r.Key) > doc.MaxName:
		return replicate.NewSizeError("key", *r.Key, doc.MaxName)
	case r.Field != nil && *r.Field == "":
		return errors.New(`"field" is empty`)
	case r.Field != nil || len(r.Value) == 0:
		return nil
	}
	_, err := fieldsOf(r.Value)
	return err
}

// errNotFields is a line that says nothing of a row.
var errNotFields = errors.New("is no JSON object of fields with names")

// fieldsOf reads the fields of a row.
func fieldsOf(object json.RawMessage) (fields map[string]json.RawMessage, err error) {
	if json.Unmarshal(object, &fields) != nil || fields == nil {
		return nil, fmt.Errorf("%.40s %w", object, errNotFields)
	}
	if _, bad := fields[""]; bad {
		return nil, fmt.Errorf("%.40s %w", object, errNotFields)
	}
	return fields, nil
}

// putFields is what puts rows with the fields of a JSON object, each by add.
func putFields(add func(map[string]json.RawMessage) (string, error)) putting {
	return func(object json.RawMessage) (row, error) {
		fields, err := fieldsOf(object)
		if err != nil {
			return row{}, err
		}
		id, err := add(fields)
		return row{Key: &id}, err
	}
}

func noRow(id string) error { return fmt.Errorf("%w: %.100q", doc.ErrNotFound, id) }

// readRow reads [NAME] ROW FIELD=VALUE…
func readRow(c *cobra.Command, e *env, q *request, args []string) error {
	if !isClause(args[1]) {
		q.Name, args = args[0], args[1:]
	}
	q.Key, args = args[0], args[1:]
	if len(args) == 0 {
		return usage(c, "no FIELD=VALUE")
	}
	if err := setFields(c, e, q, args); err != nil {
		return err
	}
	q.Value, q.Values = q.Values[0], nil
	return nil
}

// readNames reads [NAME] ROW and names of fields, of which there are as many at
// least.
func readNames(required int) func(*cobra.Command, *env, *request, []string) error {
	return func(_ *cobra.Command, _ *env, q *request, args []string) error {
		if len(args) > required {
			q.Name, args = args[0], args[1:]
		}
		q.Key, q.Fields = args[0], args[1:]
		return nil
	}
}

func docSet(_ context.Context, t table, c *call) error {
	fields, err := fieldsOf(c.Value)
	if err != nil {
		return err
	}
	return t.Set(c.Key, fields)
}

func docUnset(_ context.Context, t table, c *call) error {
	r, err := t.Get(c.Key)
	if err != nil {
		return err
	}
	for _, field := range c.Fields {
		if _, has := r.Fields[field]; !has {
			return noField(field)
		}
	}
	return t.Unset(c.Key, c.Fields...)
}

func docGet(ctx context.Context, t table, c *call) error {
	r, err := t.Get(c.Key)
	if err != nil {
		return err
	}
	if len(c.Fields) == 0 {
		return c.write(ctx, c.Paper.single(recordRow(r)))
	}
	field := c.Fields[0]
	value, has := r.Fields[field]
	if !has {
		return noField(field)
	}
	return c.write(ctx, c.Paper.single(row{Key: &c.Key, Field: &field, Value: value}))
}

func noField(field string) error {
	return fail(exitNotFound, "'weir doc get R NAME ROW' prints the fields of a row", "no field %.64q", field)
}
