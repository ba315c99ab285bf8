package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

func watchCommand(e *env) *cobra.Command {
	q := request{Op: "watch", Follow: true}
	var objects bool
	c := &cobra.Command{
		Use:   "watch R",
		Short: "Print changes as they come",
		Long: `Prints a line for each change from now on, until it is interrupted: key, tab and
value, or "KEY deleted". A key that changes faster than it is printed is
printed in its newest state. With --json, lines as in weir export, or with
"deleted":true.

With --objects, a line says which object has changed, whatever its type, as in
weir objects. What has changed in one is told by the watch of its type: weir list
watch, weir npm watch, weir services watch.`,
		Example: `  weir watch r
  weir watch --all --json r
  weir watch --objects r`,
		Args: args(1, 1),
	}
	c.Flags().BoolVar(&q.All, "all", false, "first print what is there")
	c.Flags().BoolVar(&objects, "objects", false, "print which objects change")
	c.RunE = func(c *cobra.Command, args []string) error {
		if objects {
			q.Op = "watch objects"
		}
		return e.follow(c.Context(), args[0], q)
	}
	return c
}

// follow has an operation performed that goes on until it is interrupted, and
// serves other commands meanwhile.
func (e *env) follow(ctx context.Context, path string, q request) error {
	r := e.open(path)
	ctx, broken := context.WithCancelCause(ctx)
	defer broken(nil)
	r.hold, r.broken = true, broken
	q.Paper = e.out
	err := r.do(ctx, &call{
		request: q,
		out:     e.output(),
		note: func(context.Context, note) {
			e.tell(note{Event: "watching"}, "watching %s", path)
		},
	})
	return untilSignal(firstError(err, r.close(ctx)))
}

// untilSignal is how a command ends that is ended by a signal.
func untilSignal(err error) error {
	var sig signalError
	if errors.As(err, &sig) {
		return nil
	}
	return err
}
