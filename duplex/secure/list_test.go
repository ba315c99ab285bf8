package secure_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

func newList(t *testing.T, lines ...string) secure.AllowList {
	l := secure.AllowList{Path: filepath.Join(t.TempDir(), "peers")}
	if lines != nil {
		require.NoError(t, os.WriteFile(l.Path, []byte(strings.Join(lines, "\n")), 0o600))
	}
	return l
}

func accepts(t *testing.T, l secure.AllowList, id secure.PeerID) error {
	return l.Accept(t.Context(), secure.Peer{ID: id})
}

func text(t *testing.T, l secure.AllowList) string {
	b, err := os.ReadFile(l.Path)
	require.NoError(t, err)
	return string(b)
}

func TestListReads(t *testing.T) {
	id := ids(t, 4)
	plain := strings.ReplaceAll(id[2].String(), "-", "")
	l := newList(t, "# peers", "", id[0].String(), "  "+id[1].String()+"\tthe  laptop # at home\r",
		strings.ToUpper(plain)+" #none")
	got, err := l.Entries()
	require.NoError(t, err)
	assert.Equal(t, []secure.Entry{{Peer: id[0]}, {Peer: id[1], Label: "the laptop"}, {Peer: id[2]}}, got)
	for _, p := range id[:3] {
		assert.NoError(t, accepts(t, l, p))
	}
	assert.ErrorIs(t, accepts(t, l, id[3]), secure.ErrUnknownPeer)
}

func TestNoListListsNobody(t *testing.T) {
	l := newList(t)
	got, err := l.Entries()
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.ErrorIs(t, accepts(t, l, sample(t)), secure.ErrUnknownPeer)
}

func TestListChanges(t *testing.T) {
	id := ids(t, 3)
	l := newList(t)
	was, err := l.Remove(id[0])
	require.NoError(t, err)
	assert.False(t, was)
	assert.NoFileExists(t, l.Path)

	require.NoError(t, l.Add(id[0], "the laptop"))
	leftovers(t, l.Path)
	require.NoError(t, os.WriteFile(l.Path, []byte(text(t, l)+"# keep\n"+id[1].String()), 0o640))
	require.NoError(t, os.Chmod(l.Path, 0o640)) // whatever umask is
	require.NoError(t, l.Add(id[2], ""))
	require.NoError(t, l.Add(id[0], "the other laptop"))
	assert.Equal(t, fmt.Sprintf("# keep\n%v\n%v\n%v the other laptop\n", id[1], id[2], id[0]), text(t, l))

	was, err = l.Remove(id[1])
	require.NoError(t, err)
	assert.True(t, was)
	assert.ErrorIs(t, accepts(t, l, id[1]), secure.ErrUnknownPeer)
	assert.NoError(t, accepts(t, l, id[0]))
	assert.NoError(t, accepts(t, l, id[2]))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(l.Path)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o640), info.Mode(), "as it was")
	}
	leftovers(t, l.Path)
}

// All of what several writers at once add is there in the end.
func TestListChangesAtOnce(t *testing.T) {
	l := newList(t)
	var all []func() (int, error)
	for _, id := range ids(t, 10) {
		all = append(all, async(func() (int, error) { return 0, l.Add(id, "") }))
	}
	for _, added := range all {
		require.NoError(t, second(added()))
	}
	got, err := l.Entries()
	require.NoError(t, err)
	assert.Len(t, got, 10)
	leftovers(t, l.Path)
}

func TestWrongLines(t *testing.T) {
	id := ids(t, 2)
	s := id[0].String()
	for name, row := range map[string]struct {
		line string
		err  error
	}{
		"typing error": {s[:len(s)-1] + "?", secure.ErrIDCharacter},
		"short":        {s[:20], secure.ErrIDLength},
		"with spaces":  {strings.ReplaceAll(s, "-", " "), secure.ErrIDLength},
		"swapped":      {s[1:2] + s[:1] + s[2:], secure.ErrIDCheck},
		"nobody":       {secure.PeerID{}.String(), secure.ErrWeakKey},
		"not UTF-8":    {s + " \xff", secure.ErrFormat},
		"NUL":          {s + " a\x00b", secure.ErrFormat},
		"long label":   {s + " " + strings.Repeat("x", 201), secure.ErrFormat},
		"long line":    {strings.Repeat("x", 1<<10), secure.ErrIDLength},
		"too long":     {strings.Repeat("#", 1<<20), secure.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			l := newList(t, "# peers", id[1].String(), row.line, id[1].String())
			before := text(t, l)
			_, added := 0, l.Add(id[0], "")
			for _, err := range []error{second(l.Entries()), accepts(t, l, id[1]), added, second(l.Remove(id[1]))} {
				var f *secure.FileError
				require.ErrorAs(t, err, &f)
				assert.ErrorIs(t, err, row.err)
				assert.Equal(t, l.Path, f.Path)
				if name != "too long" {
					assert.Equal(t, 3, f.Line)
				}
			}
			assert.Equal(t, before, text(t, l))
			leftovers(t, l.Path)
		})
	}
}

func TestWrongLabels(t *testing.T) {
	l := newList(t)
	for _, label := range []string{
		"two\nlines", "a\rb", " a", "a ", "a  b", "#a", "a #b", "\xff", "a\x1bb", strings.Repeat("x", 201), "a\u00a0b",
	} {
		assert.ErrorIs(t, l.Add(sample(t), label), secure.ErrFormat, "%q", label)
	}
	assert.ErrorIs(t, l.Add(secure.PeerID{}, ""), secure.ErrWeakKey)
	assert.NoFileExists(t, l.Path)
	for _, label := range []string{"", "a#b", "ünï ☂", strings.Repeat("x", 200)} {
		require.NoError(t, l.Add(sample(t), label))
		got, err := l.Entries()
		require.NoError(t, err)
		assert.Equal(t, []secure.Entry{{Peer: sample(t), Label: label}}, got)
	}
}

func TestListsThatOthersWriteAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such modes")
	}
	l := newList(t, sample(t).String())
	for mode, want := range map[fs.FileMode]string{0o660: "0640", 0o606: "0604", 0o666: "0644"} {
		require.NoError(t, os.Chmod(l.Path, mode))
		err := accepts(t, l, sample(t))
		var m *secure.ModeError
		require.ErrorAs(t, err, &m)
		assert.ErrorContains(t, err, "chmod "+want)
		assert.ErrorAs(t, l.Add(sample(t), ""), &m)
	}
	require.NoError(t, os.Chmod(l.Path, 0o644))
	assert.NoError(t, accepts(t, l, sample(t)))
}

func TestListThatIsLocked(t *testing.T) {
	l := newList(t)
	require.NoError(t, os.WriteFile(l.Path+".lock", nil, 0o600))
	assert.ErrorIs(t, l.Add(sample(t), ""), secure.ErrLocked)
	assert.NoFileExists(t, l.Path)
}
