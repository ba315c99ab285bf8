package files_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
)

func zipped(t *testing.T, name, text string) fs.FS {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	f, err := z.Create(name)
	require.NoError(t, err)
	_, err = f.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	r, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	require.NoError(t, err)
	return r
}

func TestReadOnly(t *testing.T) {
	const text = "one\ntwo\n"
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub/f"), []byte(text), 0o600))
	for name, fsys := range map[string]fs.FS{
		"os": os.DirFS(dir), "zip": zipped(t, "sub/f", text),
		"map": fstest.MapFS{"sub/f": {Data: []byte(text)}},
	} {
		t.Run(name, func(t *testing.T) {
			r := files.ReadOnly(fsys)
			got, err := pull.Collect(t.Context(), files.Read(r, "sub/f"))
			require.NoError(t, err)
			assert.Equal(t, text, string(bytes.Join(got, nil)))

			lines, err := pull.Collect(t.Context(), files.LinesBackward(r, "sub/f", 10))
			if name == "zip" {
				require.ErrorIs(t, err, errors.ErrUnsupported)
			} else {
				require.NoError(t, err)
				require.Len(t, lines, 2)
				assert.Equal(t, "two", string(lines[0]))
			}
			for _, bad := range []string{"none", "/sub/f", "../f"} {
				_, err = pull.Collect(t.Context(), files.Read(r, bad))
				var at *fs.PathError
				require.ErrorAs(t, err, &at)
				assert.Equal(t, bad, at.Path)
			}
			for _, sink := range []pull.Sink[[]byte]{
				files.Append(r, "sub/f", files.Options{}), files.Replace(r, "sub/f", 0o600),
				files.Append(r, "new", files.Options{}), files.Replace(r, "new", 0o600),
			} {
				require.ErrorIs(t, sink(t.Context(), pull.Values([]byte("x"))), errors.ErrUnsupported)
			}
			info, err := r.Stat("sub/f")
			require.NoError(t, err)
			assert.EqualValues(t, len(text), info.Size())
			for _, err := range []error{r.Remove("sub/f"), r.Rename("sub/f", "x"), r.SyncDir(".")} {
				require.ErrorIs(t, err, errors.ErrUnsupported)
			}
			for _, flag := range []int{os.O_WRONLY, os.O_RDWR, os.O_APPEND, os.O_CREATE, os.O_TRUNC} {
				_, err := r.OpenFile("sub/f", flag, 0o600)
				require.ErrorIs(t, err, errors.ErrUnsupported, "flag %#x", flag)
			}
			f, err := r.OpenFile("sub/f", os.O_RDONLY, 0)
			require.NoError(t, err)
			_, err = f.Write([]byte("x"))
			for _, err := range []error{err, f.Sync(), f.Truncate(0)} {
				require.ErrorIs(t, err, errors.ErrUnsupported)
			}
			require.NoError(t, f.Close())
		})
	}
}

// A file that another took the place of is told by Follow in an os.DirFS, and
// where os does not know the files, none is another.
func TestReadOnlySameFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	stat := func(r files.FS, name string) fs.FileInfo {
		info, err := r.Stat(name)
		require.NoError(t, err)
		return info
	}
	r := files.ReadOnly(os.DirFS(dir))
	same, ok := r.(files.SameFileFS)
	require.True(t, ok)
	assert.True(t, same.SameFile(stat(r, "a"), stat(r, "a")))
	assert.False(t, same.SameFile(stat(r, "a"), stat(r, "b")))
	m := files.ReadOnly(fstest.MapFS{"a": {}})
	assert.True(t, same.SameFile(stat(m, "a"), stat(m, "a")))
	assert.False(t, same.SameFile(stat(r, "a"), stat(m, "a")))
	assert.False(t, same.SameFile(stat(m, "a"), stat(r, "a")))
}

func TestWalkNamesAMissingRoot(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, err := pull.Collect(t.Context(), files.Walk(os.DirFS(missing), ".", nil))
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "files: walk "+missing+": stat .: ")
	_, err = pull.Collect(t.Context(), files.Walk(fstest.MapFS{}, "none", nil))
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.EqualError(t, err, "files: open none: file does not exist")
}
