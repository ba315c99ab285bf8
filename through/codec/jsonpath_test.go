package codec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

func pick(path string, opts codec.JSONPathOptions) pull.Through[[]byte, json.RawMessage] {
	return func(src pull.Source[[]byte]) pull.Source[json.RawMessage] {
		return codec.JSONPath[json.RawMessage](src, path, opts)
	}
}

func raws(values []json.RawMessage) any {
	out := []string{}
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// row: G13, C10
func TestJSONPath(t *testing.T) {
	const doc = `{"n":2,"rows":[{"doc":{"id":1,"x":[0,false,"",null]}},{"doc":null},` +
		`{"id":{"doc":12345678901234567890.10}}, 7 ],"a.b":{"*":"é"}} `
	for path, want := range map[string][]string{
		"rows.*.doc":    {`{"id":1,"x":[0,false,"",null]}`, "null"},
		"rows.0.doc.id": {"1"},
		"..doc":         {`{"id":1,"x":[0,false,"",null]}`, "null", "12345678901234567890.10"},
		"rows..id":      {"1", `{"doc":12345678901234567890.10}`},
		"..x.*":         {"0", "false", `""`, "null"},
		`a\.b.\*`:       {`"é"`},
		"n":             {"2"},
		"*.3":           {"7"},
		"none":          {},
		"n.x":           {},
		"":              {strings.TrimSpace(doc)},
	} {
		got, err := cutAnyhow(t, []byte(doc), pick(path, codec.JSONPathOptions{}), raws)
		require.NoError(t, err)
		assert.Equal(t, want, got, path)
	}
	row := []byte(`{"a":1}[2]{"a":3} 4 "a"` + "\n{\"a\":5}")
	got, err := cutAnyhow(t, row, pick("a", codec.JSONPathOptions{}), raws)
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "3", "5"}, got, "documents in a row")
	got, err = cutAnyhow(t, []byte("1 2\n[3]4"), pick("", codec.JSONPathOptions{}), raws)
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "2", "[3]", "4"}, got)
}

// row: G13
func TestJSONPathTruncated(t *testing.T) {
	const doc = `{"n":2,"rows":[{"doc":[1]},{"doc":"ä"}],"z":{}}`
	for _, path := range []string{"rows.*.doc", "..doc", "none", ""} {
		for n := range doc {
			_, err := collect(t, pick(path, codec.JSONPathOptions{})(
				pull.Values([]byte(doc[:n/2]), []byte(doc[n/2:n]))))
			if n == 0 {
				require.NoError(t, err)
				continue
			}
			require.Equal(t, io.ErrUnexpectedEOF, err, "%s of %s", path, doc[:n])
		}
	}
}

// row: G13
func TestJSONPathRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1}]`:         "codec: json at byte 7: invalid character ']' looking for beginning of value",
		`{"a":1,}`:         "",
		`{"a":1 "b":2}`:    "",
		`{"a":tru}`:        "",
		`{"a":[1,]}`:       "",
		`{"b":{"c":{"d":1`: "",
	} {
		_, err := cutAnyhow(t, []byte(text), pick("a", codec.JSONPathOptions{MaxDepth: 2}), raws)
		var wrong *codec.DecodeError
		require.ErrorAs(t, err, &wrong, text)
		if want != "" {
			assert.EqualError(t, err, want)
		}
	}
	_, err := cutAnyhow(t, []byte("{\"a\":1,\"\xff\":2}"), pick("a", codec.JSONPathOptions{}), raws)
	assert.Equal(t, &frame.UTF8Error{Offset: 8}, err)
	for _, path := range []string{".a", "a.", "a...b", "..", strings.Repeat("a.", 60) + "a"} {
		_, err := collect(t, pick(path, codec.JSONPathOptions{})(chunked("{}")))
		assert.ErrorIs(t, err, codec.ErrPath, path)
	}
}

// Three documents, and then something else: one error, after all values.
// row: G13
func TestJSONPathOfDocumentsAndGarbage(t *testing.T) {
	const doc = `{"total":3,"rows":[0,false,"",null,[]],"end":{}}`
	values := []string{"0", "false", `""`, "null", "[]"}
	want := slices.Concat(values, values, values)
	for garbage, bad := range map[string]bool{
		"": false, " \n": false, "x": true, "]": true, ",": true,
	} {
		headers, footers := 0, 0
		opts := codec.JSONPathOptions{
			Header: func(m map[string]json.RawMessage) error { headers += len(m); return nil },
			Footer: func(m map[string]json.RawMessage) error { footers += len(m); return nil },
		}
		src := pick("rows.*", opts)(pull.Values(cutInto([]byte(doc+doc+doc+garbage), 5)...))
		got, err := collect(t, src)
		require.Equal(t, want, raws(got))
		assert.Equal(t, [2]int{3, 3}, [2]int{headers, footers})
		if !bad {
			require.NoError(t, err)
			continue
		}
		var wrong *codec.DecodeError
		require.ErrorAs(t, err, &wrong)
		assert.EqualValues(t, 3*len(doc), wrong.Offset)
		_, again := src(t.Context())
		assert.Same(t, err, again)
	}
	got, err := cutAnyhow(t, []byte(`[{"a":1},{"b":2},3]`), pick("*", codec.JSONPathOptions{}), raws)
	require.NoError(t, err)
	assert.Equal(t, []string{`{"a":1}`, `{"b":2}`, "3"}, got, "an array as root")
}

func TestJSONPathMemoryIsBounded(t *testing.T) {
	for text, offset := range map[string]int64{
		`{"a":"12345678901"}`: 4, `{"b":"12345678901"}`: 4, `{"a":1,"12345678901":2}`: 6,
		`[           1]`: 1, `            1`: 0, `{"a":[1,2,3,4,5,6,7]}`: 4,
	} {
		_, err := cutAnyhow(t, []byte(text), pick("a", codec.JSONPathOptions{MaxValue: 10}), raws)
		assert.Equal(t, &codec.SizeError{Format: "json", Max: 10, Offset: offset}, err, text)
	}
	fed := 0
	endless := pull.From(func(context.Context) ([]byte, error) {
		fed++
		return []byte(strings.Repeat("[", 1)), nil
	}, nil)
	_, err := collect(t, pick("a", codec.JSONPathOptions{})(endless))
	var wrong *codec.DecodeError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, codec.DefaultMaxDepth+1, fed)
}

// row: G13
func TestJSONPathHeaderAndFooter(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"rows":[],"b":2}`:                        `H a=1 b=2`,
		`{"a":1,"rows":[7],"b":[2]}`:                     `H a=1; 7; F b=[2]`,
		`{"error":"x"}{"rows":[1]}{"rows":[2],"z":null}`: `H error="x"; 1; 2; F z=null`,
	} {
		var log []string
		note := func(kind string) func(map[string]json.RawMessage) error {
			return func(members map[string]json.RawMessage) error {
				line := kind
				for _, k := range []string{"a", "b", "error", "z"} {
					if v, ok := members[k]; ok {
						line += " " + k + "=" + string(v)
					}
				}
				log = append(log, line)
				return nil
			}
		}
		src := codec.JSONPath[int](pull.Values(cutInto([]byte(text), 2)...), "rows.*",
			codec.JSONPathOptions{Header: note("H"), Footer: note("F")})
		require.NoError(t, pull.Each(t.Context(), src, func(n int) error {
			log = append(log, fmt.Sprint(n))
			return nil
		}))
		assert.Equal(t, want, strings.Join(log, "; "))
	}
	for _, refuse := range []error{io.EOF, fmt.Errorf("mine: %w", io.EOF), assert.AnError} {
		_, err := collect(t, codec.JSONPath[int](chunked(`{"a":1}`), "b",
			codec.JSONPathOptions{Header: func(map[string]json.RawMessage) error { return refuse }}))
		require.Error(t, err)
		assert.NotErrorIs(t, err, io.EOF)
		assert.Equal(t, refuse == assert.AnError, errors.Is(err, refuse))
	}
}
