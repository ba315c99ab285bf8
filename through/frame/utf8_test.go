package frame_test

import (
	"errors"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func strict(src pull.Source[[]byte]) pull.Source[[]byte] {
	return frame.UTF8(src, frame.UTF8Options{})
}

func replaced(src pull.Source[[]byte]) pull.Source[[]byte] {
	return frame.UTF8(src, frame.UTF8Options{Replace: true})
}

// row: G2, G17
func TestUTF8WholeRunes(t *testing.T) {
	const text = "aä€𝄞\U0010ffff\x00é\ufffd"
	got, err := cutAnyhow(t, []byte(text), strict, together)
	require.NoError(t, err)
	assert.Equal(t, text, got)
	everyCut([]byte(text), func(chunks [][]byte) {
		got, err := collect(strict(pull.Values(chunks...)))
		require.NoError(t, err)
		for _, chunk := range got {
			require.True(t, utf8.Valid(chunk) && len(chunk) > 0, "%q of %q", chunk, chunks)
		}
	})
}

func TestUTF8Refuses(t *testing.T) {
	for bad, offset := range map[string]int64{
		"\xff": 2, "ok\x80": 4, "\xc0\xaf": 2, "\xed\xa0\x80": 2, "\xf4\x90\x80\x80": 2,
		"\xe2\x82x": 2, "ä\xe2\x28\xa1": 4, "\xf0\x9d\x84\xf0": 2,
	} {
		got, err := cutAnyhow(t, []byte("é"+bad), strict, together)
		assert.Equal(t, "é"+bad[:offset-2], got)
		require.Equal(t, &frame.UTF8Error{Offset: offset}, err, "%q", bad)
	}
	err := &frame.UTF8Error{Offset: 7}
	assert.ErrorIs(t, err, frame.ErrUTF8)
	assert.EqualError(t, err, "frame: not UTF-8 at byte 7")
}

func TestUTF8Truncated(t *testing.T) {
	const text = "€𝄞"
	for n := range len(text) {
		want := error(io.ErrUnexpectedEOF)
		if utf8.ValidString(text[:n]) {
			want = nil
		}
		_, err := cutAnyhow(t, []byte(text[:n]), strict, together)
		assert.Equal(t, want, err, n)
		got, err := cutAnyhow(t, []byte(text[:n]), replaced, together)
		require.NoError(t, err)
		assert.Equal(t, string([]rune(text[:n])), got)
	}
	broken := errors.New("broken")
	up := &upstream[[]byte]{values: [][]byte{[]byte("x\xe2\x82")}, end: broken}
	got, err := collect(strict(up.source()))
	assert.Equal(t, "x", together(got))
	assert.Equal(t, broken, err)
}
