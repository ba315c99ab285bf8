package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

// A reader is how a command that reads is tried on a replica.
type reader struct {
	args   string // FULL is a replica with objects of all types, OUT a file to be made
	names  string // how its output names a type; "" if it does not
	status int
}

// readers are the commands that read a replica, beside those of one kind.
var readers = map[string]reader{
	"weir check": {args: "FULL"}, "weir clock": {args: "FULL"}, "weir dump": {args: "FULL"},
	"weir get": {args: "FULL k"}, "weir ls": {args: "--json FULL"}, "weir compact": {args: "FULL"},
	"weir snapshot": {args: "FULL OUT"}, "weir fork": {args: "FULL OUT"}, "weir doctor": {args: "FULL"},
	"weir sync": {args: "FULL OTHER --only o"}, "weir load": {args: "FULL --dry-run"}, "weir import": {args: "OTHER"},
	"weir forget":       {args: "FULL --members ID"},
	"weir inspect":      {args: "FULL", names: "  %s ("},
	"weir diff":         {args: "FULL EMPTY", names: "\n%s (", status: exitNotFound},
	"weir objects":      {args: "FULL", names: "\n%s\t"},
	"weir export":       {args: "FULL", names: `"type":%q,`},
	"weir watch":        {args: "FULL --objects --all", names: "\n%s\t"},
	"weir npm show":     {args: "FULL --name o"},
	"weir npm dump":     {args: "FULL --name o"},
	"weir npm watch":    {args: "FULL --name o --all"},
	"weir services ls":  {args: "FULL"},
	"weir services get": {args: "FULL web"}, "weir services watch": {args: "FULL web"},
}

// others are those that look at no object of a replica, or only at what they make
// or are told by others.
var others = strings.Fields(`init set del id trust version demo help completion peer serve call
	npm-serve npm-join npm-write npm-load services-hub services-register services-free`)

// Whatever type there is, every command that reads a replica can do with it: what is
// registered has a kind, and what prints objects prints those of all kinds.
func TestEveryTypeIsRead(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	dir := t.TempDir()
	place := map[string]string{"ID": ""}
	for _, name := range []string{"FULL", "EMPTY", "OTHER"} {
		place[name] = filepath.Join(dir, name)
		runFor(t, exitOK, nil, []string{"init", place[name]})
	}
	dump := oneOfEach(t)
	runFor(t, exitOK, dump, []string{"load", place["FULL"]})
	var found finding
	require.NoError(t, json.Unmarshal(runFor(t, exitOK, nil, []string{"check", "--json", place["FULL"]}), &found))
	place["ID"] = found.Replica

	for path, c := range commandsThatRead(t) {
		t.Run(path, func(t *testing.T) {
			place["OUT"] = filepath.Join(t.TempDir(), "out")
			words := strings.Fields(path + " " + c.args)[1:]
			for i, word := range words {
				if at, ok := place[word]; ok {
					words[i] = at
				}
			}
			stdin := dump
			if path == "weir import" {
				stdin = runFor(t, exitOK, nil, []string{"export", place["FULL"]})
			}
			var names []string
			for _, k := range kinds {
				if c.names != "" && (path != "weir export" || k != servicesKind) {
					names = append(names, fmt.Sprintf(c.names, k.name))
				}
			}
			out := "\n" + string(runFor(t, c.status, stdin, words, names...))
			for _, name := range names {
				assert.Contains(t, out, name)
			}
		})
	}
}

// oneOfEach is a dump that has an object of each type that is registered, with the
// name o, and the key k.
func oneOfEach(t *testing.T) []byte {
	values := map[string]string{
		"count": "1", "doc": `{"f":1}`, "npm/doc": `{"f":1}`, "npm/events": `["e"]`,
	}
	r := replicate.New(config().Replica)
	m, err := openMap(r, "")
	require.NoError(t, err)
	require.NoError(t, m.Set("k", json.RawMessage("1")))
	for _, k := range kinds {
		value := json.RawMessage(cmp.Or(values[k.name], `"v"`))
		o, err := k.open(r, "o")
		require.NoError(t, err)
		key := "k"
		require.NoError(t, o.put(row{Key: &key, Event: &key, Value: value}), k.name)
	}
	g, err := registry.Open(r, "", registry.Config{})
	require.NoError(t, err)
	defer g.Close()
	_, err = g.Register(registry.Service{Role: "web", Host: "h", Port: 1})
	require.NoError(t, err)

	has := map[string]bool{}
	for _, u := range r.Live() {
		has[u.Object().Type] = true
	}
	for _, typ := range config().Replica.Types {
		require.NotNil(t, kindOf(typ.Tag), "the type %s has no kind", typ.Tag)
		require.True(t, has[typ.Tag], typ.Tag)
	}
	chunks, err := pull.Collect(t.Context(), r.Read(nil))
	require.NoError(t, err)
	return bytes.Join(chunks, nil)
}

// commandsThatRead are readers, and what reads all of an object of one kind; every
// command is one of these, or of the others, or one of a kind's own.
func commandsThatRead(t *testing.T) map[string]reader {
	all, ours := map[string]reader{}, map[string]bool{}
	for path, c := range readers {
		all[path] = c
	}
	for _, k := range kinds {
		for _, v := range k.verbs {
			path := "weir " + v.id(k)
			ours[path] = true
			if v.reads() && v.required() == 0 {
				all[path] = reader{args: "FULL o"}
				if v.follow {
					all[path] = reader{args: "FULL o --all"}
				}
			}
		}
	}
	var look func(*cobra.Command)
	look = func(c *cobra.Command) {
		for _, below := range c.Commands() {
			look(below)
		}
		path := c.CommandPath()
		name := strings.ReplaceAll(strings.TrimPrefix(path, "weir "), " ", "-")
		if !c.HasSubCommands() && !ours[path] && !slices.Contains(others, name) {
			assert.Contains(t, readers, path, "is it a command that reads?")
		}
	}
	look(rootCommand(&env{}))
	return all
}

// An until calls enough once all texts were written to it, and something.
type until struct {
	bytes.Buffer
	texts  []string
	enough func()
}

func (u *until) Write(p []byte) (int, error) {
	_, _ = u.Buffer.Write(p)
	out := "\n" + u.String()
	if !slices.ContainsFunc(u.texts, func(text string) bool { return !strings.Contains(out, text) }) {
		u.enough()
	}
	return len(p), nil
}

// runFor runs a command in this process, and returns what it has written. One that
// follows is interrupted when it has written all texts, or is late.
func runFor(t *testing.T, want int, stdin []byte, args []string, texts ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	out := &until{texts: texts, enough: func() {}}
	if slices.Contains(args, "watch") {
		out.enough = func() { cancel(signalError{syscall.SIGINT}) }
		defer time.AfterFunc(20*time.Second, out.enough).Stop()
	}
	var log bytes.Buffer
	status := run(ctx, args, bytes.NewReader(stdin), out, &log)
	require.Equal(t, want, status, "%v: %s", args, log.String())
	require.NotContains(t, log.String(), bugHint)
	return out.Bytes()
}
