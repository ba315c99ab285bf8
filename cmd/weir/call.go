package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const callLong = `Calls a method of a program that speaks the protocol of npm's dnode 1.2.2, be it
that or one in Go with mux/rpc, and prints what it answers: JSON, a line for each
value. With --json a line is the whole answer, an array. Functions are printed
as "[Function]", and what contains itself as "[Circular]".

Each argument is JSON, so a text has quotes of its own, within those of the shell.
METHOD may be one within objects, as in a.b. Without METHOD the methods are
listed; with --json all that is offered is printed, values too.

A program in Go answers each call. Of npm's dnode, an answer is the call of a
function that was passed last: for a method that calls it more than once there
are --times and --watch, which pass such a function to programs in Go as well. One
that takes no function is called with --no-reply. One that throws never answers;
where functions take an error first, as is the habit in Node, --error-first knows
it from an answer. A method that has failed is exit status 14.

Nothing is encrypted, unless --peer says who must be there: then all passes inside
weir's encrypted channel. "go run ./examples/dnode server" is a program to try it
with, at port 8000; with -secure it has that channel.`

// A calling is one run of the command call.
type calling struct {
	e          *env
	gate       *gate
	at         address
	method     string // "" to list them
	args       []any
	timeout    time.Duration
	times      int // of answers; 0 is the one that a call has
	watch      bool
	noReply    bool
	errorFirst bool
}

func callCommand(e *env) *cobra.Command {
	k := &calling{e: e, gate: &gate{e: e}}
	c := &cobra.Command{
		Use:   "call ADDRESS [METHOD [JSON…]]",
		Short: "Call a method of a program that speaks npm's dnode",
		Long:  callLong,
		Example: `  weir call :8000
  weir call :8000 louder '"beep"'`,
		Args: args(1, 1000),
	}
	f := c.Flags()
	f.DurationVar(&k.timeout, "timeout", 30*time.Second,
		"how long all may take, with --watch until the call is made; 0 is for ever")
	f.IntVar(&k.times, "times", 0, "end after `N` calls of the function that is passed last")
	f.BoolVar(&k.watch, "watch", false, "print the calls of that function until interrupted")
	f.BoolVar(&k.noReply, "no-reply", false, "print nothing; pass dnode no function, and wait for none")
	f.BoolVar(&k.errorFirst, "error-first", false, "dnode's answer is an error, or null and then the values")
	f.StringArrayVar(&k.gate.pinned, "peer", nil,
		"encrypt, and talk to the peer with this `ID` alone; may be repeated")
	identityFlag(c, &k.gate.file)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := k.check(c); err != nil {
			return err
		}
		if err := k.parse(args); err != nil {
			return err
		}
		return k.run(c.Context())
	}
	return c
}

// check refuses flags that contradict each other.
func (k *calling) check(c *cobra.Command) error {
	modes := 0
	for _, is := range []bool{c.Flags().Changed("times"), k.watch, k.noReply, k.errorFirst} {
		if is {
			modes++
		}
	}
	switch {
	case modes > 1:
		return usage(c, "only one of --times, --watch, --no-reply and --error-first can be")
	case k.times < 0 || k.times == 0 && c.Flags().Changed("times"):
		return usage(c, "--times is above 0")
	case k.timeout < 0:
		return usage(c, "--timeout is not below 0")
	case k.gate.file != "" && len(k.gate.pinned) == 0:
		return usage(c, "--identity is for --peer: nothing is encrypted without that")
	}
	return k.gate.open(c)
}

// parse reads the arguments.
func (k *calling) parse(args []string) (err error) {
	const forms = "an address is HOST:PORT, :PORT or unix:PATH"
	if k.at, err = parseAddress(args[0]); err != nil {
		f := explain(err)
		if f.Hint == addressForms {
			f.Hint = forms
		}
		return f
	}
	if k.at.name != "" {
		return fail(exitUsage, forms, "%s: only replicas have names", args[0])
	}
	if len(args) > 1 {
		if k.method = args[1]; k.method == "" {
			return fail(exitUsage, "without METHOD the methods are listed", "METHOD is empty")
		}
	}
	for _, text := range args[min(len(args), 2):] {
		if !json.Valid([]byte(text)) {
			return fail(exitUsage, howToQuote(text), "not JSON: %.80q", text)
		}
		k.args = append(k.args, json.RawMessage(text))
	}
	return nil
}

// howToQuote says how a text that is no JSON is typed in a shell.
func howToQuote(text string) string {
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") || strings.HasPrefix(text, `"`) {
		return `JSON has quotes around names and texts, and the shell wants others around all: '{"name":["text",1]}'`
	}
	return "a text has quotes of its own, within those of the shell: " +
		escape("'"+strings.ReplaceAll(string(quote(text)), "'", `'\''`)+"'")
}
