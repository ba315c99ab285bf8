package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func doctorCommand(e *env) *cobra.Command {
	g := &gate{e: e}
	bytes := size(8 << 20)
	c := &cobra.Command{
		Use:   "doctor [R] [HOST:PORT…]",
		Short: "Look for what keeps replicas from working well",
		Long: `Looks at this user's identity, the limit on open files and, of the replica R, at
its file, its disk and its list of peers; then whether each peer can be reached
and lets us in, how long a round trip takes, how far its clock is from ours, and
how fast bytes pass over the channel, for at most 2 s each way.

What is wrong is followed by what to do, and the exit status is 1.`,
		Example: `  weir doctor
  weir doctor r 192.168.1.2:8000
  weir doctor r tcp://192.168.1.2:8000 --bytes 64MiB --json`,
		Args: args(0, 100),
	}
	gateFlags(c, g)
	c.Flags().Var(&bytes, "bytes", "how much to send each way, at most 256MiB")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := g.open(c); err != nil {
			return err
		}
		if bytes <= 0 || bytes > maxExamined {
			return usage(c, fmt.Sprintf("--bytes %s is not in 1B … %s", &bytes, formatSize(maxExamined)))
		}
		d := &doctor{e: e, gate: g, bytes: int64(bytes)}
		return d.run(c.Context(), args)
	}
	return c
}

// A doctor is one run of the command.
type doctor struct {
	e     *env
	gate  *gate
	bytes int64

	replica string // the path of R; "" for none
	checks  int
	wrong   int
}

// A symptom is what a check found, and a line of doctor --json.
type symptom struct {
	Check  string  `json:"check"`
	Of     string  `json:"of,omitempty"` // a replica, or the address of a peer
	OK     bool    `json:"ok"`
	Found  string  `json:"found"`
	Number float64 `json:"number,omitempty"`
	Unit   string  `json:"unit,omitempty"` // of the number: s, B/s or a plain count
	Do     string  `json:"do,omitempty"`   // what helps
}

func (d *doctor) run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		_, isFile, err := fileOrAddress(args[0])
		if err != nil {
			return err
		}
		if isFile {
			d.replica, args = args[0], args[1:]
		}
	}
	var at []address
	for _, text := range args {
		a, err := parseAddress(text)
		if err != nil {
			return err
		}
		at = append(at, a)
	}
	if err := d.host(); err != nil {
		return err
	}
	if d.replica != "" {
		if err := d.examine(ctx); err != nil {
			return err
		}
	}
	for _, a := range at {
		if err := d.visit(ctx, a); err != nil {
			return err
		}
	}
	switch d.wrong {
	case 0:
		return nil
	case 1:
		return fail(exitNotFound, "", "1 of %d checks found something wrong", d.checks)
	}
	return fail(exitNotFound, "", "%d of %d checks found something wrong", d.wrong, d.checks)
}

// tell prints what a check found, at once.
func (d *doctor) tell(s symptom) error {
	d.checks++
	if !s.OK {
		d.wrong++
	}
	if d.e.out.JSON {
		return d.e.print(d.e.out.line(s))
	}
	verdict, what := "ok", s.Check
	if !s.OK {
		verdict = "wrong"
	}
	if s.Of != "" {
		what += " of " + s.Of
	}
	text := fmt.Sprintf("%-6s %-32s %s\n", verdict, d.e.out.text(what), d.e.out.text(s.Found))
	if s.Do != "" {
		text += fmt.Sprintf("       %s %s\n", "do:", d.e.out.text(s.Do))
	}
	return d.e.print([]byte(text))
}

// ill is a symptom made of an error.
func ill(check, of string, err error) symptom {
	f := explain(err)
	return symptom{Check: check, Of: of, Found: f.What, Do: f.Hint}
}

// seconds fills in a duration.
func (s symptom) seconds(d time.Duration) symptom {
	s.Number, s.Unit = d.Seconds(), "s"
	return s
}
