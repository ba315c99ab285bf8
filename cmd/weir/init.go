package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
)

func initCommand(e *env) *cobra.Command {
	var meta journal.Meta
	c := &cobra.Command{
		Use:   "init R",
		Short: "Make a new replica",
		Long: `Makes a new, empty replica in the file R, which must not exist yet.

Replicas of two data sets refuse each other. One without --set joins whatever it
meets, and so carries what it took in from one set into another: name the set on
all replicas, or on none.

With --signed this user's key, that of weir id, signs what is written here, and
nothing is taken in that this user, or a peer which weir trust lists, has not
signed, whoever brings it. Others relay it without being told. A signature does
not name the data set: what one has signed for one fits into another.`,
		Example: `  weir init r
  weir init notes --label laptop --set notes
  weir init ledger --signed`,
		Args: args(1, 1),
	}
	c.Flags().StringVar(&meta.Label, "label", "", "a name for people")
	c.Flags().StringVar(&meta.Set, "set", "",
		"the data set it belongs to: replicas of two different ones never mix")
	c.Flags().BoolVar(&meta.Signed, "signed", false, "sign what is written, and take in what trusted peers have signed")
	c.RunE = func(c *cobra.Command, args []string) error {
		if meta.Signed {
			// Whoever cannot sign is told before there is a file.
			if _, err := (&gate{e: e}).identity(); err != nil {
				return err
			}
		}
		if err := journal.Create(args[0], meta, config()); err != nil {
			return creating(args[0], err)
		}
		return e.made(c.Context(), args[0])
	}
	return c
}

// creating says why a new file could not be made.
func creating(path string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return fail(exitFailed, "choose another name: weir never overwrites a file",
			"%s exists", path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fail(exitFailed, "make the folder first", "%w", err)
	}
	return err
}

// made says which replica is in a new file.
func (e *env) made(ctx context.Context, path string) error {
	rec, err := journal.Check(ctx, path, config())
	if err != nil {
		return err
	}
	if e.out.JSON {
		return e.print(line(map[string]string{
			"path": path, "replica": rec.ID.String(), "label": rec.Meta.Label, "set": rec.Meta.Set,
		}))
	}
	e.say("made %s: replica %s", escape(path), rec.ID.Short())
	return nil
}
