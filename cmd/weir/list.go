package main

import (
	"context"
	"encoding/json"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/seq"
	"github.com/weir-go/weir/through"
)

var listKind = &kind{
	name: "list", what: "the elements, in order", typ: seq.JSON, open: asObject(openList),
	short: "Lists: push, insert, set, move and delete elements",
	long: `Lists whose elements keep an order that all replicas agree on.

ELEMENT is an index, from 0 on, or from -1 back; or an id, which ls --json shows
and which stays the same wherever the element moves within its list.`,
	shared: []string{"ls", "watch", "export"},
	verbs: []verb{
		{
			name: "push", short: "Insert values at the end", value: "VALUE…",
			example: `  weir list push r todo milk eggs
  printf '%s\n' 1 2 3 | weir list push r todo -`,
			operation: fills(openList, inserts(list.Len)),
		},
		{
			name: "unshift", short: "Insert values at the beginning", value: "VALUE…",
			operation: fills(openList, inserts(func(list) int { return 0 })),
		},
		{
			name: "insert", short: "Insert values before an element", key: "ELEMENT", value: "VALUE…",
			long: `Inserts values before an element. The index behind the last element stands for
the end.`,
			example:   `  weir list insert r todo 1 bread`,
			operation: fills(openList, listInsert),
		},
		{
			name: "get", short: "Print an element", key: "ELEMENT",
			example:   `  weir list get r todo 0`,
			operation: reads(openList, listGet),
		},
		{
			name: "set", short: "Replace an element's value", key: "ELEMENT", value: "VALUE",
			operation: writes(openList, func(_ context.Context, l list, c *call) error {
				id, err := l.find(c.Key)
				if err != nil {
					return err
				}
				return l.Set(id, c.Value)
			}),
		},
		{
			name: "move", short: "Move an element, also to another list", key: "ELEMENT",
			long: `Moves an element: to the end, unless a flag says where to. To another list it
is moved in one transaction, and has a new id there. If two replicas move it at
once to two lists, it is in both when they meet; a row of weir doc, whose lists
are sequences, is in one.`,
			example: `  weir list move r todo 2 --before 0
  weir list move r todo 0 --to done`,
			flags:     moveFlags("LIST"),
			check:     checkMove,
			operation: operation{run: listMove, writes: true},
		},
		{
			name: "del", short: "Delete an element", key: "ELEMENT",
			operation: writes(openList, func(_ context.Context, l list, c *call) error {
				id, err := l.find(c.Key)
				if err != nil {
					return err
				}
				was, err := l.Delete(id)
				if err == nil && !was {
					return seq.ErrNotFound
				}
				return err
			}),
		},
		{
			name: "pop", short: "Delete the last element, and print it",
			operation: writes(openList, listTake((*seq.List[json.RawMessage]).Pop)),
		},
		{
			name: "shift", short: "Delete the first element, and print it",
			operation: writes(openList, listTake((*seq.List[json.RawMessage]).Shift)),
		},
	},
}

// A list is an object of the kind.
type list struct {
	*seq.List[json.RawMessage]
	flush func(context.Context) error
}

func openList(r *replicate.Replica, name string) (list, error) {
	l, err := seq.OpenWith(r, name, raw(seq.JSON))
	return list{l, r.Flush}, err
}

func (l list) rows(yield func(row, error) bool) {
	i := 0
	for e, err := range l.All() {
		if !yield(elementRow(i, e), err) {
			return
		}
		i++
	}
}

func elementRow(i int, e seq.Element[json.RawMessage]) row {
	return row{ID: e.ID.String(), Index: &i, Value: e.Value}
}

func (l list) changes(after uint64) pull.Source[row] {
	return through.Flatten(through.Map(l.Changes(after), func(b seq.Batch[json.RawMessage]) []row {
		rows := make([]row, len(b.Changes))
		for i, c := range b.Changes {
			if c.Deleted {
				rows[i] = row{ID: c.ID.String(), Deleted: true}
			} else {
				rows[i] = elementRow(c.Index, c.Element)
			}
		}
		return together(rows, b.Reset)
	}))
}

func (l list) put(r row) error {
	_, err := l.Push(r.Value)
	return err
}

// at returns the index that an ELEMENT is; ok is false if it is an id.
func (l list) at(element string) (i int, ok bool) { return indexIn(l.Len(), element) }

// find returns the id of an ELEMENT.
func (l list) find(element string) (seq.ID, error) {
	i, ok := l.at(element)
	if !ok {
		id, err := seq.ParseID(element)
		if err != nil {
			return id, fail(exitUsage, "ELEMENT is an index, or an id as 'weir list ls --json' shows them",
				"no element is called %.80q", element)
		}
		return id, nil
	}
	e, err := l.At(i)
	return e.ID, err
}

// inserts puts the first value where it has the index that at returns, and the
// others behind it.
func inserts(at func(list) int) func(list, *call) (putting, error) {
	return func(l list, _ *call) (putting, error) {
		return l.run(func(v json.RawMessage) (seq.ID, error) { return l.Insert(at(l), v) }), nil
	}
}

// run is first for the first value, and inserts each other behind the last.
func (l list) run(first func(json.RawMessage) (seq.ID, error)) putting {
	var last seq.ID
	return func(v json.RawMessage) (_ row, err error) {
		if last == (seq.ID{}) {
			last, err = first(v)
		} else {
			last, err = l.InsertAfter(last, v)
		}
		return row{ID: last.String(), Value: v}, err
	}
}

func listInsert(l list, c *call) (putting, error) {
	if i, ok := l.at(c.Key); ok {
		return l.run(func(v json.RawMessage) (seq.ID, error) { return l.Insert(i, v) }), nil
	}
	id, err := l.find(c.Key)
	return l.run(func(v json.RawMessage) (seq.ID, error) { return l.InsertBefore(id, v) }), err
}

func listGet(ctx context.Context, l list, c *call) error {
	id, err := l.find(c.Key)
	if err != nil {
		return err
	}
	value, err := l.Get(id)
	if err != nil {
		return err
	}
	r := row{ID: id.String(), Value: value}
	if i, err := l.Index(id); err == nil {
		r.Index = &i
	}
	return c.write(ctx, c.Paper.single(r))
}

// listTake writes the element that take has deleted, once that is on disk.
func listTake(
	take func(*seq.List[json.RawMessage]) (seq.Element[json.RawMessage], error),
) func(context.Context, list, *call) error {
	return func(ctx context.Context, l list, c *call) error {
		e, err := take(l.List)
		if err != nil {
			return err
		}
		if err := l.flush(ctx); err != nil {
			return err
		}
		return c.write(ctx, c.Paper.single(row{ID: e.ID.String(), Value: e.Value}))
	}
}

func listMove(_ context.Context, j *journal.Journal, c *call) error {
	r := j.Replica()
	from, err := openList(r, c.Name)
	if err != nil {
		return err
	}
	id, err := from.find(c.Key)
	if err != nil {
		return err
	}
	t := c.Target
	if t == nil {
		t = &target{}
	}
	if t.To == nil || *t.To == c.Name {
		return place(t, from, placing[seq.ID]{
			before: func(other seq.ID) error { return from.MoveBefore(id, other) },
			after:  func(other seq.ID) error { return from.MoveAfter(id, other) },
			at:     func(i int) error { return from.Move(id, i) },
		})
	}
	value, err := from.Get(id)
	if err != nil {
		return err
	}
	to, err := openList(r, *t.To)
	if err != nil {
		return err
	}
	tx := r.Begin()
	if _, err := from.In(tx).Delete(id); err != nil {
		return err
	}
	there := to.In(tx)
	err = place(t, to, placing[seq.ID]{
		before: func(other seq.ID) error { _, err := there.InsertBefore(other, value); return err },
		after:  func(other seq.ID) error { _, err := there.InsertAfter(other, value); return err },
		at:     func(i int) error { _, err := there.Insert(i, value); return err },
	})
	if err != nil {
		return err
	}
	_, err = tx.Commit()
	return err
}
