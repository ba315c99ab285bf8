package compact_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/internal/compact"
)

func TestValue(t *testing.T) {
	for _, value := range []string{`"a"`, `"a\"]"`, `"\\"`, `12`, `-1e5`, `null`, `{}`, `[]`,
		`{"a":{"b":"}"},"c":[1]}`, `[["]"],{"a":1}]`} {
		for _, rest := range []string{"", ",1", "]", "}"} {
			got, left := compact.Value(value + rest)
			assert.Equal(t, value, got)
			assert.Equal(t, rest, left)
		}
	}
}

func TestArray(t *testing.T) {
	var got []string
	add := func(_ int, value string) bool {
		got = append(got, value)
		return value != "3"
	}
	require.True(t, compact.Array(`[1,"2,",{"a":[]}]`, add))
	require.Equal(t, []string{"1", `"2,"`, `{"a":[]}`}, got)
	got = nil
	require.True(t, compact.Array(`[1,3,5]`, add))
	require.Equal(t, []string{"1", "3"}, got)
	require.True(t, compact.Array(`[]`, nil))
	require.False(t, compact.Array(`{}`, nil))
	require.False(t, compact.Array(``, nil))
}

func TestObject(t *testing.T) {
	var got []string
	add := func(key, value string) { got = append(got, key, value) }
	require.True(t, compact.Object(`{"a":1,"b\"":{"c":2},"a":[3,4]}`, add))
	require.Equal(t, []string{`"a"`, "1", `"b\""`, `{"c":2}`, `"a"`, "[3,4]"}, got)
	require.True(t, compact.Object(`{}`, nil))
	require.False(t, compact.Object(`[]`, nil))
}

// All JSON is cut so that its parts make it again.
func FuzzCut(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"\\"],"b":{}}`, `[[],"\""]`, `{"a,":"}]"}`, `[{"b":"\\\""}]`, `1`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		if json.Compact(&b, []byte(text)) != nil {
			return
		}
		s, again := b.String(), ""
		value, rest := compact.Value(s)
		require.Equal(t, s, value)
		require.Empty(t, rest)
		if compact.Array(s, func(_ int, value string) bool { again += "," + value; return true }) {
			require.Equal(t, s, "["+strings.TrimPrefix(again, ",")+"]")
		}
		if compact.Object(s, func(key, value string) { again += "," + key + ":" + value }) {
			require.Equal(t, s, "{"+strings.TrimPrefix(again, ",")+"}")
		}
	})
}
