package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

// chunkSize is how much text is written at once, about.
const chunkSize = 32 << 10

func exportCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "export R",
		Short: "Write all contents as JSON lines",
		Long: `Writes a line {"key":…,"value":…} for each key, sorted by key, and for all else
lines {"type":…,"name":…,"value":…}, by type and name. The rows of a doc have a
"key", too; those with a "field" as well are behind them, and say by their order
how a sequence goes. Of the objects of weir npm it is what they are in toJSON: the
keys of a model and the rows of a doc, each event with its arguments, the value; a
"part" is that of a bucket. Equal replicas are exported byte for byte alike, so that
cmp says whether two are equal. Who wrote what, and ids, are not in it: weir dump
writes them, too; and weir services lists what is only there while somebody lives.`,
		Example: `  weir export r > r.jsonl
  weir export a > a.jsonl; weir export b | cmp - a.jsonl`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.do(c.Context(), args[0], &call{request: request{Op: "export"}})
		},
	}
}

func opExport(ctx context.Context, j *journal.Journal, c *call) error {
	all, err := objectsOf(j.Replica())
	if err != nil {
		return err
	}
	rows := func(yield func(row, error) bool) {
		for _, o := range all {
			for r, err := range o.exported {
				if !yield(r, err) {
					return
				}
			}
		}
	}
	return c.out(ctx, chunked(rows, func(r row) []byte { return c.Paper.line(r) }))
}

// export is the lines of one object.
func (k *kind) export(r *replicate.Replica, name string, p paper) pull.Source[[]byte] {
	o, err := k.open(r, name)
	if err != nil {
		return pull.Error[[]byte](err)
	}
	f := named{kind: k, name: name, object: o}
	return chunked(f.exported, func(r row) []byte { return p.line(r) })
}

// exported is the rows of an object as they are exported: without what another
// replica could not give them, and with where they belong. The map without a
// name is where lines belong that say nothing.
func (f named) exported(yield func(row, error) bool) {
	all := []func(func(row, error) bool){f.rows}
	if o, ok := f.object.(arranged); ok {
		all = append(all, o.arrangement)
	}
	for _, rows := range all {
		for r, err := range rows {
			r.ID, r.Index = "", nil
			if f.kind != mapKind || f.name != "" {
				r.Type, r.Name = f.kind.name, f.name
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// arranged is an object whose rows do not say all.
type arranged interface {
	// arrangement is rows to be taken in behind those: in what order they are.
	arrangement(yield func(row, error) bool)
}
