package files_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/through/frame"
)

// texts reads src to its end and makes strings of what came.
func texts(src pull.Source[frame.Msg]) (out []string, err error) {
	msgs, err := pull.Collect(context.Background(), src)
	for _, m := range msgs {
		out = append(out, string(m))
	}
	return out, err
}

func forward(text, sep string, max int, lines bool) pull.Source[frame.Msg] {
	if lines {
		return frame.Lines(chunks(text), max)
	}
	return frame.Split(chunks(text), []byte(sep), max)
}

// row: G8
func TestBackwardIsForwardReversed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	letters := rapid.SampledFrom([]string{
		"a", "b", "\n", "\r", "\r\n", "é", "€", "ab", ", ", ",", "\xff",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(letters, 0, 30).Draw(t, "text"), "")
		sep := rapid.SampledFrom([]string{"\n", "\r\n", ", ", "ab", "é", "€", "aab", ""}).
			Draw(t, "sep")
		lines := sep == "\n" && rapid.Bool().Draw(t, "lines")
		block := rapid.IntRange(1, 10).Draw(t, "block")
		max := rapid.IntRange(-1, 20).Draw(t, "max")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		all, err := texts(forward(text, sep, len(text), lines))
		require.NoError(t, err)
		slices.Reverse(all)
		want := all
		for i, line := range all {
			if len(line) > clamp(max) {
				want = all[:i:i]
				break
			}
		}
		got, err := texts(files.Backward(path, []byte(sep), max, block, lines))
		require.Equal(t, append([]string{}, want...), append([]string{}, got...))
		if len(want) == len(all) {
			require.NoError(t, err)
			return
		}
		var long *files.TooLongError
		require.ErrorAs(t, err, &long)
		require.ErrorIs(t, err, frame.ErrTooLarge)
		end := strings.TrimSuffix(text[:long.End], "\r")
		require.True(t, strings.HasSuffix(end, all[len(want)]) ||
			strings.HasSuffix(text[:long.End], all[len(want)]), "ends at %d", long.End)
		require.Equal(t, clamp(max), long.Max)
	})
}

func clamp(n int) int { return max(n, 0) }

// row: G8
func TestLinesBackwardOfManyBlocks(t *testing.T) {
	f := newFaulty(t)
	long := strings.Repeat("x", 100_000)
	text := strings.Repeat("0123456789é\r\n", 10_000) + long + "\n" + long
	require.NoError(t, os.WriteFile(f.path(), []byte(text), 0o600))
	src := files.LinesBackward(f, f.path(), len(long))
	require.Empty(t, f.steps, "opened by the first call")
	got, err := texts(src)
	require.NoError(t, err)
	want, err := texts(frame.Lines(chunks(text), len(long)))
	require.NoError(t, err)
	slices.Reverse(want)
	require.True(t, slices.Equal(want, got))
	require.Zero(t, f.held())
	reads := 0
	for _, step := range f.steps {
		if step == "read" {
			reads++
		}
	}
	assert.Equal(t, (len(text)+32<<10-1)/(32<<10), reads, "each block is read once")
	_, err = texts(files.LinesBackward(f, f.path(), len(long)-1))
	assert.Equal(t, &files.TooLongError{
		Path: f.path(), End: int64(len(text)), Max: len(long) - 1}, err)
	assert.EqualError(t, err, "files: "+f.path()+
		": what ends at byte 340001 is longer than 99999 bytes")

	// A line without an end is refused before it is read to its beginning.
	f.steps = nil
	_, err = texts(files.LinesBackward(f, f.path(), 1))
	require.ErrorIs(t, err, frame.ErrTooLarge)
	assert.Equal(t, []string{"open", "read", "close"}, f.steps)
}

func TestBackwardOwnsItsLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("aaaa\nbbbb\ncccc"), 0o600))
	src := files.Backward(path, []byte("\n"), 10, 3, true)
	var got [][]byte
	for range 3 {
		m, err := src(t.Context())
		require.NoError(t, err)
		_ = append(m, "zzzzzz"...)
		got = append(got, m)
	}
	assert.Equal(t, "cccc bbbb aaaa", string(bytes.Join(got, []byte(" "))))
	require.NoError(t, pull.Abort(src, nil))
}

// row: G8
func TestBackwardFailures(t *testing.T) {
	for _, step := range []string{"open", "fstat", "read", "close"} {
		f := newFaulty(t)
		require.NoError(t, os.WriteFile(f.path(), []byte("x"), 0o600))
		f.fail = step
		_, err := texts(files.LinesBackward(f, f.path(), 10))
		require.ErrorIs(t, err, errBoom, step)
		require.ErrorContains(t, err, f.path())
		require.Zero(t, f.held())
	}
	for _, sep := range []string{"--", "aba", "\n\n", "abcab"} {
		f := newFaulty(t)
		_, err := texts(files.SplitBackward(f, f.path(), []byte(sep), 10))
		require.Equal(t, files.ErrSeparator, err, sep)
		require.Empty(t, f.steps)
	}
	_, err := texts(files.LinesBackward(nil, t.TempDir(), 10))
	require.Error(t, err, "a folder")
	_, err = texts(files.LinesBackward(plain{newFaulty(t)}, "", 10))
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

// The files of a plain file system cannot be read at any place.
type plain struct{ *faulty }

func (p plain) OpenFile(string, int, fs.FileMode) (files.File, error) {
	return struct{ files.File }{closer{}}, nil
}

type closer struct{ files.File }

func (closer) Close() error { return nil }

// row: G8
func TestBackwardOfAFileThatShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("1234\n", 20)), 0o600))
	src := files.Backward(path, []byte("\n"), 10, 10, true)
	m, err := src(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "1234", string(m))
	require.NoError(t, os.Truncate(path, 15))
	got, err := texts(src)
	assert.Empty(t, got, "a half line is none")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, path)

	// What is appended meanwhile is not seen.
	src = files.Backward(path, []byte("\n"), 10, 10, true)
	_, err = src(t.Context())
	require.NoError(t, err)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("more\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	got, err = texts(src)
	require.NoError(t, err)
	assert.Equal(t, []string{"1234", "1234"}, got)
}

// FuzzBackward is the property with contents that nobody thought of.
func FuzzBackward(f *testing.F) {
	f.Add([]byte("a\r\nb\n\nc"), []byte("\n"), uint8(1))
	f.Add([]byte("\r\r\n\r"), []byte("\r\n"), uint8(2))
	f.Add([]byte("xababx"), []byte("ab"), uint8(3))
	f.Fuzz(func(t *testing.T, text, sep []byte, block uint8) {
		path := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		got, err := texts(files.Backward(path, sep, len(text), int(block)+1, false))
		if err != nil {
			require.Equal(t, files.ErrSeparator, err)
			return
		}
		want, err := texts(forward(string(text), string(sep), len(text), false))
		require.NoError(t, err)
		slices.Reverse(want)
		require.Equal(t, want, got)
		got, err = texts(files.Backward(path, []byte("\n"), len(text), int(block)+1, true))
		require.NoError(t, err)
		want, err = texts(forward(string(text), "", len(text), true))
		require.NoError(t, err)
		slices.Reverse(want)
		require.Equal(t, want, got)
	})
}
