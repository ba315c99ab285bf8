package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/npm"
)

func npmWatchCommand(e *env) *cobra.Command {
	q := request{Op: "npm watch", Follow: true}
	c := &cobra.Command{
		Use:   "watch R",
		Short: "Print changes as they come",
		Long: `Prints the object's changes from now on, whoever writes them, until it is
interrupted: a line of JSON for each, as it is in the protocol, [CHANGE,TIMESTAMP,ID],
where CHANGE is as in weir npm write. What changes faster than it is printed is
printed in its newest state.

` + npmText,
		Example: `  weir npm watch r
  weir npm watch r --kind events --name chat --all`,
		Args: args(1, 1),
	}
	object := npmFlags(c)
	c.Flags().BoolVar(&q.All, "all", false, "first print what is there")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if q.Npm, err = object(); err != nil {
			return err
		}
		return e.follow(c.Context(), args[0], q)
	}
	return c
}

func opNpmWatch(ctx context.Context, s *npm.Scuttlebutt, c *call) error {
	after := s.Replica().Head()
	if c.All {
		after = 0
	}
	c.tell(ctx, note{Event: "watching"})
	return c.out(ctx, s.Changes(after))
}
