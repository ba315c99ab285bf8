package files_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
)

func TestAppend(t *testing.T) {
	f := newFaulty(t)
	sink := files.Append(f, f.path(), files.Options{Perm: 0o600})
	require.NoError(t, sink(context.Background(), chunks("a", "", "b")))
	require.Equal(t, []string{"open", "write", "write", "sync", "close", "syncdir"}, f.steps)
	f.short = true
	require.NoError(t, sink(context.Background(), chunks("cd")), "used again")
	require.Equal(t, "abcd", f.content(t))
	require.NoError(t, sink(context.Background(), chunks()))
	require.Equal(t, "abcd", f.content(t))
}

func TestAppendOfNothingCreates(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, files.Append(f, f.path(), files.Options{})(context.Background(), chunks()))
	require.Empty(t, f.content(t))
}

func TestAppendNoSync(t *testing.T) {
	f := newFaulty(t)
	sink := files.Append(f, f.path(), files.Options{NoSync: true})
	require.NoError(t, sink(context.Background(), chunks("a")))
	require.Equal(t, []string{"open", "write", "close"}, f.steps)
}

func TestAppendFailingAtEachStep(t *testing.T) {
	for step, sticky := range map[string]bool{
		"open": false, "write": true, "sync": true, "close": true, "syncdir": true,
	} {
		for _, panics := range []bool{false, true} {
			t.Run(step, func(t *testing.T) {
				f := newFaulty(t)
				f.fail, f.panics = step, panics
				sink := files.Append(f, f.path(), files.Options{})
				var causes []error
				run := func() error {
					return sink(context.Background(), pull.From(chunks("ab"), func(cause error) error {
						causes = append(causes, cause)
						return nil
					}))
				}
				var first error
				if panics {
					require.PanicsWithValue(t, "step "+step, func() { _ = run() })
				} else {
					first = run()
					require.ErrorIs(t, first, errBoom)
					require.ErrorContains(t, first, f.path())
				}
				require.Zero(t, f.held())
				require.Len(t, causes, 1)

				f.fail = ""
				f.steps = nil
				second := run()
				require.Len(t, causes, 2)
				if !sticky {
					require.NoError(t, second)
					return
				}
				require.Error(t, second)
				require.Equal(t, second, causes[1])
				if !panics {
					require.Equal(t, first, second)
				}
				require.Empty(t, f.steps, "a broken sink touches nothing")
				require.Equal(t, pull.ErrStopped, sink(dead(pull.ErrStopped), chunks()))
			})
		}
	}
}

func TestAppendStoppedKeepsWhatCameBefore(t *testing.T) {
	f := newFaulty(t)
	sink := files.Append(f, f.path(), files.Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	f.after["write"] = func() { cancel(errBoom) }
	require.Equal(t, errBoom, sink(ctx, chunks("a", "b")))
	require.Equal(t, []string{"open", "write", "close"}, f.steps, "no sync: nothing was promised")
	require.Equal(t, "a", f.content(t))
	require.Equal(t, errBoom, sink(context.Background(), pull.Error[[]byte](errBoom)))
	require.NoError(t, sink(context.Background(), chunks("c")), "not sticky")
	require.Equal(t, "ac", f.content(t))

	f.steps = nil
	require.Equal(t, errBoom, sink(dead(errBoom), chunks("no")))
	require.Empty(t, f.steps)
}

func TestAppendToAFolder(t *testing.T) {
	dir := t.TempDir()
	err := files.Append(nil, dir, files.Options{})(context.Background(), chunks("x"))
	require.ErrorContains(t, err, dir)
	_, err = os.Stat(filepath.Join(dir, "x"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
