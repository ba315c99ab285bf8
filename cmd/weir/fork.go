package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
)

func forkCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "fork R NEW",
		Short: "Copy a replica into one of its own",
		Long: `Makes the file NEW, a replica with an id of its own that holds all that R holds.

A file that was merely copied is the same replica twice, and the two refuse
each other: give the copy an id with weir fork COPY NEW, and delete it.`,
		Example: `  weir fork r r2`,
		Args:    args(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, end := e.reading(args[0])
			err := journal.Fork(c.Context(), args[0], args[1], cfg)
			end()
			switch {
			case err == nil:
				return e.made(c.Context(), args[1])
			case errors.Is(err, fs.ErrNotExist) && !exists(args[0]):
				return noReplica(args[0])
			}
			return creating(args[1], err)
		},
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
