package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/doc"
	"github.com/weir-go/weir/through"
)

// sequenceVerbs are what is done to a sequence, which the first FIELD=VALUE names.
var sequenceVerbs = []verb{
	{
		name: "list", short: "List a sequence in its order, and follow it", words: "FIELD=VALUE",
		long: `Lists the rows of a sequence in its order: index, id and fields. A row that was
put in it by set comes last, or where it was when it was in it before.

With --follow it goes on until it is interrupted, with the rows that come, move
or change, and "ROW left". With --json, lines of one moment have "more":true but
for the last: take out what such lines name, then put each at its index.`,
		example: `  weir doc list r tasks list=todo`,
		flags:   followFlag, read: readSequence(false, false),
		operation: reads(openTable, docList),
	},
	{
		name: "push", short: "Make rows at the end of a sequence", lines: true,
		words: "FIELD=VALUE [FIELD=VALUE…]",
		long: `Makes a row at the end of the sequence that the first FIELD=VALUE names, with that
field and the others, and prints its id. With - instead of the others, rows are
made of the lines of stdin, each a JSON object of fields. At a bad line those
before it stay (exit status 3).`,
		example: `  weir doc push r tasks list=todo text=beer`,
		read:    readSequence(false, true),
		operation: fills(openTable, inSequence(func(q sequence, _ *call) (putting, error) {
			return putFields(q.Push), nil
		})),
	},
	{
		name: "insert", short: "Make a row before another", words: "FIELD=VALUE ELEMENT [FIELD=VALUE…]",
		long: `Makes a row in a sequence before another, and prints its id. The index behind the
last element stands for the end.`,
		example: `  weir doc insert r tasks list=todo 0 text=bread`,
		read:    readSequence(true, true),
		operation: fills(openTable, inSequence(func(q sequence, c *call) (putting, error) {
			other, err := q.before(c.Key)
			return putFields(func(fields map[string]json.RawMessage) (string, error) {
				return q.InsertBefore(other, fields)
			}), err
		})),
	},
	{
		name: "move", short: "Move a row, also to another sequence", words: "FIELD=VALUE ELEMENT",
		long: `Moves a row of a sequence: to the end, unless a flag says where to. With --to it
leaves the sequence and enters the other at once. If two move it at once, the
later one counts, and it is in one place.`,
		example: `  weir doc move r tasks list=todo 2 --before 0
  weir doc move r tasks list=todo 0 --to list=done`,
		flags: moveFlags("FIELD=VALUE"), check: checkMove, read: readMove,
		operation: writes(openTable, docMove),
	},
}

// A sequence is one of a doc.
type sequence struct {
	*doc.Sequence[json.RawMessage]
}

// sequence opens the one that a request names.
func (t table) sequence(in *clause) (sequence, error) {
	if in == nil {
		return sequence{}, fail(exitProtocol, "use the same weir everywhere", "no sequence is named")
	}
	q, err := t.Sequence(in.Field, in.Value)
	return sequence{q}, err
}

// inSequence is f for the sequence of a request.
func inSequence(f func(sequence, *call) (putting, error)) func(table, *call) (putting, error) {
	return func(t table, c *call) (putting, error) {
		q, err := t.sequence(c.In)
		if err != nil {
			return nil, err
		}
		return f(q, c)
	}
}

// readSequence reads [NAME] FIELD=VALUE, then ELEMENT and FIELD=VALUE… if there
// are to be.
func readSequence(element, fields bool) func(*cobra.Command, *env, *request, []string) error {
	return func(c *cobra.Command, e *env, q *request, args []string) error {
		args = readName(q, args)
		if len(args) == 0 {
			return usage(c, "no FIELD=VALUE")
		}
		in, err := parseField(c, e, args[0])
		if err != nil {
			return err
		}
		q.In, args = &in, args[1:]
		if element {
			if len(args) == 0 {
				return usage(c, "no ELEMENT")
			}
			q.Key, args = args[0], args[1:]
		}
		switch {
		case fields:
			return setFields(c, e, q, args)
		case len(args) > 0:
			return usage(c, fmt.Sprintf("too many arguments, from %q on", args[0]))
		}
		return nil
	}
}

// readMove reads what move is given, --to as well.
func readMove(c *cobra.Command, e *env, q *request, args []string) error {
	if q.Target.To != nil {
		to, err := parseField(c, e, *q.Target.To)
		if err != nil {
			return err
		}
		q.Target.Into = &to
	}
	return readSequence(true, false)(c, e, q, args)
}

func (q sequence) at(element string) (i int, ok bool) { return indexIn(q.Len(), element) }

// find returns the id of an ELEMENT. That is an index only if it is no id.
func (q sequence) find(element string) (string, error) {
	if q.Has(element) {
		return element, nil
	}
	i, ok := q.at(element)
	if !ok {
		return "", fail(exitNotFound, "'weir doc list R NAME FIELD=VALUE' lists what is there",
			"no row %.100q in the sequence", element)
	}
	r, err := q.At(i)
	return r.ID, err
}

// before returns the id of an ELEMENT; that of the end is "".
func (q sequence) before(element string) (string, error) {
	if i, ok := q.at(element); ok && i == q.Len() && !q.Has(element) {
		return "", nil
	}
	return q.find(element)
}

// moveTo puts a row where it then has the index i.
func (q sequence) moveTo(id string, i int) error {
	is, err := q.Index(id)
	inside := err == nil
	if !inside && i == q.Len() {
		return q.PushRow(id)
	}
	other, err := q.At(i)
	switch {
	case err != nil:
		return err
	case inside && is < i:
		return q.MoveAfter(id, other.ID)
	}
	return q.MoveBefore(id, other.ID)
}

func docMove(_ context.Context, t table, c *call) error {
	from, err := t.sequence(c.In)
	if err != nil {
		return err
	}
	id, err := from.find(c.Key)
	if err != nil {
		return err
	}
	to, where := from, c.Target
	if where == nil {
		where = &target{}
	}
	if where.Into != nil {
		if to, err = t.sequence(where.Into); err != nil {
			return err
		}
	}
	return place(where, to, placing[string]{
		before: func(other string) error { return to.MoveBefore(id, other) },
		after:  func(other string) error { return to.MoveAfter(id, other) },
		at:     func(i int) error { return to.moveTo(id, i) },
	})
}

func docList(ctx context.Context, t table, c *call) error {
	q, err := t.sequence(c.In)
	if err != nil {
		return err
	}
	if c.Follow {
		c.tell(ctx, note{Event: "watching"})
		return c.out(ctx, newsOf(through.Flatten(through.Map(q.Changes(), batchRows)), c.Paper))
	}
	return c.out(ctx, chunked(q.rows, c.Paper.entry))
}

func (q sequence) rows(yield func(row, error) bool) {
	i := 0
	for r, err := range q.All() {
		if !yield(placedRow(i, r), err) {
			return
		}
		i++
	}
}

func placedRow(i int, r record) row {
	placed := recordRow(r)
	placed.Index = &i
	return placed
}

func batchRows(b doc.Batch[json.RawMessage]) []row {
	rows := make([]row, len(b))
	for i, p := range b {
		if p.Left {
			rows[i] = row{Key: &p.Row.ID, Left: true}
		} else {
			rows[i] = placedRow(p.Index, p.Row)
		}
	}
	return together(rows, false)
}
