package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
)

func dumpCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "dump R",
		Short: "Write all updates to stdout, for load",
		Long: `Writes all that R holds to stdout, deletions and versions included. What loads
it, into whatever replica, then holds all of R.`,
		Example: `  weir dump a | weir load b
  weir dump r | gzip > r.gz
  weir dump r | ssh host weir load r
  weir dump r > r.dump; weir init new && weir load new < r.dump`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if e.out.Terminal {
				return binary("'weir dump R > FILE', or pipe it into 'weir load OTHER'")
			}
			return e.doLong(c.Context(), args[0], "dumping", &call{request: request{Op: "dump"}})
		},
	}
}

// binary refuses to mix a terminal and bytes that are not for people.
func binary(instead string) *failure {
	return fail(exitUsage, instead, "this would write binary data to a terminal")
}

func opDump(ctx context.Context, j *journal.Journal, c *call) error {
	return c.out(ctx, j.Replica().Read(nil))
}
