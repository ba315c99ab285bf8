package secure_test

import (
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

func TestIdentityFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity")
	i := identity(t)
	require.NoError(t, i.Save(path))
	back, err := secure.LoadIdentity(path)
	require.NoError(t, err)
	assert.True(t, i.Equal(back))
	assert.False(t, i.Equal(identity(t)))
	assert.Equal(t, i.ID(), back.ID())
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode())
	}
	leftovers(t, path)
}

// leftovers fails if there is anything beside path.
func leftovers(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, filepath.Base(path), entries[0].Name())
}

func TestSaveNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity")
	first := identity(t)
	require.NoError(t, first.Save(path))
	assert.ErrorIs(t, identity(t).Save(path), fs.ErrExist)
	back, err := secure.LoadIdentity(path)
	require.NoError(t, err)
	assert.True(t, first.Equal(back))
	leftovers(t, path)
}

func TestSaveAtOnceHasOneWinner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity")
	var won atomic.Int32
	var winner atomic.Pointer[secure.Identity]
	var all []func() (int, error)
	for range 20 {
		i := identity(t)
		all = append(all, async(func() (int, error) {
			err := i.Save(path)
			if err == nil {
				won.Add(1)
				winner.Store(i)
			}
			return 0, err
		}))
	}
	for _, saved := range all {
		if _, err := saved(); err != nil {
			assert.ErrorIs(t, err, fs.ErrExist)
		}
	}
	require.Equal(t, int32(1), won.Load())
	back, err := secure.LoadIdentity(path)
	require.NoError(t, err)
	assert.True(t, winner.Load().Equal(back))
	leftovers(t, path)
}

func TestLooseModesAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such modes")
	}
	path := filepath.Join(t.TempDir(), "identity")
	require.NoError(t, identity(t).Save(path))
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777} {
		require.NoError(t, os.Chmod(path, mode))
		_, err := secure.LoadIdentity(path)
		var m *secure.ModeError
		require.ErrorAs(t, err, &m, "%o", mode)
		assert.Equal(t, mode, m.Mode)
		assert.Equal(t, path, m.Path)
	}
	_, err := secure.LoadIdentity(path)
	assert.EqualError(t, err, fmt.Sprintf(
		"secure: %s: mode 0777 lets others in; mend it with: chmod 0700 %q", path, path))
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o700} {
		require.NoError(t, os.Chmod(path, mode))
		assert.NoError(t, second(secure.LoadIdentity(path)), "%o", mode)
	}
}

func TestWrongIdentityFiles(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	require.NoError(t, identity(t).Save(good))
	text, err := os.ReadFile(good)
	require.NoError(t, err)
	other := filepath.Join(dir, "other")
	require.NoError(t, identity(t).Save(other))
	otherText, err := os.ReadFile(other)
	require.NoError(t, err)
	words, otherWords := strings.Fields(string(text)), strings.Fields(string(otherText))
	last := len(words) - 1
	for name, content := range map[string]string{
		"empty":          "",
		"other text":     "hello\n",
		"binary":         "\x00\xff\xfe",
		"too long":       string(text) + strings.Repeat("#\n", 4<<10),
		"two":            string(text) + string(text),
		"other version":  strings.Replace(string(text), "identity-1", "identity-2", 1),
		"another's id":   strings.Replace(string(text), words[last], otherWords[last], 1),
		"another's key":  strings.Replace(string(text), words[last-1], otherWords[last-1], 1),
		"cut in its id":  string(text[:len(text)-10]),
		"cut in its key": string(text[:len(text)-80]),
		"no key":         strings.Replace(string(text), words[last-1], "", 1),
		"a typing error": strings.Replace(string(text), words[last-1], "a"+words[last-1], 1),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "identity")
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			_, err := secure.LoadIdentity(path)
			var f *secure.FileError
			require.ErrorAs(t, err, &f)
			assert.Equal(t, path, f.Path)
			assert.ErrorIs(t, err, secure.ErrFormat)
			assert.NotContains(t, err.Error(), words[last-1], "the key itself")
		})
	}
	_, err = secure.LoadIdentity(filepath.Join(dir, "none"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorIs(t, second(secure.LoadIdentity(dir)), secure.ErrFormat)
}

// Every truncation of the file is noticed.
func TestCutIdentityFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity")
	require.NoError(t, identity(t).Save(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := range len(text) - 1 { // without its last line end it is whole
		require.NoError(t, os.Truncate(path, 0))
		require.NoError(t, os.WriteFile(path, text[:n], 0o600))
		require.ErrorIs(t, second(secure.LoadIdentity(path)), secure.ErrFormat, "%d bytes", n)
	}
}

func TestPipesAreNotRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such files")
	}
	path := filepath.Join(t.TempDir(), "identity")
	require.NoError(t, mkfifo(path))
	assert.ErrorIs(t, second(secure.LoadIdentity(path)), secure.ErrFormat)
}

func TestALeftLockIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity")
	require.NoError(t, os.WriteFile(path+".lock", nil, 0o600))
	err := identity(t).Save(path)
	assert.ErrorIs(t, err, secure.ErrLocked)
	assert.ErrorContains(t, err, path+".lock")
	assert.ErrorIs(t, identity(t).Save(filepath.Join(path, "no", "folder")), fs.ErrNotExist)
	_, err = os.Stat(path + ".lock")
	assert.NoError(t, err, "another's")
}

func TestKeysAreNotPrinted(t *testing.T) {
	i := identity(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		assert.Equal(t, i.ID().String(), fmt.Sprintf(verb, i), verb)
		assert.Equal(t, i.ID().String(), fmt.Sprintf(verb, *i), verb)
	}
	assert.Empty(t, fmt.Sprint(secure.Identity{}))
}

// The zero value is nobody, and no file.
func TestZeroIdentity(t *testing.T) {
	var zero secure.Identity
	assert.Equal(t, secure.PeerID{}, zero.ID())
	path := filepath.Join(t.TempDir(), "zero")
	var file *secure.FileError
	require.ErrorAs(t, zero.Save(path), &file)
	assert.NoFileExists(t, path)
}

// Key is a copy of what signs: to change it changes nothing.
func TestKey(t *testing.T) {
	i, err := secure.NewIdentity()
	require.NoError(t, err)
	msg := []byte("text")
	id := i.ID()
	assert.True(t, ed25519.Verify(id[:], msg, ed25519.Sign(i.Key(), msg)))
	clear(i.Key())
	assert.True(t, ed25519.Verify(id[:], msg, ed25519.Sign(i.Key(), msg)))
	assert.Nil(t, new(secure.Identity).Key())
}
