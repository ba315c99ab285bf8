package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/journal"
)

func lsCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "ls R [PREFIX]",
		Short: "List the keys",
		Long: `Lists the keys that begin with PREFIX, sorted, one on each line. With --json
each line has the value too, as in weir export.`,
		Example: `  weir ls r
  weir ls --json r user/`,
		Args: args(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			q := request{Op: "ls"}
			if len(args) == 2 {
				q.Key = args[1]
			}
			return e.do(c.Context(), args[0], &call{request: q})
		},
	}
}

func opLs(ctx context.Context, j *journal.Journal, c *call) error {
	m, err := openMap(j.Replica(), c.Name)
	if err != nil {
		return err
	}
	if c.Paper.JSON {
		return c.out(ctx, chunked(m.begin(c.Key), c.Paper.entry))
	}
	keys := m.Keys(c.Key)
	return c.out(ctx, func(ctx context.Context) ([]byte, error) {
		var text []byte
		for ; len(keys) > 0 && len(text) < chunkSize; keys = keys[1:] {
			text = append(append(text, c.Paper.text(keys[0])...), '\n')
		}
		switch {
		case ctx.Err() != nil:
			return nil, pull.Cause(ctx)
		case len(text) == 0:
			return nil, io.EOF
		}
		return text, nil
	})
}
