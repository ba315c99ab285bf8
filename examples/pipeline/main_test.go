package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tree makes a folder with the given files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

func TestPipeline(t *testing.T) {
	dir := tree(t, map[string]string{"b/two": "hello", "a": "", "b/one": "hello", "c<&>": "abc"})
	if os.Symlink("a", filepath.Join(dir, "link")) != nil {
		t.Log("no symbolic links here")
	}
	const (
		empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
		abc   = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), os.DirFS(dir), &out))
	assert.Equal(t, `{"key":"a","value":{"size":0,"sha256":"`+empty+`"}}
{"key":"b/one","value":{"size":5,"sha256":"`+hello+`"}}
{"key":"b/two","value":{"size":5,"sha256":"`+hello+`"}}
{"key":"c<&>","value":{"size":3,"sha256":"`+abc+`"}}
`, out.String())
}

// A locked folder does not open b.
type locked struct{ fs.FS }

func (l locked) Open(name string) (fs.File, error) {
	if name == "b" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return l.FS.Open(name)
}

func TestUnreadableFile(t *testing.T) {
	dir := tree(t, map[string]string{"a": "1", "b": "2", "c": "3"})
	var out bytes.Buffer
	err := run(t.Context(), locked{os.DirFS(dir)}, &out)
	require.EqualError(t, err, "open b: permission denied")
	assert.Equal(t, 1, strings.Count(out.String(), "\n"), "what came before")
}

func TestMissingFolder(t *testing.T) {
	err := run(t.Context(), os.DirFS("no/such/folder"), io.Discard)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDefaultFolder(t *testing.T) {
	dir, err := folderOf(t.Context(), nil)
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(dir, "fmt", "print.go"))
	dir, err = folderOf(t.Context(), []string{"here"})
	require.NoError(t, err)
	assert.Equal(t, "here", dir)
}

// An interrupt leaves whole lines, and nothing running.
func TestInterrupted(t *testing.T) {
	files := map[string]string{}
	for i := range 2000 {
		files[fmt.Sprintf("%04d", i)] = "text"
	}
	dir := tree(t, files)
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	out := &stopWriter{after: 1, stop: func() { cancel(stop) }}
	err := run(ctx, os.DirFS(dir), out)
	require.ErrorIs(t, err, stop)
	assert.True(t, strings.HasSuffix(out.String(), "}}\n"))
	assert.Less(t, strings.Count(out.String(), "\n"), 2000)
}

// A stopWriter calls stop in its write number after.
type stopWriter struct {
	bytes.Buffer
	after int
	stop  func()
}

func (w *stopWriter) Write(b []byte) (int, error) {
	if w.after--; w.after == 0 {
		w.stop()
	}
	return w.Buffer.Write(b)
}
