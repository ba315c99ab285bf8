package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// An env is what a command is run with: its ends, and how they are to be
// written to.
type env struct {
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	out      paper // of stdout
	errPaper paper // of stderr
	fsync    durability
}

// run runs one command line and returns its exit status. It prints what went
// wrong, one line each for what and for what to do, and never a Go stack.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	e := &env{stdin: stdin, stdout: stdout, stderr: stderr}
	e.out.Terminal, e.errPaper.Terminal = isTerminal(stdout), isTerminal(stderr)
	defer func() {
		if v := recover(); v != nil {
			status = e.report(bug(v))
		}
	}()
	root := rootCommand(e)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	// A wrong flag ends the parsing, maybe before this one was seen.
	e.out.JSON = e.out.JSON || asksForJSON(args)
	return e.report(err)
}

func asksForJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "--json")
}

// report prints why a command failed and returns its exit status.
func (e *env) report(err error) int {
	if err == nil {
		return exitOK
	}
	f := explain(err)
	quiet := f.Code > exitSignal && f.Hint == "" || f.What == ""
	switch {
	case e.out.JSON && !quiet:
		_, _ = e.stderr.Write(line(f))
	case !quiet:
		e.say("weir: %s", f.What)
		if f.Hint != "" {
			e.say("hint: %s", f.Hint)
		}
	}
	return f.Code
}

// say prints a line of text to stderr.
func (e *env) say(format string, args ...any) {
	_, _ = fmt.Fprintf(e.stderr, format+"\n", args...)
}

// tell prints something that happened to stderr: as JSON, or else as text.
func (e *env) tell(v any, format string, args ...any) {
	if e.out.JSON {
		_, _ = e.stderr.Write(line(v))
		return
	}
	e.say("%s", escape(fmt.Sprintf(format, args...)))
}

// print writes a result to stdout.
func (e *env) print(text []byte) error {
	_, err := e.stdout.Write(text)
	return outputError(err)
}

// isTerminal reports whether f is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

const rootLong = `Keeps replicas equal, on one host or many.

  weir init a && weir set a greeting hello && weir get a greeting
  weir init b && weir sync a b && weir ls b
  weir peer a --listen :8000 & weir sync b tcp://localhost:8000

A replica is a file. What is written to one is merged into others by sync,
peer, dump and load; of two writes of a key the later one wins, everywhere.
Beside the map of set and get it holds lists, docs of rows, sets, counters,
values, logs and events, each by its name, all with one vocabulary: weir TYPE
VERB R [NAME] …, as in weir list push a todo milk, with ls, get, watch and
export to read them.
Users on two hosts first say whom they trust: weir id, weir trust.

Exit status: 0 ok, 1 not found or differs, 2 usage, 3 partial, 4 corrupt,
5 failed, 10 no replica, 11 locked, 12 identity (forked, wrong set, not trusted),
13 protocol (another, or its version), 14 remote (a method failed), 130 and 143 cut
short by a signal.`

func rootCommand(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:           "weir",
		Short:         "Keeps replicas equal, on one host or many",
		Long:          rootLong,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,

		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
		RunE:                       showHelp,
	}
	root.PersistentFlags().BoolVar(&e.out.JSON, "json", false, "write JSON lines")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		f := usage(c, err.Error())
		if strings.HasPrefix(err.Error(), "unknown shorthand flag") && takesDashes.MatchString(c.Use) {
			f.Hint += "; what begins with - comes after --: " + c.CommandPath() + " " + strings.Fields(c.Use)[1] + " -- …"
		}
		return f
	})
	root.AddCommand(
		initCommand(e), forkCommand(e),
		setCommand(e), getCommand(e), delCommand(e), lsCommand(e),
		importCommand(e), exportCommand(e), dumpCommand(e), loadCommand(e),
		syncCommand(e), peerCommand(e), serveCommand(e), watchCommand(e),
		idCommand(e), trustCommand(e),
		compactCommand(e), forgetCommand(e), snapshotCommand(e),
		clockCommand(e), diffCommand(e), inspectCommand(e),
		checkCommand(e), doctorCommand(e), demoCommand(e), versionCommand(e), npmCommand(e),
		servicesCommand(e), callCommand(e),
	)
	groupCommands(e, root)
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = func(_ *cobra.Command, topic []string) error {
			if of, _, _ := root.Find(topic); of == root && len(topic) > 0 {
				return unknownCommand(root, topic[0])
			}
			return nil
		}
	}
	return root
}

// takesDashes matches the use of a command that is given texts of any kind.
var takesDashes = regexp.MustCompile(`KEY|VALUE|ELEMENT|NAME|EVENT|JSON`)

func unknownCommand(c *cobra.Command, name string) error {
	hint := "'" + c.CommandPath() + " --help' lists the commands"
	if near := c.SuggestionsFor(name); len(near) > 0 {
		path := "'" + c.CommandPath() + " "
		hint = "did you mean " + path + strings.Join(near, "' or "+path) + "'?"
	}
	return fail(exitUsage, hint, "unknown command %q", name)
}

// usage is a wrong use of a command: what is wrong, and how it is right.
func usage(c *cobra.Command, what string) *failure {
	return fail(exitUsage, "usage: "+c.UseLine(), "%s", what)
}

// args makes a cobra check of the number of arguments.
func args(low, high int) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		switch n := len(given); {
		case n < low:
			return usage(c, "too few arguments")
		case n > high:
			return usage(c, fmt.Sprintf("too many arguments, from %q on", given[high]))
		}
		return nil
	}
}

// errBrokenPipe is the failure of an output that nobody reads any more.
var errBrokenPipe = errors.New("nobody reads the output")
