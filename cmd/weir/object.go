package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through"
)

// raw is the codec that leaves values as the JSON they were written in.
func raw(t replicate.Type) replicate.Codec[json.RawMessage] {
	return replicate.Codec[json.RawMessage]{
		Type:   t,
		Encode: compact,
		Decode: func(b []byte) (json.RawMessage, error) { return b, nil },
	}
}

// asObject is open, for whoever knows only objects.
func asObject[T object](
	open func(*replicate.Replica, string) (T, error),
) func(*replicate.Replica, string) (object, error) {
	return func(r *replicate.Replica, name string) (object, error) { return open(r, name) }
}

// on makes an operation of what is done to an object of one type.
func on[T any](
	open func(*replicate.Replica, string) (T, error),
	f func(ctx context.Context, o T, c *call) error,
) func(context.Context, *journal.Journal, *call) error {
	return func(ctx context.Context, j *journal.Journal, c *call) error {
		o, err := open(j.Replica(), c.Name)
		if err != nil {
			return err
		}
		return f(ctx, o, c)
	}
}

// reads and writes are the two sorts of operations.
func reads[T any](
	open func(*replicate.Replica, string) (T, error),
	f func(ctx context.Context, o T, c *call) error,
) operation {
	return operation{run: on(open, f)}
}

func writes[T any](
	open func(*replicate.Replica, string) (T, error),
	f func(ctx context.Context, o T, c *call) error,
) operation {
	return operation{run: on(open, f), writes: true}
}

// putting is what puts a value into an object, and says as what it is there.
type putting func(v json.RawMessage) (row, error)

// fills is writes for what puts each VALUE into an object.
func fills[T any](
	open func(*replicate.Replica, string) (T, error),
	f func(o T, c *call) (putting, error),
) operation {
	return operation{writes: true, run: func(ctx context.Context, j *journal.Journal, c *call) error {
		o, err := open(j.Replica(), c.Name)
		if err != nil {
			return err
		}
		put, err := f(o, c)
		if err != nil {
			return err
		}
		return c.each(ctx, j, put)
	}}
}

// sharedVerbs are those that do the same for all kinds.
func sharedVerbs(k *kind) []verb {
	all := []verb{
		{name: "ls", short: "List " + k.what, operation: reads(k.open, opRows(paper.entry))},
		{name: "get", short: "Print " + k.what, operation: reads(k.open, opGetOnly)},
		{
			name: "watch", alias: "follow", short: "Print changes as they come", follow: true,
			long:      watchLong,
			flags:     watchFlags,
			operation: operation{run: opFollow(k)},
		},
		{
			name: "export", short: "Write it as JSON lines for weir import",
			operation: operation{run: func(ctx context.Context, j *journal.Journal, c *call) error {
				return c.out(ctx, k.export(j.Replica(), c.Name, c.Paper))
			}},
		},
	}
	return slices.DeleteFunc(all, func(v verb) bool { return !slices.Contains(k.shared, v.name) })
}

const watchLong = `Prints what changes from now on, until it is interrupted. What changes faster
than it is printed is printed in its newest state. With --json, lines of one
moment have "more":true but for the last, and all before one with "reset":true is
void: take out what such lines name, then put each at its index, if it has one.`

func watchFlags(c *cobra.Command, q *request) {
	c.Flags().BoolVar(&q.All, "all", false, "first print what is there")
}

// opRows writes all rows of an object.
func opRows(text func(paper, row) []byte) func(context.Context, object, *call) error {
	return func(ctx context.Context, o object, c *call) error {
		return c.out(ctx, chunked(o.rows, func(r row) []byte { return text(c.Paper, r) }))
	}
}

// opGetOnly writes the row of an object that has one at most.
func opGetOnly(ctx context.Context, o object, c *call) error {
	for r, err := range o.rows {
		if err != nil {
			return err
		}
		return c.write(ctx, c.Paper.single(r))
	}
	return fail(exitNotFound, "'weir objects R' lists what there is", "nothing was set")
}

// opFollow tells of changes until it is ended.
func opFollow(k *kind) func(context.Context, *journal.Journal, *call) error {
	return func(ctx context.Context, j *journal.Journal, c *call) error {
		o, err := k.open(j.Replica(), c.Name)
		if err != nil {
			return err
		}
		w, ok := o.(watched)
		if !ok {
			return fail(exitProtocol, "use the same weir everywhere", "a %s cannot be watched", k.name)
		}
		after := j.Replica().Head()
		if c.All {
			after = 0
		}
		c.tell(ctx, note{Event: "watching"})
		return c.out(ctx, newsOf(w.changes(after), c.Paper))
	}
}

// newsOf is changes as lines.
func newsOf(rows pull.Source[row], p paper) pull.Source[[]byte] {
	return through.FilterMap(rows, func(r row) ([]byte, bool) {
		text := p.news(r)
		return text, len(text) > 0
	})
}

// chunked is rows as text, some at once.
func chunked(rows func(func(row, error) bool), text func(row) []byte) pull.Source[[]byte] {
	return pull.Generate(func(ctx context.Context, yield func([]byte) bool) error {
		var chunk []byte
		for r, err := range rows {
			if err != nil {
				return err
			}
			if chunk = append(chunk, text(r)...); len(chunk) < chunkSize {
				continue
			}
			if !yield(chunk) {
				return nil
			}
			chunk = nil
		}
		if len(chunk) > 0 {
			yield(chunk)
		}
		return nil
	})
}

// A named is an object with its name, and its kind, which has a place in an order.
type named struct {
	kind *kind
	at   int
	name string
	object
}

// objectsOf returns all objects that are not empty: by kind, then by name.
func objectsOf(r *replicate.Replica) (all []named, err error) {
	for _, name := range r.Objects() {
		at := slices.Index(kinds, kindOf(name.Type))
		o, err := kinds[at].open(r, name.Name)
		if err != nil {
			return nil, err
		}
		if o.Len() > 0 {
			all = append(all, named{kinds[at], at, name.Name, o})
		}
	}
	slices.SortFunc(all, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.name, b.name))
	})
	return all, nil
}
