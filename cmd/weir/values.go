package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/counter"
	"github.com/weir-go/weir/replicate/doc"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/npm"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

// checkText refuses names that no line of JSON could hold.
func (v *verb) checkText(q *request) error {
	key := cmp.Or(strings.Trim(v.key, "[]"), "ROW")
	for _, s := range []struct{ what, text string }{{"NAME", q.Name}, {key, q.Key}} {
		if !utf8.ValidString(s.text) {
			return fail(exitUsage, "encode bytes as text, in base64 for instance", "%s is not UTF-8", s.what)
		}
	}
	return nil
}

// values puts the VALUE arguments of a verb into its request.
func (e *env) values(ctx context.Context, v *verb, q *request, args []string, asJSON, raw bool) error {
	if len(args) == 1 && args[0] == "-" && v.many() {
		q.Lines, q.Raw = true, raw
		return nil
	}
	for _, arg := range args {
		value, err := e.value(ctx, arg, asJSON)
		if err != nil {
			return err
		}
		if q.Values = append(q.Values, value); !v.many() {
			q.Value, q.Values = value, nil
		}
	}
	return nil
}

// each hands all values of a call to put, those of lines while they come in.
// It is said which keys arguments were given, and with --json which ids.
func (c *call) each(ctx context.Context, j *journal.Journal, put putting) error {
	if c.Lines {
		err := writeLines(ctx, j, c, c.lines(), func(v json.RawMessage) error {
			_, err := put(v)
			return err
		})
		var f *failure
		if !c.Raw && errors.As(err, &f) && errors.As(err, new(*codec.LineError)) {
			f.Hint += "; --raw takes each line as a string"
		}
		return err
	}
	var text []byte
	for _, v := range c.Values {
		r, err := put(v)
		if err != nil {
			return err
		}
		switch {
		case r.Key != nil:
			text = append(text, c.Paper.entry(r)...)
		case r.ID != "" && c.Paper.JSON:
			text = append(text, c.Paper.line(r)...)
		}
	}
	if err := j.Replica().Flush(ctx); err != nil || len(text) == 0 {
		return err
	}
	return c.write(ctx, text)
}

// lines are the values in the lines of a call's input.
func (c *call) lines() pull.Source[json.RawMessage] {
	if !c.Raw {
		return codec.DecodeJSON[json.RawMessage](c.in, codec.JSONOptions{})
	}
	text := frame.Lines(c.in, replicate.MaxUpdate)
	number := int64(0)
	return pull.From(func(ctx context.Context) (json.RawMessage, error) {
		msg, err := text(ctx)
		number++
		var long *frame.LineError
		switch {
		case errors.As(err, &long):
			return nil, &codec.LineError{Line: number, Err: long}
		case err != nil:
			return nil, err
		}
		if !utf8.Valid(msg) {
			return nil, &codec.LineError{Line: number, Err: errors.New("not UTF-8")}
		}
		return quote(string(msg)), nil
	}, func(cause error) error { return pull.Abort(text, cause) })
}

// writeLines writes what lines of the input hold, in group commits.
func writeLines[T any](
	ctx context.Context, j *journal.Journal, c *call, lines pull.Source[T], put func(T) error,
) error {
	g := startGroup(ctx, j, c)
	err := pull.Each(g.ctx, lines, func(l T) error {
		if err := put(l); err != nil {
			return &putError{err}
		}
		return g.wrote()
	})
	durable, failed := g.wait()
	if failed != nil {
		return failed
	}
	return badLine(err, exitPartial, fmt.Sprintf("the %d lines before it are imported", durable))
}

// A putError is a value that an object did not take.
type putError struct{ error }

func (e *putError) Unwrap() error { return e.error }

// isOfTheLine reports whether it is the value that is wrong.
func (e *putError) isOfTheLine() bool {
	for _, target := range []error{
		replicate.ErrTooLarge, counter.ErrOverflow, doc.ErrNotFound, errNotJSON, errNotFields,
		npm.ErrChange, npm.ErrUnknownPart,
	} {
		if errors.Is(e.error, target) {
			return true
		}
	}
	return false
}

// quote is a string as JSON.
func quote(s string) json.RawMessage { return bare(s) }

// bare is v as JSON without the end of a line.
func bare(v any) json.RawMessage {
	text := line(v)
	return text[:len(text)-1]
}

// canonical is a JSON value as encoding/json writes it, so that equal ones are
// equal bytes, to programs as well, however they were typed.
func canonical(raw json.RawMessage) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return nil, errNotJSON
	}
	return json.Marshal(v)
}
