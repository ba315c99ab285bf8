package main

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

func setCommand(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "set R KEY VALUE",
		Short: "Set a key",
		Long: `Sets a key. When weir set returns 0, the write is on disk.

VALUE is stored as a string, unless --json-value says that it is JSON; - reads
it from stdin.`,
		Example: `  weir set r greeting hello
  weir set --json-value r limits '{"cpu": 2}'
  weir set r -- balance -12
  date | weir set r now -`,
		Args: args(3, 3),
	}
	c.Flags().BoolVar(&asJSON, "json-value", false, "VALUE is JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		value, err := e.value(c.Context(), args[2], asJSON)
		if err != nil {
			return err
		}
		if !utf8.ValidString(args[1]) {
			return fail(exitUsage, "encode bytes as text, in base64 for instance", "KEY is not UTF-8")
		}
		return e.do(c.Context(), args[0], &call{request: request{Op: "set", Key: args[1], Value: value}})
	}
	return c
}

// value makes JSON of a VALUE argument.
func (e *env) value(ctx context.Context, arg string, asJSON bool) (json.RawMessage, error) {
	text := []byte(arg)
	if arg == "-" {
		var err error
		if text, err = e.readAll(ctx, replicate.MaxUpdate); err != nil {
			return nil, err
		}
	}
	if asJSON {
		value, err := compact(text)
		if err != nil {
			return nil, fail(exitUsage, "a string needs quotes of its own, or no --json-value",
				"VALUE is not JSON")
		}
		return value, nil
	}
	if !utf8.Valid(text) {
		return nil, fail(exitUsage, "encode bytes as text, in base64 for instance", "VALUE is not UTF-8")
	}
	return quote(string(text)), nil
}

// readAll reads stdin to its end, at most limit bytes.
func (e *env) readAll(ctx context.Context, limit int) (text []byte, err error) {
	for chunk, err := range e.input().All(ctx) {
		if err != nil {
			return nil, fmt.Errorf("stdin: %w", err)
		}
		if text = append(text, chunk...); len(text) > limit {
			return nil, fmt.Errorf("stdin: %w: more than %d bytes", replicate.ErrTooLarge, limit)
		}
	}
	return text, nil
}

func opSet(_ context.Context, j *journal.Journal, c *call) error {
	m, err := openMap(j.Replica(), c.Name)
	if err != nil {
		return err
	}
	return m.Set(c.Key, c.Value)
}
