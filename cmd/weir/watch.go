package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through"
)

func watchCommand(e *env) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "watch R",
		Short: "Print changes as they come",
		Long: `Prints a line for each change from now on, until it is interrupted: key, tab and
value, or "KEY deleted". A key that changes faster than it is printed is
printed in its newest state. With --json, lines as in weir export, or with
"deleted":true.`,
		Example: `  weir watch r
  weir watch --all --json r`,
		Args: args(1, 1),
	}
	c.Flags().BoolVar(&all, "all", false, "first print what is there")
	c.RunE = func(c *cobra.Command, args []string) error {
		r := e.open(args[0])
		ctx, broken := context.WithCancelCause(c.Context())
		defer broken(nil)
		r.hold, r.broken = true, broken
		err := r.do(ctx, &call{
			request: request{Op: "watch", All: all, Paper: e.out},
			out:     e.output(),
			note: func(context.Context, note) {
				e.tell(note{Event: "watching"}, "watching %s", args[0])
			},
		})
		return untilSignal(firstError(err, r.close(ctx)))
	}
	return c
}

// untilSignal is how a command ends that is ended by a signal.
func untilSignal(err error) error {
	var sig signalError
	if errors.As(err, &sig) {
		return nil
	}
	return err
}

// A change is a line of watch --json.
type change struct {
	Key     string          `json:"key"`
	Value   json.RawMessage `json:"value,omitempty"`
	Deleted bool            `json:"deleted,omitempty"`
}

func opWatch(ctx context.Context, j *journal.Journal, c *call) error {
	m, err := objectOf(j)
	if err != nil {
		return err
	}
	after := j.Replica().Head()
	if c.All {
		after = 0
	}
	c.tell(ctx, note{Event: "watching"})
	return c.out(ctx, through.Map(m.Changes(after), func(ch model.Change[json.RawMessage]) []byte {
		switch {
		case c.Paper.JSON:
			return c.Paper.line(change{ch.Key, ch.Value, ch.Deleted})
		case ch.Deleted:
			return []byte(c.Paper.text(ch.Key) + " deleted\n")
		}
		return []byte(c.Paper.text(ch.Key) + "\t" + c.Paper.value(ch.Value) + "\n")
	}))
}
