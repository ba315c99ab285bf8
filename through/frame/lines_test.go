package frame_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func lines(t *testing.T, in string, max int, size byte) ([]string, error) {
	t.Helper()
	up := &upstream[[]byte]{values: sliced([]byte(in), []byte{size})}
	got, err := collect(frame.Lines(up.source(), max))
	require.Len(t, up.causes, 1)
	var all []string
	for _, m := range got {
		all = append(all, string(m))
	}
	return all, err
}

// row: G3, G5
func TestLines(t *testing.T) {
	for in, want := range map[string][]string{
		"":             nil,
		"\n":           {""},
		"a":            {"a"},
		"a\n":          {"a"},
		"a\r\nb\n":     {"a", "b"},
		"a\r\r\n":      {"a\r"},
		"a\rb\n":       {"a\rb"},
		"a\n\nb":       {"a", "", "b"},
		"a\r":          {"a"},
		"\r\n\r\n\r":   {"", "", ""},
		"12345\r\nend": {"12345", "end"},
	} {
		for size := byte(1); size < 9; size++ {
			got, err := lines(t, in, 5, size)
			require.NoError(t, err)
			assert.Equal(t, want, got, "%q by %d", in, size)
		}
	}
}

// row: G6
func TestLinesTooLong(t *testing.T) {
	for _, bad := range []string{"123456\n", "123456", "12345\r\r\n", "12345\rx", "123456789"} {
		for size := byte(1); size < 20; size++ {
			got, err := lines(t, "ok\n\n"+bad, 5, size)
			assert.Equal(t, []string{"ok", ""}, got)
			require.Equal(t, &frame.LineError{Line: 3, Max: 5}, err, "%q by %d", bad, size)
		}
	}
	_, err := lines(t, "x", -1, 1)
	require.ErrorIs(t, err, frame.ErrTooLarge)
	assert.EqualError(t, err, "frame: too large: line 1 is longer than 0 bytes")
}

// A line without an end is refused with the chunk that makes it too long.
func TestLinesRefuseAtOnce(t *testing.T) {
	for chunk, calls := range map[string]int{"x": 101, "xxx": 34} {
		pulled := 0
		src := frame.Lines(pull.From(func(context.Context) ([]byte, error) {
			pulled++
			return []byte(chunk), nil
		}, nil), 100)
		_, err := src(t.Context())
		assert.Equal(t, &frame.LineError{Line: 1, Max: 100}, err)
		assert.Equal(t, calls, pulled)
	}
}

func TestLinesDropWhatAFailureCut(t *testing.T) {
	broken := errors.New("broken")
	up := &upstream[[]byte]{values: [][]byte{[]byte("whole\nhalf")}, end: broken}
	got, err := collect(frame.Lines(up.source(), 10))
	assert.Equal(t, []frame.Msg{frame.Msg("whole")}, got)
	assert.Equal(t, broken, err)
}

func TestLinesMemoryIsConstant(t *testing.T) {
	chunk := []byte(strings.Repeat("0123456789abcdef\n", 64))
	up := &upstream[[]byte]{values: make([][]byte, 100)}
	for i := range up.values {
		up.values[i] = chunk
	}
	src := frame.Lines(up.source(), 64)
	per := testing.AllocsPerRun(1000, func() {
		_, err := src(t.Context())
		require.NoError(t, err)
	})
	assert.LessOrEqual(t, per, 1.0, "one line, one allocation")
}

// row: G10
func TestJoinLines(t *testing.T) {
	up := &upstream[frame.Msg]{values: []frame.Msg{[]byte("a"), {}, []byte("b")}}
	src := frame.JoinLines(up.source())
	got, err := collect(src)
	require.NoError(t, err)
	assert.Equal(t, [][]byte{[]byte("a\n"), []byte("\n"), []byte("b\n")}, got)
	_, err = src(t.Context())
	assert.Equal(t, io.EOF, err)
	assert.Equal(t, []error{io.EOF}, up.causes)

	shared := []byte("ab")
	_, err = collect(frame.JoinLines(pull.Values(frame.Msg(shared[:1]))))
	require.NoError(t, err)
	assert.Equal(t, "ab", string(shared), "what is behind a message is not ours")
}
