package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
)

func checkCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "check R",
		Short: "Verify a replica's file",
		Long: `Reads all of the file R, checks every checksum, and says what it found. It never
changes the file. A torn tail, which a crash can leave, is no damage: the next
command cuts it off. Damage is exit status 4.`,
		Example: `  weir check r
  weir check --json r`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error { return e.check(c.Context(), args[0]) },
	}
}

// A finding is what check says with --json.
type finding struct {
	Path      string `json:"path"`
	Replica   string `json:"replica"`
	Label     string `json:"label,omitempty"`
	Set       string `json:"set,omitempty"`
	Bytes     int64  `json:"bytes"`
	Updates   int    `json:"updates"`
	Live      int    `json:"live"`
	Markers   int    `json:"markers"`
	TornBytes int64  `json:"torn_bytes"`
	Clean     bool   `json:"clean"`
	InUse     bool   `json:"in_use"`
	Damaged   bool   `json:"damaged"`
	Offset    *int64 `json:"damaged_at,omitempty"`
}

func (e *env) check(ctx context.Context, path string) error {
	cfg, end := e.reading(path)
	rec, err := journal.Check(ctx, path, cfg)
	end()
	var corrupt *journal.CorruptError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noReplica(path)
	case err != nil && !errors.As(err, &corrupt):
		return err
	}
	f := finding{
		Path: path, Replica: rec.ID.String(), Label: rec.Meta.Label, Set: rec.Meta.Set,
		Bytes: rec.Bytes, Updates: rec.Updates, Live: rec.Live, Markers: rec.Markers,
		TornBytes: rec.TornBytes, Clean: rec.Clean, InUse: rec.InUse,
	}
	if corrupt != nil {
		f.Damaged, f.Offset = true, &corrupt.Offset
	}
	if e.out.JSON {
		return firstError(e.print(e.out.line(f)), err)
	}
	return firstError(e.print([]byte(f.text(e.out))), err)
}

// text is what check says to people.
func (f finding) text(p paper) string {
	s := fmt.Sprintf("%s: replica %s", p.text(f.Path), f.Replica[:8])
	if f.Label != "" {
		s += fmt.Sprintf(" %q", f.Label)
	}
	if f.Set != "" {
		s += fmt.Sprintf(" of the data set %q", f.Set)
	}
	s += fmt.Sprintf("\n%d bytes are good: %s, %d of them live, %s\n",
		f.Bytes, plural(int64(f.Updates), "update"), f.Live, plural(int64(f.Markers), "marker"))
	switch {
	case f.Damaged:
		s += fmt.Sprintf("damaged at byte %d\n", *f.Offset)
	case f.InUse:
		s += "in use by another process\n"
	case f.TornBytes > 0:
		s += fmt.Sprintf("torn tail: %d bytes of a write that was cut short\n", f.TornBytes)
	case f.Clean:
		s += "closed cleanly\n"
	default:
		s += "whole; nothing says that it was closed\n"
	}
	return s
}
