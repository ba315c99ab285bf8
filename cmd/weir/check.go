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
	var repair, verify bool
	c := &cobra.Command{
		Use:   "check R",
		Short: "Verify a replica's file, and repair it",
		Long: `Reads all of the file R, checks every checksum, and says what it found. Without
--repair it never changes the file. A torn tail, which a crash can leave, is no
damage: the next command that opens the file goes on without it, and moves it to
R.cut-OFFSET unless it is known to be a write that never ended. Damage is exit
status 4; so is a file that is shorter than weir compact and the like have put it
in place. Signatures were verified when they came in; with --verify they are once
more, as damage.

With --repair, what is good from the beginning on is kept, and the rest goes to
R.cut-OFFSET beside it, for experts: the two together are the file as it was. A
repaired replica takes back what it lost when it syncs with another that has it.`,
		Example: `  weir check r
  weir check --json r
  weir check r --repair && weir sync r other`,
		Args: args(1, 1),
	}
	c.Flags().BoolVar(&repair, "repair", false, "keep what is good, and move the rest to R.cut-OFFSET")
	c.Flags().BoolVar(&verify, "verify", false, "verify each signature, too: some 10,000 a second")
	c.RunE = func(c *cobra.Command, args []string) error {
		if repair {
			return e.repair(c.Context(), args[0], verify)
		}
		return e.check(c.Context(), args[0], verify)
	}
	return c
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
	Behind    int64  `json:"damaged_bytes,omitempty"` // from there to the end
	Saved     string `json:"saved,omitempty"`         // where repair has put them
	Repaired  bool   `json:"repaired,omitempty"`
}

func (e *env) check(ctx context.Context, path string, verify bool) error {
	cfg, end := e.reading(path)
	cfg.Verify = verify
	rec, err := journal.Check(ctx, path, cfg)
	end()
	var corrupt *journal.CorruptError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noReplica(path)
	case err != nil && !errors.As(err, &corrupt):
		return err
	}
	f := found(path, rec)
	if corrupt != nil {
		f.Damaged, f.Offset = true, &corrupt.Offset
	}
	return firstError(e.findings(f), err)
}

// repair is check with --repair: it is no failure that there was damage.
func (e *env) repair(ctx context.Context, path string, verify bool) error {
	cfg, end := e.reading(path)
	cfg.Verify = verify
	cfg.LockWait = patience
	rec, err := journal.Repair(ctx, path, cfg)
	end()
	switch {
	case errors.Is(err, fs.ErrNotExist) && !exists(path):
		return noReplica(path)
	case err != nil:
		return err
	}
	f := found(path, rec)
	f.Saved, f.Repaired = rec.Saved, rec.Repaired
	return e.findings(f)
}

func found(path string, rec journal.Recovery) finding {
	return finding{
		Path: path, Replica: rec.ID.String(), Label: rec.Meta.Label, Set: rec.Meta.Set,
		Bytes: rec.Bytes, Updates: rec.Updates, Live: rec.Live, Markers: rec.Markers,
		TornBytes: rec.TornBytes, Clean: rec.Clean, InUse: rec.InUse, Behind: rec.Damaged,
	}
}

// findings prints what was found.
func (e *env) findings(f finding) error {
	if e.out.JSON {
		return e.print(e.out.line(f))
	}
	return e.print([]byte(f.text(e.out)))
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
	case f.Saved != "":
		s += fmt.Sprintf("repaired: these are kept, and the %d bytes behind them are in %s\n",
			f.Behind+f.TornBytes, p.text(f.Saved))
	case f.Repaired:
		s += "repaired: these are kept, and there was nothing behind them\n"
	case f.Damaged && f.Behind == 0:
		s += fmt.Sprintf("damaged: it ends at byte %d, and was longer\n", *f.Offset)
	case f.Damaged:
		s += fmt.Sprintf("damaged at byte %d: it and %d bytes behind it cannot be read\n", *f.Offset, f.Behind-1)
	case f.InUse:
		s += "in use by another process\n"
	case f.TornBytes > 0:
		s += fmt.Sprintf("torn tail: %d bytes that are not whole: %s\n", f.TornBytes, howTorn)
	case f.Clean:
		s += "closed cleanly\n"
	default:
		s += "whole; nothing says that it was closed\n"
	}
	return s
}
