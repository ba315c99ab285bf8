package journal_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate/journal"
)

// A fork holds what the original did, writes under an id of its own, and both
// go on together. The original may be in use.
func TestFork(t *testing.T) {
	d := newDisk()
	meta := journal.Meta{Label: "l", Set: "s"}
	require.NoError(t, journal.Create(path, meta, d.config()))
	j := open(t, path, d.config())
	set(t, j, "a", 1)
	set(t, j, "a", 2)
	set(t, j, "b", 1)
	const copied = "folder/fork.weir"
	require.NoError(t, journal.Fork(t.Context(), path, copied, d.config()))
	assert.ErrorIs(t, journal.Fork(t.Context(), path, copied, d.config()), fs.ErrExist)
	assert.ErrorIs(t, journal.Fork(t.Context(), "none", "other", d.config()), fs.ErrNotExist)

	k := open(t, copied, d.config())
	assert.Equal(t, meta, k.Meta())
	assert.NotEqual(t, j.Replica().ID(), k.Replica().ID())
	assert.Equal(t, j.Replica().Clock(), k.Replica().Clock())
	assert.Equal(t, contents(t, j.Replica()), contents(t, k.Replica()))
	assert.Equal(t, 2, k.Recovery().Updates, "what is obsolete is not copied")
	set(t, j, "c", 1)
	set(t, k, "d", 1)
	requireEqual(t, j.Replica(), k.Replica())
	assert.Len(t, contents(t, k.Replica()), 4)
	require.NoError(t, j.Close())
	require.NoError(t, k.Close())
}

// A copied file is one replica in two places: the copy takes another author,
// so that no stamp is used twice.
func TestCopyTakesAnotherAuthor(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	require.NoError(t, j.Close())
	d.put("copy", d.names[path].data)
	k := open(t, "copy", d.config())
	assert.True(t, k.Recovery().NewAuthor)
	assert.Equal(t, j.Replica().ID(), k.Replica().ID())
	assert.NotEqual(t, j.Replica().Author(), k.Replica().Author())
	set(t, k, "b", 1)
	author := k.Replica().Author()
	require.NoError(t, k.Close())
	k = open(t, "copy", d.config())
	assert.Equal(t, author, k.Replica().Author(), "and keeps that")
	require.NoError(t, k.Close())
}

// Who writes on another host, on another kernel without a clean mark, or on a
// host that does not know itself, is new.
func TestWhoWrites(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, c := range map[string]struct {
		then, now journal.Place
		clean     bool
		same      bool
	}{
		"same boot":              {place("h", "b", "f"), place("h", "b", "f"), false, true},
		"same boot, clean":       {place("h", "b", "f"), place("h", "b", "f"), true, true},
		"next boot, clean":       {place("h", "b", "f"), place("h", "c", "f"), true, true},
		"next boot":              {place("h", "b", "f"), place("h", "c", "f"), false, false},
		"other host, clean":      {place("h", "b", "f"), place("i", "c", "f"), true, false},
		"other file, clean":      {place("h", "b", "f"), place("h", "b", "g"), true, false},
		"boot unknown":           {place("h", "", "f"), place("h", "", "f"), false, false},
		"boot unknown, clean":    {place("h", "", "f"), place("h", "", "f"), true, true},
		"host unknown, clean":    {place("", "", "f"), place("", "", "f"), true, false},
		"file unknown, clean":    {place("h", "b", ""), place("h", "b", ""), true, false},
		"long names, same boot":  {place(long, long, long), place(long, long, long), false, true},
		"container, same kernel": {place("h", "b", "f"), place("i", "b", "f"), false, true},
	} {
		d := newDisk()
		cfg := d.config()
		cfg.Place = func(fs.FileInfo) journal.Place { return c.then }
		j := create(t, path, cfg)
		set(t, j, "a", 1)
		killed := d.names[path].data
		require.NoError(t, j.Close())
		if !c.clean {
			d.names[path].data = killed
		}
		cfg.Place = func(info fs.FileInfo) journal.Place { return c.now }
		rec, err := journal.Check(t.Context(), path, cfg)
		require.NoError(t, err)
		assert.Equal(t, c.clean, rec.Clean)
		assert.Equal(t, c.same, !rec.NewAuthor, "%s: %s", name, rec.Reason)
		assert.Equal(t, c.same, rec.Reason == "", name)
	}
}

func place(host, boot, file string) journal.Place {
	return journal.Place{Host: host, Boot: boot, File: file}
}
