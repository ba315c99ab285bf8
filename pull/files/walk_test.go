package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
)

// tree has two folders and four files.
func tree() fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, path := range []string{"a/1", "a/2", "b/3", "c"} {
		fsys[path] = &fstest.MapFile{Data: []byte(path)}
	}
	return fsys
}

// paths is the source of the entries' paths.
func paths(src pull.Source[files.WalkEntry]) pull.Source[string] {
	return func(ctx context.Context) (string, error) {
		e, err := src(ctx)
		return e.Path, err
	}
}

func TestWalk(t *testing.T) {
	skip := func(name string, with error) fs.WalkDirFunc {
		return func(path string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(path, name) {
				return with
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		root  string
		visit fs.WalkDirFunc
		want  string
		err   error
	}{
		"everything":          {".", nil, ". a a/1 a/2 b b/3 c", nil},
		"a folder":            {"a", nil, "a a/1 a/2", nil},
		"a file":              {"a/1", nil, "a/1", nil},
		"but a folder":        {".", skip("a", fs.SkipDir), ". b b/3 c", nil},
		"but a folder's rest": {".", skip("1", fs.SkipDir), ". a b b/3 c", nil},
		"up to there":         {".", skip("2", fs.SkipAll), ". a a/1", nil},
		"a failure":           {".", skip("b", errBoom), ". a a/1 a/2", errBoom},
		"no such thing":       {"x", nil, "", fs.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := pull.Collect(context.Background(),
				paths(files.Walk(tree(), c.root, c.visit)))
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

// A locked file system cannot read the folder a.
type locked struct{ fstest.MapFS }

func (l locked) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "a" {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrPermission}
	}
	return l.MapFS.ReadDir(name)
}

func TestWalkWhatCannotBeRead(t *testing.T) {
	got, err := pull.Collect(context.Background(), paths(files.Walk(locked{tree()}, ".", nil)))
	require.ErrorIs(t, err, fs.ErrPermission)
	require.Equal(t, []string{".", "a"}, got)

	var unread []string
	got, err = pull.Collect(context.Background(), paths(files.Walk(locked{tree()}, ".",
		func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				unread = append(unread, path)
			}
			return nil
		})))
	require.NoError(t, err)
	require.Equal(t, []string{".", "a", "b", "b/3", "c"}, got)
	require.Equal(t, []string{"a"}, unread)
}

func TestWalkReadsFoldersWhenItComesToThem(t *testing.T) {
	visited := 0
	src := files.Walk(tree(), ".", func(string, fs.DirEntry, error) error {
		visited++
		return nil
	})
	require.Zero(t, visited)
	for i := range 3 {
		e, err := src(context.Background())
		require.NoError(t, err)
		require.Equal(t, i+1, visited)
		if i == 2 {
			require.Equal(t, "1", e.Name())
			require.False(t, e.IsDir())
		}
	}
	require.NoError(t, pull.Abort(src, errors.New("enough")))
	require.Equal(t, 3, visited)
}

// A named file system is a string, as an os.DirFS is, but not a folder's name.
type named string

func (named) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// ended has an end in the place of a failure.
type ended struct{ err error }

func (e ended) Open(string) (fs.File, error) { return nil, e.err }

func TestWalkNamesWhatFailed(t *testing.T) {
	for want, fsys := range map[string]fs.FS{
		"files: walk no/folder: ": os.DirFS("no/folder"),
		"files: ":                 named("secret"),
		"files: walk .: ":         ended{io.EOF},
	} {
		_, err := pull.Collect(context.Background(), files.Walk(fsys, ".", nil))
		require.Error(t, err)
		require.True(t, strings.HasPrefix(err.Error(), want), err)
		require.NotContains(t, err.Error(), "secret")
	}
}

// An error that wraps io.EOF is no end: the caller would take it for one.
func TestFailuresAreNoEnds(t *testing.T) {
	for _, end := range []error{io.EOF, fmt.Errorf("mine: %w", io.EOF),
		&fs.PathError{Op: "open", Path: "x", Err: io.EOF}} {
		fsys := ended{end}
		for _, err := range []error{
			second(pull.Collect(context.Background(), files.Walk(fsys, "x", nil))),
			second(pull.Collect(context.Background(), files.Read(files.ReadOnly(fsys), "x"))),
		} {
			require.NotErrorIs(t, err, io.EOF)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}
	}
}

func second[T any](_ T, err error) error { return err }
