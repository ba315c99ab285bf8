package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
)

func delCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "del R KEY",
		Short: "Delete a key",
		Long: `Deletes a key. A key that is not set is exit status 1. When weir del returns 0,
the deletion is on disk.`,
		Example: `  weir del r greeting`,
		Args:    args(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			return e.do(c.Context(), args[0], &call{request: request{Op: "del", Key: args[1]}})
		},
	}
}

func opDel(_ context.Context, j *journal.Journal, c *call) error {
	m, err := openMap(j.Replica(), c.Name)
	if err != nil {
		return err
	}
	was, err := m.Delete(c.Key)
	if err == nil && !was {
		return notFound(c.Key)
	}
	return err
}
