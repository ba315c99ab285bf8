package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/counter"
	"github.com/weir-go/weir/through"
)

var countKind = &kind{
	name: "count", what: "the number", typ: counter.Type, open: asObject(openCount),
	short: "Counters: add to a number",
	long:  `Numbers that everybody may add to and take from: what is added anywhere counts, once.`,
	admit: func(r row) error {
		_, err := number(r.Value)
		return err
	},
	shared: []string{"watch", "export"},
	verbs: []verb{
		{
			name: "add", short: "Add N, or 1", key: "[N]",
			example: `  weir count add r visits
  weir count add r visits 10
  weir count add r visits -- -3`,
			check: func(c *cobra.Command, q *request) error {
				if q.Key == "" && c.Flags().NArg() > 2 {
					return noNumber("") // it was given, and is not to be 1
				}
				return nil
			},
			operation: writes(openCount, func(_ context.Context, n tally, c *call) error {
				by := int64(1)
				if c.Key != "" {
					var err error
					if by, err = strconv.ParseInt(c.Key, 10, 64); err != nil {
						return noNumber(c.Key)
					}
				}
				return n.Add(by)
			}),
		},
		{
			name: "get", short: "Print the number",
			example: `  weir count get r visits`,
			operation: reads(openCount, func(ctx context.Context, n tally, c *call) error {
				return c.write(ctx, c.Paper.single(countRow(n.Value())))
			}),
		},
	},
}

func noNumber(n string) *failure {
	return fail(exitUsage, "N is a whole number of 64 bits; NAME comes before it",
		"%.40q is no number to add", n)
}

// A tally is an object of the kind.
type tally struct{ *counter.Counter }

func openCount(r *replicate.Replica, name string) (tally, error) {
	n, err := counter.Open(r, name)
	return tally{n}, err
}

// Len is 1 unless the number is what it is without any update.
func (n tally) Len() int {
	if n.Value() == 0 {
		return 0
	}
	return 1
}

func (n tally) rows(yield func(row, error) bool) {
	if v := n.Value(); v != 0 {
		yield(countRow(v), nil)
	}
}

func countRow(v int64) row {
	return row{Value: strconv.AppendInt(nil, v, 10)}
}

func (n tally) changes(after uint64) pull.Source[row] {
	return through.Map(n.Changes(after), func(c counter.Change) row { return countRow(c.Value) })
}

// put makes the number that of the row, in steps that an int64 can say:
// importing twice counts nothing twice.
func (n tally) put(r row) error {
	want, err := number(r.Value)
	if err != nil {
		return err
	}
	for range 3 { // as many as from one end of the int64s to the other
		is := n.Value()
		by := want - is
		switch {
		case want > is && by < 0:
			by = math.MaxInt64
		case want < is && by > 0:
			by = -math.MaxInt64
		}
		if err := n.Add(by); err != nil {
			return err
		}
	}
	return nil
}

func number(value json.RawMessage) (n int64, err error) {
	if json.Unmarshal(value, &n) != nil {
		err = fmt.Errorf(`"value" %.40s is no whole number of 64 bits`, value)
	}
	return n, err
}
