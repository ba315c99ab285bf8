// Compare measures weir beside its peers in one process, in turns:
// go run -C examples/compare . streams|replicate|mux|npm
// It ends with status 1 where a goal is not met.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

// minRounds is how many paired ratios a median needs to mean something here.
const minRounds = 7

var (
	errUsage = errors.New(
		"usage: compare [--json] [--rounds N] [--only NAME] streams|replicate|mux|npm")
	errMissed = errors.New("a goal was not met")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout); {
	case err == nil:
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "print JSON lines")
	rounds := flags.Int("rounds", 15, "how often everything is measured, 7 or more")
	only := flags.String("only", "", "measure only works whose name begins so")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	family, ok := families[flags.Arg(0)]
	if !ok || flags.NArg() != 1 || *rounds < minRounds {
		return errUsage
	}
	works := slices.DeleteFunc(family(ctx), func(w work) bool { return !strings.HasPrefix(w.name, *only) })
	if len(works) == 0 {
		return errUsage
	}
	print := printTable
	if *asJSON {
		print = printJSON
	}
	var rows []row
	for _, w := range works {
		measured, err := measure(ctx, w, *rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		rows = append(rows, measured...)
	}
	if err := print(out, rows); err != nil {
		return err
	}
	return missed(rows)
}

// families are the works by name: a new family is a line here.
var families = map[string]func(context.Context) []work{
	"streams": func(context.Context) []work { return streams() },
	"mux":     func(context.Context) []work { return muxes(1) },
	"replicate": func(ctx context.Context) []work {
		js, missing := newNode(ctx, true, npmReplicas...)
		return replicates(1, js, missing)
	},
	"npm": func(ctx context.Context) []work {
		js, missing := newNode(ctx, true, npmOriginals...)
		return originals(1, js, missing)
	},
}

func missed(rows []row) error {
	for _, r := range rows {
		if !r.Met {
			return fmt.Errorf("%w: %s beside %s", errMissed, r.Work, r.Peer)
		}
	}
	return nil
}
