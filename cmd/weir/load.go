package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

func loadCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "load R",
		Short: "Merge a dump from stdin",
		Long: `Merges a dump, which weir dump wrote, into R. Loading the same one again changes
nothing. Of a dump that was cut off, what is there is loaded (exit status 3).

A dump brings back what was lost, not what was written over: what R has deleted
or set since is newer, and stays. To return to old values, keep what weir export
writes, and give it to weir import.

` + durabilityText,
		Example: `  weir dump a | weir load b
  gunzip < r.gz | weir load r`,
		Args: args(1, 1),
	}
	fsyncFlag(c, e)
	c.RunE = func(c *cobra.Command, args []string) error {
		return e.doLong(c.Context(), args[0], "loading", &call{
			request: request{Op: "load"},
			in:      e.input(),
		})
	}
	return c
}

func opLoad(ctx context.Context, j *journal.Journal, c *call) error {
	r := j.Replica()
	stats, err := r.Load(ctx, c.in)
	if ferr := r.Flush(context.WithoutCancel(ctx)); ferr != nil {
		return ferr
	}
	c.tell(ctx, note{Event: "loaded", Stats: &summary{
		Peer:            stats.Peer.String(),
		ReceivedBytes:   stats.ReceivedBytes,
		ReceivedUpdates: stats.ReceivedUpdates,
		Applied:         stats.AppliedUpdates,
	}})
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil && errors.Is(err, io.ErrUnexpectedEOF):
		return fail(exitPartial, "get the whole dump and load it again: nothing is loaded twice",
			"stdin: the dump is cut off at byte %d, %s loaded",
			stats.ReceivedBytes, plural(stats.ReceivedUpdates, "update"))
	case errors.Is(err, replicate.ErrCorrupt):
		return fail(exitCorrupt, "the updates before it are loaded; get the dump anew",
			"stdin: %w, after %s", err, plural(stats.ReceivedUpdates, "update"))
	}
	return fmt.Errorf("stdin: %w", err)
}
