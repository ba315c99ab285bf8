package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// Any text is read as json.Unmarshal reads its lines one by one, however it is
// cut, and what was read comes back from what EncodeJSON writes.
func FuzzDecodeJSON(f *testing.F) {
	f.Add("{\"a\":[1,2.50]}\n\n\"x\"", 3)
	f.Add("1 2\n", 1)
	f.Add("1\n{\n}", 2)
	f.Add("null\r\n \"\xff\"", 99)
	f.Add(strings.Repeat(" ", 600)+"1"+strings.Repeat(" ", 600)+"\n2", 512)
	f.Fuzz(func(t *testing.T, text string, size int) {
		var want []json.RawMessage
		bad := 0
		for i, line := range strings.Split(text, "\n") {
			if strings.Trim(line, " \t\r") == "" {
				continue
			}
			if !utf8.ValidString(line) || !json.Valid([]byte(line)) {
				bad = i + 1
				break
			}
			want = append(want, json.RawMessage(strings.Trim(line, " \t\r")))
		}
		got, err := decode[json.RawMessage](t, text, 1+max(size, 0)%1000, codec.JSONOptions{})
		require.Equal(t, want, got)
		var line *codec.LineError
		require.Equal(t, bad > 0, errors.As(err, &line), "%v", err)
		if bad > 0 {
			require.Equal(t, int64(bad), line.Line)
			return
		}
		require.NoError(t, err)
		chunks, err := pull.Collect(t.Context(), codec.EncodeJSON(pull.Values(got...)))
		require.NoError(t, err)
		again, err := decode[json.RawMessage](t, string(bytes.Join(chunks, nil)), 7, codec.JSONOptions{})
		require.NoError(t, err)
		for i, raw := range got {
			var flat bytes.Buffer
			require.NoError(t, json.Compact(&flat, raw))
			require.Equal(t, len(got), len(again))
			require.Equal(t, flat.String(), string(again[i]))
		}
	})
}
