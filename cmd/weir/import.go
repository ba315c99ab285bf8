package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/codec"
)

func importCommand(e *env) *cobra.Command {
	var atomic bool
	c := &cobra.Command{
		Use:   "import R",
		Short: "Take in what export wrote, from stdin",
		Long: `Reads lines {"key":…,"value":…}, and those of other types that weir export writes.
Keys, rows, values and numbers are set and members added, so that nothing changes
at a second time; elements, items and events come behind those that are there, as
do the rows of a sequence. What goes into an object of weir npm is written by R's
own id. How many lines are on disk is said on stderr, as "durable N", while it grows.

At a bad line the lines before it stay (exit status 3); with --atomic none of
them is written (exit status 4), for which all are held in memory first.

To go back to old keys, import what weir map export wrote: of a whole export,
elements, items and events would then be there twice.

` + durabilityText,
		Example: `  weir import r < r.jsonl
  weir export a | weir import b`,
		Args: args(1, 1),
	}
	c.Flags().BoolVar(&atomic, "atomic", false, "write all lines or, where one is bad, none")
	fsyncFlag(c, e)
	c.RunE = func(c *cobra.Command, args []string) error {
		return e.doLong(c.Context(), args[0], "importing", &call{
			request: request{Op: "import", Atomic: atomic},
			in:      e.input(),
		})
	}
	return c
}

const (
	// ahead is how many lines may wait for the commit that is under way.
	ahead = 1000
	// said is how often the durable count is told, at most.
	said = 100 * time.Millisecond
)

// An entry is a line of an import.
type entry struct {
	row
	kind *kind
}

// UnmarshalJSON checks all that can be wrong with a line, so that the decoder
// of lines names the one.
func (e *entry) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &e.row); err != nil {
		return err
	}
	if e.kind = kindNamed(e.Type); e.kind == nil {
		return fmt.Errorf(`unknown "type" %.40q`, e.Type)
	}
	if e.kind.admit != nil {
		if err := e.kind.admit(e.row); err != nil {
			return err
		}
	}
	if len(e.Value) == 0 {
		return errors.New(`no "value"`)
	}
	return e.fits()
}

// fits refuses what is over the limits of model.Model.Set, and nothing else:
// what was exported can be imported. What other types take is bounded by less
// than theirs, which the object says when it is given the line.
func (e *entry) fits() error {
	key := ""
	if e.kind == mapKind {
		key = *e.Key
	}
	if len(e.Name) > replicate.MaxName {
		return replicate.NewSizeError("name", e.Name, replicate.MaxName)
	}
	err := model.Fits(key, len(e.Value))
	if err == nil {
		return nil
	}
	e.Value, _ = compact(e.Value) // which is what counts
	return model.Fits(key, len(e.Value))
}

func opImport(ctx context.Context, j *journal.Journal, c *call) error {
	lines := codec.DecodeJSON[entry](c.in, codec.JSONOptions{})
	if c.Atomic {
		all, err := pull.Collect(ctx, lines)
		if err != nil {
			return badLine(err, exitCorrupt, "nothing was imported")
		}
		lines = pull.Values(all...)
	}
	opened := make(map[replicate.ObjectName]object)
	return writeLines(ctx, j, c, lines, func(l entry) error {
		name := replicate.ObjectName{Type: l.Type, Name: l.Name}
		o := opened[name]
		if o == nil {
			var err error
			if o, err = l.kind.open(j.Replica(), l.Name); err != nil {
				return err
			}
			opened[name] = o
		}
		return o.put(l.row)
	})
}

// badLine says what became of the others where a line was bad.
func badLine(err error, code int, others string) error {
	var bad *codec.LineError
	var refused *putError
	switch {
	case errors.As(err, &bad):
		return fail(code, others+"; correct it and try again", "stdin: %w", err)
	case errors.As(err, &refused) && refused.isOfTheLine():
		return fail(code, others+"; correct the next one and try again", "stdin: %w", err)
	}
	return err
}

// A group commits what is written in batches: while one is on its way to the
// disk, the next one gathers.
type group struct {
	ctx     context.Context // of the writing: done when a commit fails
	lines   chan struct{}   // written, not yet committed
	done    chan struct{}   // closed at the end; then what follows is set
	durable int64
	err     error
}

func startGroup(ctx context.Context, j *journal.Journal, c *call) *group {
	g := &group{lines: make(chan struct{}, ahead), done: make(chan struct{})}
	own, cancel := context.WithCancelCause(ctx)
	g.ctx = own
	go func() {
		defer close(g.done)
		g.err = g.run(ctx, j.Replica(), c)
		cancel(g.err)
	}()
	return g
}

// wrote counts a line, and waits while too many are not committed.
func (g *group) wrote() error {
	select {
	case g.lines <- struct{}{}:
		return nil
	case <-g.ctx.Done():
		return pull.Cause(g.ctx)
	}
}

// wait ends the group and returns how many lines are durable. What was written
// is committed also where ctx is done.
func (g *group) wait() (int64, error) {
	close(g.lines)
	<-g.done
	return g.durable, g.err
}

func (g *group) run(ctx context.Context, r *replicate.Replica, c *call) error {
	told, count := time.Time{}, int64(-1)
	tell := func() {
		if count != g.durable {
			told, count = time.Now(), g.durable
			c.tell(ctx, note{Event: "durable", Count: count})
		}
	}
	defer tell()
	for range g.lines {
		n := 1
		for range len(g.lines) {
			<-g.lines
			n++
		}
		if err := r.Flush(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		g.durable += int64(n)
		if time.Since(told) >= said {
			tell()
		}
	}
	return nil
}
