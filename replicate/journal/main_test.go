package journal_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(helperEnv); path != "" {
		fmt.Fprintln(os.Stderr, helper(path))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// mapConfig is the configuration of most tests: real files, a map as the only type.
func mapConfig() journal.Config {
	return journal.Config{Replica: replicate.Config{Types: []replicate.Type{model.JSON, text.Type}}}
}

// text is a cheap type for long values.
var text = replicate.Codec[string]{
	Type:   model.TypeOf("model/text"),
	Encode: func(s string) ([]byte, error) { return []byte(s), nil },
	Decode: func(b []byte) (string, error) { return string(b), nil },
}

func mapOf(t testing.TB, r *replicate.Replica) *model.Model[int] {
	m, err := model.Open[int](r, "")
	require.NoError(t, err)
	return m
}

func open(t testing.TB, path string, cfg journal.Config) *journal.Journal {
	j, err := journal.Open(t.Context(), path, cfg)
	require.NoError(t, err)
	return j
}

// create makes an empty replica's file and opens it.
func create(t testing.TB, path string, cfg journal.Config) *journal.Journal {
	require.NoError(t, journal.Create(path, journal.Meta{}, cfg))
	return open(t, path, cfg)
}

// set writes a key durably.
func set(t testing.TB, j *journal.Journal, key string, v int) {
	require.NoError(t, mapOf(t, j.Replica()).Set(key, v))
	require.NoError(t, j.Replica().Flush(t.Context()))
}

// contents reads a map.
func contents(t testing.TB, r *replicate.Replica) map[string]int {
	got := map[string]int{}
	for e, err := range mapOf(t, r).All("") {
		require.NoError(t, err)
		got[e.Key] = e.Value
	}
	return got
}
