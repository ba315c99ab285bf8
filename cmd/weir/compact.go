package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
)

func compactCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "compact R",
		Short: "Make a replica's file as short as it can be",
		Long: `Writes what is live of R to a new file, and puts that in R's place. What was
written over, and the marks of old openings, are not in it; deletions are, since
others may not know of them. Nobody has to wait: a weir that holds R does it
between its writes. A crash leaves the old file or the new one, whole.

A file of at least 1 MiB that could be half as long is compacted by itself, when a
command opens it or while a weir holds it.`,
		Example: `  weir compact r
  weir compact --json r`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return kept(e.compact(c.Context(), args[0]), "the file is whole, as it was or compacted")
		},
	}
}

func (e *env) compact(ctx context.Context, path string) error {
	m := e.newMeter("compacting")
	m.counts = true
	defer m.end()
	r := e.open(path)
	r.asItIs = true // so that all that is saved is saved, and counted, here
	c := &call{request: request{Op: "compact", Paper: e.out}, out: e.output()}
	c.note = func(_ context.Context, n note) {
		if n.Event == "copied" {
			m.at(n.Count, n.Of)
		}
	}
	err := r.do(ctx, c)
	m.end()
	return firstError(err, r.close(ctx))
}

// A shrinking is what compact prints with --json.
type shrinking struct {
	Before  int64   `json:"before_bytes"`
	After   int64   `json:"after_bytes"`
	Updates int     `json:"updates"`
	Seconds float64 `json:"seconds"`
	Paused  float64 `json:"paused_seconds"`
}

func shrunk(c journal.Compaction) shrinking {
	return shrinking{c.Before, c.After, c.Updates, c.Took.Seconds(), c.Paused.Seconds()}
}

func opCompact(ctx context.Context, j *journal.Journal, c *call) error {
	var told time.Time
	did, err := j.Compact(ctx, func(done, total int64) {
		if time.Since(told) >= said {
			told = time.Now()
			c.tell(ctx, note{Event: "copied", Count: done, Of: total})
		}
	})
	if err != nil {
		return err
	}
	if c.Paper.JSON {
		return c.write(ctx, line(shrunk(did)))
	}
	return c.write(ctx, fmt.Appendf(nil, "%s before, %s after; %s\n", formatSize(did.Before),
		formatSize(did.After), plural(int64(did.Updates), "update")))
}
