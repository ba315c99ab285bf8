package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through"
)

func objectsCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "objects R",
		Short: "List the objects: type, size and name",
		Long: `Lists the objects that are not empty: type, tab, how many keys, elements, rows,
members, items, events or services there are, tab, and name. The types are those of the
commands: a list is read by weir list ls, services by weir services ls, and so on;
npm/model by weir npm show --kind model. A part of a bucket is listed as BUCKET/PART,
and read with --name BUCKET --part PART=model.`,
		Example: `  weir objects r
  weir objects --json r`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.do(c.Context(), args[0], &call{request: request{Op: "objects"}})
		},
	}
}

// An objectRow is a line of objects.
type objectRow struct {
	Type string `json:"type"`
	Name string `json:"name"`
	Size int    `json:"size"`
}

func (p paper) object(o objectRow) []byte {
	if p.JSON {
		return p.line(o)
	}
	return fmt.Appendf(nil, "%s\t%d\t%s\n", o.Type, o.Size, p.text(o.Name))
}

func opObjects(ctx context.Context, j *journal.Journal, c *call) error {
	all, err := objectsOf(j.Replica())
	if err != nil {
		return err
	}
	return c.out(ctx, through.Map(pull.Values(all...), func(f named) []byte {
		return c.Paper.object(objectRow{f.kind.name, f.name, f.Len()})
	}))
}

// opWatchObjects tells which objects change, each once for what came together.
func opWatchObjects(ctx context.Context, j *journal.Journal, c *call) error {
	r := j.Replica()
	after := r.Head()
	if c.All {
		after = 0
	}
	c.tell(ctx, note{Event: "watching"})
	return c.out(ctx, through.TryMap(r.Changes(after),
		func(_ context.Context, batch []*replicate.Update) ([]byte, error) {
			var text []byte
			told := make(map[replicate.ObjectName]bool)
			for _, u := range batch {
				name := u.Object()
				k := kindOf(name.Type)
				if told[name] || k.quiet != nil && k.quiet(u) {
					continue
				}
				told[name] = true
				o, err := k.open(r, name.Name)
				if err != nil {
					return nil, err
				}
				text = append(text, c.Paper.object(objectRow{k.name, name.Name, o.Len()})...)
			}
			return text, nil
		}))
}

// completeName completes the second argument of a verb: the name of an object.
func (e *env) completeName(k *kind) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return nil, cobra.ShellCompDirectiveDefault // a file
		case 1:
			return e.names(c.Context(), args[0], k, begun), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// names are the names of the objects of a kind. Whoever presses a key does not
// wait for a replica that is in use, and is not told why there is nothing.
func (e *env) names(ctx context.Context, path string, k *kind, begun string) (names []string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var listed strings.Builder
	quiet := &env{stderr: &listed, out: paper{JSON: true}}
	_ = quiet.do(ctx, path, &call{
		request: request{Op: "objects"},
		out: func(ctx context.Context, src pull.Source[[]byte]) error {
			return pull.Each(ctx, src, func(text []byte) error {
				var o objectRow
				err := json.Unmarshal(text, &o)
				// A tab or a line's end would mean something to the shell's script.
				if err == nil && o.Type == k.name && o.Name != "" && strings.HasPrefix(o.Name, begun) &&
					o.Name == escape(o.Name) {
					names = append(names, o.Name)
				}
				return err
			})
		},
	})
	return names
}
