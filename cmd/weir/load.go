package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through/frame"
)

func loadCommand(e *env) *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "load R",
		Short: "Merge a dump from stdin",
		Long: `Merges a dump, which weir dump wrote, into R. Loading the same one again changes
nothing. Of a dump that was cut off, what is there is loaded (exit status 3), and
of one that is damaged, what is before the damage (exit status 4: that a part was
loaded is less than that the dump is of no use any more).

A dump brings back what was lost, not what was written over: what R has deleted
or set since is newer, and stays. To return to old keys, keep what weir map export
writes, and give it to weir import.

With --dry-run it changes nothing, and says how much would be new. R is held in
memory twice for that.

` + durabilityText,
		Example: `  weir dump a | weir load b
  gunzip < r.gz | weir load r
  weir load r --dry-run < r.dump`,
		Args: args(1, 1),
	}
	fsyncFlag(c, e)
	c.Flags().BoolVar(&dry, "dry-run", false, "load nothing, only say what would be new")
	c.RunE = func(c *cobra.Command, args []string) error {
		err := e.doLong(c.Context(), args[0], "loading", &call{
			request: request{Op: "load", Dry: dry},
			in:      e.input(),
		})
		if dry {
			return err
		}
		return kept(err, "what was loaded is kept: once more brings the rest")
	}
	return c
}

func opLoad(ctx context.Context, j *journal.Journal, c *call) error {
	r := j.Replica()
	if c.Dry {
		var err error
		if r, err = twin(ctx, r); err != nil {
			return err
		}
	}
	in, begin := noticed(c.in)
	stats, err := r.Load(ctx, in)
	if ferr := r.Flush(context.WithoutCancel(ctx)); ferr != nil {
		return ferr
	}
	if errors.Is(err, replicate.ErrNotWeir) && begin.isLines() {
		return fail(exitProtocol, "'weir import R' takes in what 'weir export' wrote, and 'weir npm load R' a dump of npm's",
			"stdin: %w", err)
	}
	if err == nil || stats.ReceivedUpdates > 0 {
		c.tell(ctx, note{Event: "loaded", Stats: &summary{
			Peer:            stats.Peer.String(),
			ReceivedBytes:   stats.ReceivedBytes,
			ReceivedUpdates: stats.ReceivedUpdates,
			Applied:         stats.AppliedUpdates,
			DryRun:          c.Dry,
		}})
	}
	if c.Dry && stats.ReceivedUpdates > 0 && err != nil {
		return fail(explain(err).Code, "get the whole dump before you load it", "stdin: %w", err)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil && errors.Is(err, io.ErrUnexpectedEOF) && stats.ReceivedBytes == 0:
		return fail(exitPartial, "a dump is what 'weir dump' and 'weir snapshot' write", "stdin: it is empty")
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

// twin is a replica in memory that holds what r does.
func twin(ctx context.Context, r *replicate.Replica) (*replicate.Replica, error) {
	cfg := config().Replica
	cfg.Set = r.Set()
	t := replicate.New(cfg)
	restorer, rewrite := t.Restorer(), r.Rewrite()
	defer rewrite.Close()
	for over := false; !over; {
		b, last, err := rewrite.Next()
		over = last
		var payload []byte
		if err == nil {
			payload, _, err = frame.Parse(b, len(b))
		}
		if err == nil {
			err = restorer.Frame(payload)
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}
