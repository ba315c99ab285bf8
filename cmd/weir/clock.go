package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

func clockCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "clock R",
		Short: "Print what a replica promises to hold",
		Long: `Prints a line for each author that R knows: up to which of the author's writes R
holds everything, or something newer in its place. The newest comes first, and *
marks who writes to R itself. An author is a replica's id, and who wrote there: a
replica takes a new author when it may have lost writes. Of one that signs it is
the key instead of the id, and the line ends with the peer whose key it is.

Two replicas with the same lines hold the same. weir diff says how others differ.`,
		Example: `  weir clock r
  weir clock --json r`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.look(c.Context(), args[0], &call{request: request{Op: "clock"}})
		},
	}
}

// look is do for what only looks at a replica: its file stays as it is.
func (e *env) look(ctx context.Context, path string, c *call) error {
	r := e.open(path)
	r.asItIs, r.reads = true, c.reads()
	if c.out == nil {
		c.out = e.output()
	}
	c.Paper = e.out
	err := r.do(ctx, c)
	return firstError(err, r.close(ctx))
}

// A promise is a line of clock with --json.
type promise struct {
	Author string    `json:"author"`
	Own    bool      `json:"own,omitempty"`
	Time   string    `json:"time"`             // milliseconds and a count
	Wall   time.Time `json:"wall"`             // the same as a date
	Signer string    `json:"signer,omitempty"` // the peer whose key signs
}

// promises are the entries of a replica's clock, newest first.
func promises(r *replicate.Replica) []promise {
	clock, own := r.Clock(), r.Author()
	authors := make([]replicate.Author, 0, len(clock))
	for a := range clock {
		authors = append(authors, a)
	}
	slices.SortFunc(authors, func(a, b replicate.Author) int {
		return cmp.Or(cmp.Compare(clock[b], clock[a]), cmp.Compare(a, b))
	})
	lines := make([]promise, 0, len(authors))
	for _, a := range authors {
		lines = append(lines, promise{a.String(), a == own, clock[a].String(), clock[a].Wall().UTC(), signer(a)})
	}
	return lines
}

func opClock(ctx context.Context, j *journal.Journal, c *call) error {
	var text []byte
	for _, p := range promises(j.Replica()) {
		if c.Paper.JSON {
			text = append(text, line(p)...)
			continue
		}
		own := " "
		if p.Own {
			own = "*"
		}
		text = fmt.Appendf(text, "%s %s  %s", own, p.Author, p.Wall.Format("2006-01-02 15:04:05.000"))
		if p.Signer != "" {
			text = fmt.Appendf(text, "  signed by %s", p.Signer)
		}
		text = append(text, '\n')
	}
	return c.write(ctx, text)
}
