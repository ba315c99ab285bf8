package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

func getCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "get R KEY",
		Short: "Print the value of a key",
		Long: `Prints the value of a key: a string bare, anything else as JSON. A key that is
not set is exit status 1.`,
		Example: `  weir get r greeting
  weir get --json r greeting`,
		Args: args(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			return e.do(c.Context(), args[0], &call{request: request{Op: "get", Key: args[1]}})
		},
	}
}

func opGet(ctx context.Context, j *journal.Journal, c *call) error {
	m, err := openMap(j.Replica(), c.Name)
	if err != nil {
		return err
	}
	value, err := m.Get(c.Key)
	switch {
	case errors.Is(err, model.ErrNotFound):
		return notFound(c.Key)
	case err != nil:
		return err
	}
	return c.write(ctx, c.Paper.single(row{Key: &c.Key, Value: value}))
}

func notFound(key string) *failure {
	return fail(exitNotFound, "'weir ls R' lists the keys", "no key %s", fmt.Sprintf("%.64q", key))
}
