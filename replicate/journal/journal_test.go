package journal_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.weir")
	meta := journal.Meta{Label: "laptop", Set: "notes"}
	require.NoError(t, journal.Create(path, meta, mapConfig()))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode())
	assert.ErrorIs(t, journal.Create(path, meta, mapConfig()), fs.ErrExist)

	j := open(t, path, mapConfig())
	assert.Equal(t, meta, j.Meta())
	assert.Equal(t, "notes", j.Replica().Set())
	id, author := j.Replica().ID(), j.Replica().Author()
	set(t, j, "a", 1)
	require.NoError(t, mapOf(t, j.Replica()).Set("b", 2))
	require.NoError(t, j.Close())
	require.NoError(t, j.Close(), "closing again changes nothing")
	assert.ErrorIs(t, mapOf(t, j.Replica()).Set("c", 3), replicate.ErrClosed)

	for range 3 {
		j = open(t, path, mapConfig())
		assert.Equal(t, map[string]int{"a": 1, "b": 2}, contents(t, j.Replica()))
		assert.Equal(t, id, j.Replica().ID())
		assert.Equal(t, author, j.Replica().Author())
		assert.True(t, j.Recovery().Clean)
		assert.False(t, j.Recovery().NewAuthor, j.Recovery().Reason)
		assert.Equal(t, 2, j.Recovery().Updates)
		require.NoError(t, j.Close())
	}
}

// An opening that writes nothing leaves the file as it is.
func TestReadingWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.weir")
	require.NoError(t, journal.Create(path, journal.Meta{}, mapConfig()))
	for range 2 {
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		j := open(t, path, mapConfig())
		require.NoError(t, j.Replica().Flush(t.Context()))
		require.NoError(t, j.Close())
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, before, after)
		j = open(t, path, mapConfig())
		set(t, j, "a", 1)
		require.NoError(t, j.Close())
	}
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{path}, names, "nothing is left beside it")
}

func TestOpenSaysWhatItIsNot(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	openErr := func(path string) error {
		_, err := journal.Open(t.Context(), path, mapConfig())
		_, checkErr := journal.Check(t.Context(), path, mapConfig())
		require.Error(t, checkErr)
		assert.Equal(t, err.Error(), checkErr.Error())
		return err
	}
	_, err := journal.Open(t.Context(), filepath.Join(dir, "none"), mapConfig())
	assert.ErrorIs(t, err, fs.ErrNotExist)
	text := file("text", "some text, rather long, of someone")
	assert.ErrorIs(t, openErr(text), journal.ErrNotReplica)
	assert.ErrorIs(t, openErr(file("empty", "")), journal.ErrNotReplica)
	_, err = journal.Open(t.Context(), dir, mapConfig())
	assert.Error(t, err)
	_, err = journal.Check(t.Context(), dir, mapConfig())
	assert.ErrorIs(t, err, journal.ErrNotReplica)

	var notReplica *journal.NotReplicaError
	require.ErrorAs(t, openErr(file("words", "hello")), &notReplica)
	assert.Equal(t, `it begins with "hello"`, notReplica.Seen)
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.weir")
	j := create(t, path, mapConfig())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := journal.Open(ctx, path, mapConfig())
	assert.ErrorIs(t, err, journal.ErrLocked)
	assert.ErrorIs(t, err, context.Canceled)
	rec, err := journal.Check(t.Context(), path, mapConfig())
	require.NoError(t, err)
	assert.True(t, rec.InUse)

	opened := make(chan error)
	go func() {
		k, err := journal.Open(t.Context(), path, mapConfig())
		if err == nil {
			err = k.Close()
		}
		opened <- err
	}()
	require.NoError(t, j.Close())
	require.NoError(t, <-opened)
}
