package codec_test

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// Paths as others write them are read, or refused with what to write.
// row: G13
func TestJSONPathSpelling(t *testing.T) {
	const doc = `{"rows":[{"a":1}],"$":2,"$x":3,"[k]":4,"<n>":5,"a\\":6,"a<":7}`
	for path, want := range map[string]string{
		"$.rows.*.a": "1", "$..a": "1", `\$`: "2", "$x": "3", "$.$x": "3", "$.$": "2",
		`\[k\]`: "4", `\<n>`: "5", `a\\`: "6", "a<": "7", "$": doc,
	} {
		got, err := cutAnyhow(t, []byte(doc), pick(path, codec.JSONPathOptions{}), raws)
		require.NoError(t, err, path)
		assert.Equal(t, []string{want}, got, path)
	}
	for path, hint := range map[string]string{
		"rows[*].doc": ".*", "rows[0]": ".0", "a]": ".0", `a\`: "backslash", `a.b\`: "backslash",
		"$.": "a key is missing", "$...a": "a key is missing", "<year>": "Keys has no function for <year>",
	} {
		_, err := collect(t, pick(path, codec.JSONPathOptions{})(chunked(doc)))
		require.ErrorIs(t, err, codec.ErrPath, path)
		var bad *codec.PathError
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, path, bad.Path)
		assert.Contains(t, bad.Reason, hint)
		assert.ErrorContains(t, err, "codec: malformed path")
	}
}

// A step may be a function of the key, such as a regular expression.
// row: G13
func TestJSONPathKeys(t *testing.T) {
	const doc = `{"1999":{"n":1},"x":{"n":2},"2024":[{"n":3},{"n":4},{"n":5}],` +
		`"<year>":{"n":6}}`
	opts := codec.JSONPathOptions{Keys: map[string]func(string) bool{
		"year": regexp.MustCompile(`^\d{4}$`).MatchString,
		"odd":  func(key string) bool { return strings.HasSuffix(key, "1") },
	}}
	for path, want := range map[string][]string{
		"<year>.n":       {"1"},
		"<year>.<odd>.n": {"4"},
		"..<odd>.n":      {"4"},
		"<year>..n":      {"1", "3", "4", "5"},
	} {
		got, err := cutAnyhow(t, []byte(doc), pick(path, opts), raws)
		require.NoError(t, err)
		assert.Equal(t, want, got, path)
	}
}

func entries(path string, opts codec.JSONPathOptions) pull.Through[[]byte, codec.JSONEntry[json.RawMessage]] {
	return func(src pull.Source[[]byte]) pull.Source[codec.JSONEntry[json.RawMessage]] {
		return codec.JSONEntries[json.RawMessage](src, path, opts)
	}
}

func shown(all []codec.JSONEntry[json.RawMessage]) any {
	out := []string{}
	for _, e := range all {
		out = append(out, fmt.Sprintf("%s|%s=%s", strings.Join(e.Path, "/"), e.Key(), e.Value))
	}
	return out
}

// Entries are values with the way to them.
// row: G13
func TestJSONEntries(t *testing.T) {
	const doc = `{"a":{"x":[7,8]},"b":null,"c":[{"x":1},[{"x":2}]]} {"d":{}}`
	for path, want := range map[string][]string{
		"*":    {`a|a={"x":[7,8]}`, "b|b=null", `c|c=[{"x":1},[{"x":2}]]`, "d|d={}"},
		"..x":  {"a/x|x=[7,8]", "c/0/x|x=1", "c/1/0/x|x=2"},
		"*.*":  {"a/x|x=[7,8]", `c/0|0={"x":1}`, `c/1|1=[{"x":2}]`},
		"c.1":  {`c/1|1=[{"x":2}]`},
		"none": {},
		"":     {`|={"a":{"x":[7,8]},"b":null,"c":[{"x":1},[{"x":2}]]}`, `|={"d":{}}`},
	} {
		got, err := cutAnyhow(t, []byte(doc), entries(path, codec.JSONPathOptions{}), shown)
		require.NoError(t, err)
		assert.Equal(t, want, got, path)
	}
	// The keys that are held are bounded together, and let go.
	opts := codec.JSONPathOptions{MaxValue: 10}
	_, err := cutAnyhow(t, []byte(`{"123456":{"1234567":{"a":1}}}`), entries("..a", opts), shown)
	assert.ErrorIs(t, err, codec.ErrTooLarge)
	got, err := cutAnyhow(t, []byte(`{"123456":{},"234567":{},"345678":{"a":1}}`),
		entries("..a", opts), shown)
	require.NoError(t, err)
	assert.Equal(t, []string{"345678/a|a=1"}, got)
	_, err = collect(t, entries("a", codec.JSONPathOptions{})(chunked(`{"a":1`)))
	assert.Equal(t, io.ErrUnexpectedEOF, err)
	_, err = collect(t, entries("a[", codec.JSONPathOptions{})(chunked(`{"a":1`)))
	assert.ErrorIs(t, err, codec.ErrPath)
}
