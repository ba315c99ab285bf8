package main

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
)

func snapshotCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "snapshot R [FILE]",
		Short: "Keep what a replica holds now in a file, for load",
		Long: `Writes what R holds at this moment to FILE, as weir dump does, and prints the name
of FILE once it is on disk. Without FILE it is one beside R, named by the time.
Others may go on writing: what they write is not in it.

weir load R < FILE merges a snapshot into a replica.`,
		Example: `  weir snapshot r
  weir snapshot r /backup/r.dump
  weir init new && weir load new < r.20260131T120000Z.dump`,
		Args: args(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			file := args[0] + "." + time.Now().UTC().Format("20060102T150405Z") + ".dump"
			if len(args) > 1 {
				file = args[1]
			}
			// Whoever holds R may be at work in another folder.
			err := e.do(c.Context(), args[0], &call{request: request{Op: "snapshot", Path: absolute(file)}})
			if err != nil {
				return err
			}
			if e.out.JSON {
				return e.print(e.out.line(map[string]string{"file": file}))
			}
			return e.print([]byte(e.out.text(file) + "\n"))
		},
	}
}

func opSnapshot(ctx context.Context, j *journal.Journal, c *call) error {
	err := j.Snapshot(ctx, c.Path)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return creating(c.Path, err)
	}
	return err
}
