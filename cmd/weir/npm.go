package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

// An npmObject says which object of a replica speaks with programs in
// JavaScript, and as whom.
type npmObject struct {
	Kind  string            `json:"kind"`
	Name  string            `json:"name,omitempty"`
	ID    string            `json:"id,omitempty"`
	Parts map[string]string `json:"parts,omitempty"` // kinds by name, of a bucket
}

// npmKinds are what npm has.
var npmKinds = map[string]replicate.Type{
	"model": npm.ModelType, "events": npm.EventsType, "value": npm.ValueType, "doc": npm.DocType,
}

func npmKindNames() string { return strings.Join(slices.Sorted(maps.Keys(npmKinds)), ", ") }

const npmText = `The object is one of R's, by --kind and --name: a model (scuttlebutt/model), events
(scuttlebutt/events), a value (r-value) or a doc (crdt), or with --part a bucket
(scuttlebucket) of several, by name; a part of a bucket in it is A/B. --id is the id
that others see in what is written here; it must not be in use elsewhere, and a
program that has the same is refused. Without it R has one of its own. Other replicas
of weir have the object by weir sync and weir peer, as any other. It is apart from the
objects of weir set, list, doc and so on: a model is no map of weir get.`

const npmKindText = `Both sides must mean the same kind: the protocol does not say which it is. What is
sent by another kind is taken in where it could be a change of this one: the event
["ring",1] sets the key ring of a model. It then goes on to everybody else, and stays;
and a program in JavaScript may crash of what it is sent.`

func npmCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "npm",
		Short: "Keep replicas equal to programs that use npm's scuttlebutt",
		Long: `Keeps objects of R equal to programs in JavaScript that use npm's scuttlebutt,
unchanged.

` + npmText + "\n\n" + npmKindText,
		Example: `  weir npm serve r --listen 127.0.0.1:8000
  weir npm join r 192.168.1.2:8000 --kind doc --name todo
  weir npm write r '["greeting","hello"]' && weir npm show r`,
		Args: cobra.ArbitraryArgs,

		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
		RunE:                       showHelp,
	}
	c.AddCommand(npmServeCommand(e), npmJoinCommand(e), npmWriteCommand(e), npmShowCommand(e),
		npmWatchCommand(e), npmDumpCommand(e), npmLoadCommand(e))
	return c
}

// npmFlags are those that name the object.
func npmFlags(c *cobra.Command) (object func() (*npmObject, error)) {
	o, parts := &npmObject{}, []string(nil)
	f := c.Flags()
	f.StringVar(&o.Kind, "kind", "model", "the `KIND`: "+npmKindNames())
	f.StringVar(&o.Name, "name", "", "the object's `NAME`, if it has one")
	f.StringVar(&o.ID, "id", "", "write as this `ID`")
	f.StringArrayVar(&parts, "part", nil, "a part of a bucket, as `NAME=KIND`; may be repeated")
	return func() (*npmObject, error) {
		switch {
		case len(parts) > 0 && f.Changed("kind"):
			return nil, usage(c, "--part has a kind of its own, as in --part NAME=KIND: leave out --kind")
		case len(parts) > 0 && strings.Contains(o.Name, "/"):
			return nil, usage(c, "there is no slash in the name of a bucket: behind it comes the part")
		}
		for _, text := range parts {
			name, kind, ok := strings.Cut(text, "=")
			if _, known := npmKinds[kind]; !ok || !known {
				return nil, fail(exitUsage, "--part NAME=KIND, where KIND is one of "+npmKindNames(),
					"no part of a bucket: %q", text)
			}
			if o.Parts == nil {
				o.Parts = make(map[string]string)
			}
			if o.Parts[name] != "" {
				return nil, usage(c, fmt.Sprintf("--part %q is there twice", name))
			}
			o.Parts[name] = kind
		}
		if _, known := npmKinds[o.Kind]; !known {
			return nil, fail(exitUsage, "--kind is one of "+npmKindNames(), "unknown kind %q", o.Kind)
		}
		return o, nil
	}
}

// open opens the object.
func (o *npmObject) open(r *replicate.Replica) (*npm.Scuttlebutt, error) {
	cfg := npm.Config{ID: o.ID}
	if len(o.Parts) == 0 {
		return npm.Open(r, npmKinds[o.Kind], o.Name, cfg)
	}
	parts := make(map[string]replicate.Type, len(o.Parts))
	for name, kind := range o.Parts {
		parts[name] = npmKinds[kind]
	}
	return npm.OpenBucket(r, o.Name, parts, cfg)
}

func npmServeCommand(e *env) *cobra.Command {
	p := &npmPeering{e: e}
	c := &cobra.Command{
		Use:   "serve R",
		Short: "Accept programs in JavaScript, until interrupted",
		Long: `Accepts connections of programs that pipe a scuttlebutt's stream into a socket,
and keeps them and R equal. Nothing is encrypted, and whoever connects can read
and, without --send-only, write the object: listen where only those can connect
that may. A port alone is one of 127.0.0.1.

` + npmText + "\n\n" + npmKindText + "\n\n" + durabilityText,
		Example: `  weir npm serve r --listen 127.0.0.1:8000
  weir npm serve r --listen :8000 --kind doc
  weir npm serve r --listen unix:r.npm --part m=model --part chat=events`,
		Args: args(1, 1),
	}
	c.Flags().StringVar(&p.listen, "listen", "", "accept programs at this `ADDRESS`: HOST:PORT, :PORT or unix:PATH")
	c.Flags().BoolVar(&p.deaf, "send-only", false, "take nothing in: who connects can only read")
	p.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if p.listen == "" {
			return usage(c, "nothing to do: give --listen")
		}
		return p.run(c, args[0], nil)
	}
	return c
}

func npmJoinCommand(e *env) *cobra.Command {
	p := &npmPeering{e: e}
	c := &cobra.Command{
		Use:   "join R ADDRESS…",
		Short: "Stay connected to programs in JavaScript, until interrupted",
		Long: `Connects to programs that listen, and keeps them and R equal. A program that
is not there yet, or vanishes, is connected to again. With --once it ends when all
is exchanged, and fails where no program is there or says nothing for 5 s.

` + npmText + "\n\n" + npmKindText + "\n\n" + durabilityText,
		Example: `  weir npm join r 127.0.0.1:8000
  weir npm join r 192.168.1.2:8000 --kind doc --once`,
		Args: args(1, 100),
	}
	c.Flags().BoolVar(&p.once, "once", false, "end when both have what the other has")
	p.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) < 2 {
			return usage(c, "too few arguments")
		}
		return p.run(c, args[0], args[1:])
	}
	return c
}

func npmWriteCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "write R CHANGE…",
		Short: "Write changes, as they are in the protocol",
		Long: `Writes changes to the object, each a JSON text: [KEY,VALUE] to a model, null
deletes; [EVENT,ARGUMENT,…] to events; the value to a value; [ROW,{FIELD:VALUE,…}]
to a doc, or [ROW,null] to remove the row; [PART,CHANGE] to a bucket. It ends at the
first that is no change of the kind; those before it are written.

` + npmText + "\n\n" + durabilityText,
		Example: `  weir npm write r '["greeting","hello"]'
  weir npm write r --kind doc '["milk",{"list":"todo"}]'`,
		Args: args(2, 1000),
	}
	object := npmFlags(c)
	fsyncFlag(c, e)
	c.RunE = func(c *cobra.Command, args []string) error {
		q := request{Op: "npm write"}
		for _, text := range args[1:] {
			if !json.Valid([]byte(text)) {
				return fail(exitUsage, `a change is JSON, as in '["key","value"]'`, "not JSON: %.40q", text)
			}
			q.Values = append(q.Values, json.RawMessage(text))
		}
		return e.npmDo(c, args[0], object, &call{request: q})
	}
	return c
}

func npmShowCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "show R",
		Short:   "Print the object as JSON",
		Long:    "Prints what the object's toJSON returns in JavaScript; of events, all of them.\n\n" + npmText,
		Example: `  weir npm show r --kind doc`,
		Args:    args(1, 1),
	}
	object := npmFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return e.npmDo(c, args[0], object, &call{request: request{Op: "npm show"}})
	}
	return c
}

func npmDumpCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "dump R",
		Short: "Write the object to stdout as npm's scuttlebutt does",
		Long: `Writes what createReadStream({tail: false}) does: a program in JavaScript loads
it with createWriteStream().

` + npmText,
		Example: `  weir npm dump r > model.jsonl`,
		Args:    args(1, 1),
	}
	object := npmFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return e.npmDo(c, args[0], object, &call{request: request{Op: "npm dump"}})
	}
	return c
}

func npmLoadCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "load R",
		Short: "Merge a dump of npm's scuttlebutt from stdin",
		Long: `Merges what a program in JavaScript has written with createReadStream, or weir npm
dump. To go on as who wrote it, where that is no more, give its id with --id from
then on.

` + npmText + "\n\n" + npmKindText + "\n\n" + durabilityText,
		Example: `  weir npm load r < model.jsonl`,
		Args:    args(1, 1),
	}
	object := npmFlags(c)
	fsyncFlag(c, e)
	c.RunE = func(c *cobra.Command, args []string) error {
		return e.npmDo(c, args[0], object, &call{request: request{Op: "npm load"}, in: e.input(),
			note: e.npmLoaded})
	}
	return c
}

// npmDo has one operation on the object done.
func (e *env) npmDo(c *cobra.Command, path string, object func() (*npmObject, error), do *call) (err error) {
	if do.Npm, err = object(); err != nil {
		return err
	}
	if err := e.do(c.Context(), path, do); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
