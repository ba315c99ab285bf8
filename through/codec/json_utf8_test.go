package codec_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

func jsonLines(max int) pull.Through[[]byte, json.RawMessage] {
	return func(src pull.Source[[]byte]) pull.Source[json.RawMessage] {
		return codec.DecodeJSON[json.RawMessage](src, codec.JSONOptions{MaxLine: max})
	}
}

// JSON lines and JSON by path refuse the same bytes, at the same place.
func TestJSONIsUTF8(t *testing.T) {
	const before = "\n{\"é\":1}\r\n \n[2]\n"
	for _, bad := range []string{
		"\"\xff\"\n3", "{\"\xc0\xaf\":1}", "[\"\xed\xa0\x80\"]\n", "\"aé\x80\"\r\n4\n",
		"\"€\xf0\x9d\x84\"", "\xff",
	} {
		want := &frame.UTF8Error{Offset: int64(len(before) + strings.IndexAny(bad, "\ufffd"))}
		for name, read := range map[string]pull.Through[[]byte, json.RawMessage]{
			"lines": jsonLines(0), "path": pick("", codec.JSONPathOptions{}),
		} {
			got, err := cutAnyhow(t, []byte(before+bad), read, raws)
			assert.Equal(t, []string{`{"é":1}`, "[2]"}, got, name)
			var wrong *frame.UTF8Error
			require.ErrorAs(t, err, &wrong, "%s of %q", name, bad)
			assert.Equal(t, want, wrong, "%s of %q", name, bad)
			require.ErrorIs(t, err, frame.ErrUTF8)
			require.NotErrorIs(t, err, io.ErrUnexpectedEOF)
			var line *codec.LineError
			if name == "lines" {
				require.ErrorAs(t, err, &line)
				assert.EqualValues(t, 5, line.Line)
			}
		}
	}
}

// How long a line is does not depend on how it ends.
func TestJSONLineLength(t *testing.T) {
	for text, line := range map[string]int64{
		"123": 0, "123\n": 0, "123\r\n": 0, "123\r": 0, "1\n   \r\n2": 0,
		"1234": 1, "1234\n": 1, "1\n1234\r\n": 2, "1\n123\r\r\n": 2, "1\n\n12345678": 3,
		"1\n    \n2": 2, "    ": 1, "12\n    \r": 2,
	} {
		_, err := cutAnyhow(t, []byte(text), jsonLines(3), raws)
		if line == 0 {
			require.NoError(t, err, "%q", text)
			continue
		}
		assert.Equal(t, &codec.LineError{Line: line, Err: &frame.LineError{Line: line, Max: 3}},
			err, "%q", text)
	}
	// What src fails with stays what it is.
	theirs := &frame.TooLargeError{Len: 9, Max: 3, Offset: 0}
	_, err := jsonLines(3)(pull.Error[[]byte](theirs))(t.Context())
	assert.Same(t, theirs, err)
}

// The replacement character itself is as good as any other.
func TestJSONReplacementCharacterIsUTF8(t *testing.T) {
	const text = "\"\ufffd\xff\""
	for _, read := range []pull.Through[[]byte, json.RawMessage]{
		jsonLines(0), pick("", codec.JSONPathOptions{}),
	} {
		_, err := cutAnyhow(t, []byte(text), read, raws)
		var wrong *frame.UTF8Error
		require.ErrorAs(t, err, &wrong)
		assert.EqualValues(t, 4, wrong.Offset)
	}
}
