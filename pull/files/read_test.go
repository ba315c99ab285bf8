package files_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
)

// row: G18
func TestRead(t *testing.T) {
	f := newFaulty(t)
	want := bytes.Repeat([]byte("0123456789"), 10_000)
	require.NoError(t, os.WriteFile(f.path(), want, 0o600))
	src := files.Read(f, f.path())
	require.Empty(t, f.steps, "opened by the first call")
	got, err := pull.Collect(context.Background(), src)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, bytes.Join(got, nil)))
	require.Zero(t, f.held())
	_, err = src(context.Background())
	require.Equal(t, io.EOF, err)
	require.NoError(t, pull.Abort(src, errBoom))
}

// row: A10, G18
func TestReadAborted(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("x"), 0o600))
	require.NoError(t, pull.Abort(files.Read(f, f.path()), errBoom))
	require.Empty(t, f.steps)

	src := files.Read(f, f.path())
	_, err := src(context.Background())
	require.NoError(t, err)
	require.Equal(t, 1, f.held())
	_, err = src(dead(errBoom))
	require.Equal(t, errBoom, err)
	require.Zero(t, f.held())
}

// row: G18
func TestReadFailures(t *testing.T) {
	for _, step := range []string{"open", "read", "close"} {
		t.Run(step, func(t *testing.T) {
			f := newFaulty(t)
			require.NoError(t, os.WriteFile(f.path(), []byte("x"), 0o600))
			f.fail = step
			src := files.Read(f, f.path())
			_, err := pull.Collect(context.Background(), src)
			require.ErrorIs(t, err, errBoom)
			require.ErrorContains(t, err, f.path())
			require.Zero(t, f.held())
			_, again := src(context.Background())
			require.Equal(t, err, again)
			if step != "close" {
				require.NoError(t, pull.Abort(src, nil), "an old failure is no news")
			}
		})
	}
	path := filepath.Join(t.TempDir(), "none")
	_, err := files.Read(nil, path)(context.Background())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.EqualError(t, err, "files: open "+path+": no such file or directory")
}

// row: G18
func TestReadAbortedWhileReading(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("x"), 0o600))
	ctx, cancel := context.WithCancelCause(context.Background())
	f.after["read"] = func() { cancel(errBoom) }
	src := files.Read(f, f.path())
	_, err := src(ctx)
	if err == nil { // the read was under way: it may still deliver
		_, err = src(ctx)
	}
	require.Equal(t, errBoom, err)
	require.Zero(t, f.held())
	require.Equal(t, []string{"open", "read", "close"}, f.steps)
}

// row: G18
func TestReadAbortedAnywhere(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), make([]byte, 20_000), 0o600))
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		f.steps = nil
		src := files.Read(f, f.path())
		ended, calls := false, random.IntN(8)
		for range calls {
			_, err := src(context.Background())
			ended = err == io.EOF
		}
		_, err := src(dead(errBoom))
		if ended {
			require.Equal(t, io.EOF, err)
		} else {
			require.Equal(t, errBoom, err)
		}
		require.Zero(t, f.held())
		require.Equal(t, calls > 0, len(f.steps) > 0 && f.steps[len(f.steps)-1] == "close")
	}
}

// Parts of one open file, read by turns.
// row: G18
func TestReadParts(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("0123456789"), 0o600))
	file, err := os.Open(f.path())
	require.NoError(t, err)
	part := func(offset, n int64) pull.Source[[]byte] {
		return pull.Reader(io.NewSectionReader(file, offset, n))
	}
	first, second, beyond, none := part(0, 4), part(3, 5), part(8, 100), part(10, 5)
	for src, want := range map[*pull.Source[[]byte]]string{
		&first: "0123", &second: "34567", &beyond: "89", &none: "",
	} {
		got, err := pull.Collect(context.Background(), *src)
		require.NoError(t, err)
		require.Equal(t, want, string(bytes.Join(got, nil)))
	}
	require.NoError(t, file.Close())
}

func TestOSStat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, err := files.OS().OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	_, err = f.Write([]byte("abc"))
	require.NoError(t, err)
	require.NoError(t, f.Truncate(1))
	info, err := f.Stat()
	require.NoError(t, err)
	require.EqualValues(t, 1, info.Size())
	require.NoError(t, f.Close())
	info, err = files.OS().Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 1, info.Size())
	require.NoError(t, files.OS().Remove(path))
	_, err = files.OS().Stat(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	file, err := files.OS().OpenFile(path, os.O_RDONLY, 0)
	require.Nil(t, file, "not a nil pointer in an interface")
	require.Error(t, err)
	require.Error(t, files.OS().SyncDir(path))
}

// A counting context knows how many functions wait for it to be done.
type counting struct {
	context.Context
	done    chan struct{}
	waiting *int
}

func (c counting) Done() <-chan struct{} { return c.done }

func (c counting) AfterFunc(func()) func() bool {
	*c.waiting++
	return func() bool { *c.waiting--; return true }
}

func TestReadLetsGoOfTheContext(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("x"), 0o600))
	ctx := counting{context.Background(), make(chan struct{}), new(int)}
	src := files.Read(nil, f.path())
	_, err := src(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, *ctx.waiting)
	require.NoError(t, pull.Abort(src, nil))
	require.Zero(t, *ctx.waiting)
}
