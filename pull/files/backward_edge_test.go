package files_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/through/frame"
)

// A message as long as allowed is not refused because of the sep before it,
// wherever a block begins.
func TestBackwardOfTheLongestMessage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("x---|12345"), 0o600))
	for block := 1; block < 12; block++ {
		got, err := texts(files.Backward(path, []byte("---|"), 5, block, false))
		require.NoError(t, err, "blocks of %d", block)
		assert.Equal(t, []string{"12345", "x"}, got)
		got, err = texts(files.Backward(path, []byte("---|"), 4, block, false))
		require.ErrorIs(t, err, frame.ErrTooLarge, "blocks of %d", block)
		assert.Empty(t, got)
	}
}

// Between two reads of one long line the context is looked at.
func TestBackwardIsInterruptedInALongLine(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte(strings.Repeat("x", 1<<20)), 0o600))
	ctx, cancel := context.WithCancelCause(t.Context())
	reads := 0
	f.after["read"] = func() {
		if reads++; reads == 3 {
			cancel(errBoom)
		}
	}
	_, err := files.LinesBackward(f, f.path(), 2<<20)(ctx)
	require.Equal(t, errBoom, err)
	assert.Equal(t, 3, reads)
	assert.Zero(t, f.held())
}

// The sep is looked at when the source is made.
func TestSplitBackwardKeepsItsSep(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("a,b"), 0o600))
	sep := []byte(",")
	src := files.SplitBackward(f, f.path(), sep, 10)
	sep[0] = 'a'
	got, err := texts(src)
	require.NoError(t, err)
	assert.Equal(t, []string{"b", "a"}, got)
}

// A silent file reads nothing, and says nothing about it.
type silent struct{ *faulty }

func (s silent) OpenFile(name string, flag int, perm fs.FileMode) (files.File, error) {
	f, err := s.faulty.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return struct {
		files.File
		io.ReaderAt
	}{f, mute{}}, nil
}

type mute struct{}

func (mute) ReadAt([]byte, int64) (int, error) { return 0, nil }

func TestBackwardOfASilentFile(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("a\nb"), 0o600))
	_, err := texts(files.LinesBackward(silent{f}, f.path(), 10))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.False(t, errors.Is(err, io.EOF))
}
