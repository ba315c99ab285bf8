package files_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
)

func TestReplace(t *testing.T) {
	f := newFaulty(t)
	sink := files.Replace(f, f.path(), 0o600)
	require.NoError(t, sink(context.Background(), chunks("a", "", "b")))
	require.Equal(t, "ab", f.content(t))
	require.Equal(t, []string{"open", "write", "write", "sync", "close", "rename", "syncdir"}, f.steps)
	if runtime.GOOS != "windows" {
		info, err := os.Stat(f.path())
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	}
	f.short = true
	require.NoError(t, sink(context.Background(), chunks("longer")), "used again")
	require.Equal(t, "longer", f.content(t))
	require.NoError(t, sink(context.Background(), chunks()))
	require.Empty(t, f.content(t), "no bytes make an empty file")
}

func TestReplaceFailingAtEachStep(t *testing.T) {
	for step, want := range map[string]string{
		"open": "old", "write": "old", "sync": "old", "close": "old", "rename": "old",
		"syncdir": "new!",
	} {
		for _, panics := range []bool{false, true} {
			t.Run(step, func(t *testing.T) {
				f := newFaulty(t)
				require.NoError(t, os.WriteFile(f.path(), []byte("old"), 0o600))
				f.fail, f.panics = step, panics
				var causes []error
				src := pull.From(chunks("new", "!"), func(cause error) error {
					causes = append(causes, cause)
					return nil
				})
				run := func() error { return files.Replace(f, f.path(), 0)(context.Background(), src) }
				if panics {
					require.PanicsWithValue(t, "step "+step, func() { _ = run() })
				} else {
					err := run()
					require.ErrorIs(t, err, errBoom)
					require.ErrorContains(t, err, f.path())
				}
				require.Equal(t, want, f.content(t))
				require.Len(t, causes, 1)
			})
		}
	}
}

func TestReplaceNeverCommitsWhatWasAborted(t *testing.T) {
	for _, step := range []string{"open", "write", "sync", "close"} {
		t.Run("cancelled after "+step, func(t *testing.T) {
			f := newFaulty(t)
			require.NoError(t, os.WriteFile(f.path(), []byte("old"), 0o600))
			ctx, cancel := context.WithCancelCause(context.Background())
			f.after[step] = func() { cancel(errBoom) }
			require.Equal(t, errBoom, files.Replace(f, f.path(), 0)(ctx, chunks("new")))
			require.Equal(t, "old", f.content(t))
		})
	}
	t.Run("cancelled before", func(t *testing.T) {
		f := newFaulty(t)
		require.Equal(t, pull.ErrStopped,
			files.Replace(f, f.path(), 0)(dead(pull.ErrStopped), chunks("new")))
		require.Equal(t, "none", f.content(t))
		require.Empty(t, f.steps)
	})
	t.Run("failed source", func(t *testing.T) {
		f := newFaulty(t)
		i := 0
		src := func(context.Context) ([]byte, error) {
			if i++; i > 1 {
				return nil, errBoom
			}
			return []byte("x"), nil
		}
		require.Equal(t, errBoom, files.Replace(f, f.path(), 0)(context.Background(), src))
		require.Equal(t, "none", f.content(t))
	})
	t.Run("cancelled after the rename", func(t *testing.T) {
		f := newFaulty(t)
		ctx, cancel := context.WithCancelCause(context.Background())
		f.after["rename"] = func() { cancel(errBoom) }
		require.NoError(t, files.Replace(f, f.path(), 0)(ctx, chunks("new")))
		require.Equal(t, "new", f.content(t))
	})
}

func TestReplaceThatCannotCleanUp(t *testing.T) {
	f := newFaulty(t)
	f.fail = "remove"
	ctx, cancel := context.WithCancelCause(context.Background())
	f.after["write"] = func() { cancel(context.Canceled) }
	err := files.Replace(f, f.path(), 0)(ctx, chunks("new"))
	require.ErrorIs(t, err, errBoom)
	require.ErrorIs(t, err, context.Canceled)
	left, err := filepath.Glob(f.path() + ".*.tmp")
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestReplaceWithALongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("é", 127))
	require.NoError(t, files.Replace(nil, path, 0)(context.Background(), chunks("x")))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "x", string(b))
}

func TestReplaceWhereThereIsNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "file")
	err := files.Replace(nil, path, 0)(context.Background(), chunks("x"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path)
}
