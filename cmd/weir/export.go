package main

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// chunkSize is how much text is written at once, about.
const chunkSize = 32 << 10

func exportCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "export R",
		Short: "Write all keys and values as JSON lines",
		Long: `Writes a line {"key":…,"value":…} for each key, sorted by key. Equal replicas
are exported byte for byte alike, so that cmp says whether two are equal.`,
		Example: `  weir export r > r.jsonl
  weir export a > a.jsonl; weir export b | cmp - a.jsonl`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.do(c.Context(), args[0], &call{request: request{Op: "export"}})
		},
	}
}

func opExport(ctx context.Context, j *journal.Journal, c *call) error {
	m, err := objectOf(j)
	if err != nil {
		return err
	}
	return c.out(ctx, entries(m, "", c.Paper))
}

// entries is what export writes, of the keys that begin with prefix.
func entries(m *model.Model[json.RawMessage], prefix string, p paper) pull.Source[[]byte] {
	return pull.Generate(func(ctx context.Context, yield func([]byte) bool) error {
		var text []byte
		for entry, err := range m.All(prefix) {
			if err != nil {
				return err
			}
			text = append(text, p.line(pair{entry.Key, entry.Value})...)
			if len(text) < chunkSize {
				continue
			}
			if !yield(text) {
				return nil
			}
			text = nil
		}
		if len(text) > 0 {
			yield(text)
		}
		return nil
	})
}
