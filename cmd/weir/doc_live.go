package main

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/doc"
	"github.com/weir-go/weir/through"
)

var whereVerb = verb{
	name: "where", short: "List the rows that conditions hold for, and follow them",
	words: "CONDITION…",
	long: `Lists the rows for which all of the conditions hold:

  FIELD=VALUE    it is the string, or JSON that looks the same, such as 3 or true
  FIELD:=VALUE   it is this JSON
  FIELD!=VALUE   it is something else, or the field is not there
  FIELD<VALUE    it is less; so are <= > >= read: of two numbers by size, of all
                 else by the bytes

What has < > or ! in it goes in quotes, as they mean something to the shell.

With --follow it goes on until it is interrupted: a row is printed when it comes
to be one of these and when it changes, and "ROW left" when it is one no more.`,
	example: `  weir doc where r tasks list=todo 'prio<3'
  weir doc where --follow r people 'born>=1990'`,
	read:  readConditions,
	flags: followFlag,
	operation: reads(openTable, func(ctx context.Context, t table, c *call) error {
		q, err := t.where(c.Where)
		if err != nil {
			return err
		}
		if c.Follow {
			c.tell(ctx, note{Event: "watching"})
			return c.out(ctx, newsOf(through.Map(q.Changes(), memberRow), c.Paper))
		}
		return c.out(ctx, chunked(recordRows(q.All()), c.Paper.entry))
	}),
}

func followFlag(c *cobra.Command, q *request) {
	c.Flags().BoolVar(&q.Follow, "follow", false, "go on with what changes")
}

// readConditions reads [NAME] CONDITION…
func readConditions(c *cobra.Command, e *env, q *request, args []string) error {
	args = readName(q, args)
	if len(args) == 0 {
		return usage(c, "no CONDITION")
	}
	for _, arg := range args {
		t, err := parseCondition(c, e, arg)
		if err != nil {
			return err
		}
		q.Where = append(q.Where, t)
	}
	return nil
}

// A liveSet is rows that may come and go.
type liveSet interface {
	All() iter.Seq2[record, error]
	Changes() pull.Source[doc.Member[json.RawMessage]]
}

// where is the rows for which all clauses hold. One that asks for a value is
// answered by the index of the field.
func (t table) where(all []clause) (liveSet, error) {
	if len(all) == 1 && (all[0].Is == ":=" || all[0].Is == "=" && looksAlone(all[0].Value)) {
		return t.Where(all[0].Field, all[0].Value)
	}
	return t.Filter(func(r record) bool {
		for _, c := range all {
			if !c.holds(r) {
				return false
			}
		}
		return true
	}), nil
}

// looksAlone reports whether no other JSON looks as a string does.
func looksAlone(value json.RawMessage) bool { return !json.Valid([]byte(paper{}.value(value))) }

func memberRow(m doc.Member[json.RawMessage]) row {
	if m.Motion == doc.Leave {
		return row{Key: &m.Row.ID, Left: true}
	}
	return recordRow(m.Row)
}

func recordRows(all iter.Seq2[record, error]) func(func(row, error) bool) {
	return func(yield func(row, error) bool) {
		for r, err := range all {
			if !yield(recordRow(r), err) {
				return
			}
		}
	}
}
