package journal_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// What is held under a filter is in the file, beside what is held of
// everything, and stays there when the file is compacted.
func TestFilterClocksStay(t *testing.T) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m := mapOf(t, r)
	require.NoError(t, m.Set("x", 1))
	require.NoError(t, m.Set("y", 2))
	x := replicate.Only(replicate.Rule{Type: model.JSON.Tag, Key: "x"})

	path := filepath.Join(t.TempDir(), "r.weir")
	j := create(t, path, mapConfig())
	require.NoError(t, j.Replica().Write(t.Context(), r.ReadOf(x, nil)))
	require.NoError(t, j.Close())
	check := func(j *journal.Journal) {
		t.Helper()
		require.True(t, mapOf(t, j.Replica()).Has("x"))
		require.False(t, mapOf(t, j.Replica()).Has("y"))
		require.NotContains(t, j.Replica().Clock(), r.Author())
		require.Equal(t, r.Clock()[r.Author()], j.Replica().ClockOf(x)[r.Author()])
	}
	j = open(t, path, mapConfig())
	check(j)
	h, err := j.Replica().Open(replicate.ObjectName{Type: model.JSON.Tag, Name: "big"})
	require.NoError(t, err)
	for i := range 40 {
		value := strings.Repeat(fmt.Sprint(i%10), 40<<10)
		_, err := h.Write("\x01\x01k\"" + value + "\"")
		require.NoError(t, err)
		require.NoError(t, j.Replica().Flush(t.Context()))
	}
	_, err = j.Compact(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, j.Close())
	for range 2 {
		j = open(t, path, mapConfig())
		check(j)
		require.NoError(t, j.Close())
	}
	j = open(t, path, mapConfig())
	assert.Less(t, j.Recovery().Bytes, int64(100<<10), "it was compacted")
	require.NoError(t, j.Close())
}
