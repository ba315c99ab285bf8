package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A kind is a data type as the shell sees it: a command, what an object of it
// can do, and the verbs that do more.
type kind struct {
	name   string // of the command, and in the lines of an export
	what   string // it holds, to be listed
	short  string
	long   string // in front of the vocabulary
	values string // behind it; "" for valueWords
	typ    replicate.Type
	open   func(r *replicate.Replica, name string) (object, error)
	// admit says what a line of an import lacks; nil: a value is enough.
	admit  func(row) error
	shared []string // the names of the shared verbs that it has
	verbs  []verb
	flat   bool // its verbs are commands of their own, or those of another group
	// quiet reports whether an update changes nothing that anybody would be told
	// of; nil: none does.
	quiet func(*replicate.Update) bool
}

// An object is what the objects of all kinds can do.
type object interface {
	Len() int
	// rows is the content, in an order that is the same on equal replicas.
	rows(yield func(row, error) bool)
	// put takes in a row that rows has returned elsewhere.
	put(row) error
}

// A watched object is what those of a kind that has the verb watch can do, too.
type watched interface {
	object
	// changes is what becomes of it, from behind a place of the log.
	changes(after uint64) pull.Source[row]
}

// A verb is a command on one object: weir KIND VERB R [NAME] KEY VALUE.
//
// What key and value say is how the arguments read in the help, and how they
// are taken apart: what is in brackets can be left out, and … is one or more.
// Where that is not enough, words stand for both, and read takes them apart.
type verb struct {
	name    string
	alias   string
	short   string
	long    string
	example string
	key     string // "ELEMENT", "[N]"; "" for none
	value   string // "VALUE", "VALUE…", "[VALUE…]"; "" for none
	words   string
	// read puts arguments into a request; the first is NAME if it was given.
	read  func(c *cobra.Command, e *env, q *request, args []string) error
	lines bool // - stands for lines of stdin, though value does not say so
	flags func(*cobra.Command, *request)
	// check refuses a request before R is opened; may be nil.
	check  func(*cobra.Command, *request) error
	follow bool // it goes on until it is interrupted
	operation
}

const vocabulary = `R is the file of the replica. NAME is the name of the object: a first write makes
it, and a replica has as many as you like. Where NAME is left out, and with it
all else that may be, the object is the one without a name; with one word more
than there must be, the first is NAME: weir list push r bread eggs puts eggs into
the list bread, and weir list push r '' bread eggs puts both into the one without
a name. get, ls, watch and export read an object; the other commands return 0 when
their write is on disk.`

const valueWords = `VALUE is a string, or JSON with --json-value. One VALUE as - is all of stdin.
Where there may be several, - takes one from each line of stdin: JSON, or with
--raw the line as a string. Then "durable N" on stderr says how many are on
disk, and at a bad line those before it stay (exit status 3). What begins with
a dash comes after --.`

// parts are the arguments behind NAME.
func (v *verb) parts() []string { return strings.Fields(v.words + " " + v.key + " " + v.value) }

// required is how many arguments behind NAME a verb needs, and most how many
// it takes.
func (v *verb) required() (n int) {
	for _, what := range v.parts() {
		if what[0] != '[' {
			n++
		}
	}
	return n
}

// many reports whether there can be several values.
func (v *verb) many() bool { return strings.Contains(v.value, "…") }

func (v *verb) most() int {
	parts := v.parts()
	if slices.ContainsFunc(parts, func(what string) bool { return strings.Contains(what, "…") }) {
		return 1 << 30
	}
	return len(parts)
}

func (v *verb) use() string {
	return strings.Join(append([]string{v.name, "R", "[NAME]"}, v.parts()...), " ")
}

// help is the verb's text, and what the words in its use mean.
func (v *verb) help() string {
	text := v.long
	if text == "" {
		text = v.short + "."
	}
	text += "\n\n" + vocabulary
	if v.value != "" {
		text += "\n\n" + valueWords
	}
	if v.words != "" {
		text += "\n\n" + fieldWords
	}
	if v.many() || v.lines {
		text += "\n\n" + durabilityText
	}
	return text
}

// id is the verb's name as an operation.
func (v *verb) id(k *kind) string {
	if k.flat {
		return v.name
	}
	return k.name + " " + v.name
}

// commands are those of a kind: one with the verbs below it, or the verbs.
func (k *kind) commands(e *env) (all []*cobra.Command) {
	for i := range k.verbs {
		all = append(all, k.command(e, &k.verbs[i]))
	}
	if k.flat {
		return all
	}
	group := &cobra.Command{
		Use:   k.name,
		Short: k.short,
		Long:  k.long + "\n\n" + vocabulary + "\n\n" + cmp.Or(k.values, valueWords),
		Args:  cobra.ArbitraryArgs,

		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
		RunE:                       showHelp,
	}
	for i := range k.verbs {
		if k.verbs[i].example != "" {
			group.Example += k.verbs[i].example + "\n"
		}
	}
	group.Example = strings.TrimSuffix(group.Example, "\n")
	group.AddCommand(all...)
	return []*cobra.Command{group}
}

// showHelp is what a command does that only has others below it.
func showHelp(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(c, args[0])
	}
	return c.Help()
}

func (k *kind) command(e *env, v *verb) *cobra.Command {
	q := request{Op: v.id(k), Follow: v.follow}
	var asJSON, raw bool
	c := &cobra.Command{
		Use:               v.use(),
		Short:             v.short,
		Long:              v.help(),
		Example:           v.example,
		Args:              args(1+v.required(), 2+v.most()),
		ValidArgsFunction: e.completeName(k),
	}
	if v.alias != "" {
		c.Aliases = []string{v.alias}
	}
	if v.value != "" {
		c.Flags().BoolVar(&asJSON, "json-value", false, "VALUE is JSON")
	}
	if v.many() {
		c.Flags().BoolVar(&raw, "raw", false, "of stdin (-), take each line as a string")
	}
	if v.many() || v.lines {
		fsyncFlag(c, e)
	}
	if v.flags != nil {
		v.flags(c, &q)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		path, rest := args[0], args[1:]
		read := v.read
		if read == nil {
			read = v.reader(asJSON, raw)
		}
		if err := read(c, e, &q, rest); err != nil {
			return err
		}
		if err := v.checkText(&q); err != nil {
			return err
		}
		if v.check != nil {
			if err := v.check(c, &q); err != nil {
				return err
			}
		}
		return e.perform(c.Context(), path, q)
	}
	return c
}

// reader reads the arguments of a verb that has no way of its own.
func (v *verb) reader(asJSON, raw bool) func(*cobra.Command, *env, *request, []string) error {
	return func(c *cobra.Command, e *env, q *request, rest []string) error {
		if len(rest) > v.required() {
			q.Name, rest = rest[0], rest[1:]
		}
		if v.key != "" && len(rest) > 0 {
			q.Key, rest = rest[0], rest[1:]
		}
		return e.values(c.Context(), v, q, rest, asJSON, raw)
	}
}

// perform has the request of a command performed in the way that it wants.
func (e *env) perform(ctx context.Context, path string, q request) error {
	switch {
	case q.Follow:
		return e.follow(ctx, path, q)
	case q.Lines:
		return e.doLong(ctx, path, "reading", &call{request: q, in: e.input()})
	}
	return e.do(ctx, path, &call{request: q})
}
