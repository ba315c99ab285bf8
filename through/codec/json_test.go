package codec_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

type pair struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// decode reads text in chunks of size bytes.
func decode[T any](t *testing.T, text string, size int, opts codec.JSONOptions) ([]T, error) {
	t.Helper()
	var causes []error
	rest := text
	src := pull.From(func(context.Context) ([]byte, error) {
		if rest == "" {
			return nil, io.EOF
		}
		chunk := rest[:min(size, len(rest))]
		rest = rest[len(chunk):]
		return []byte(chunk), nil
	}, func(cause error) error {
		causes = append(causes, cause)
		return nil
	})
	got, err := pull.Collect(t.Context(), codec.DecodeJSON[T](src, opts))
	require.Len(t, causes, 1)
	if err != nil && causes[0] != io.EOF {
		var line *codec.LineError
		require.ErrorAs(t, err, &line)
	}
	return got, err
}

func TestDecodeJSON(t *testing.T) {
	text := "{\"key\":\"a\",\"value\":1.50}\r\n\n \t\r\n  {\"key\":\"b\",\"value\":[ 1 ]}  \n" +
		`{"value":null,"key":"ü"}`
	want := []pair{
		{"a", json.RawMessage("1.50")}, {"b", json.RawMessage("[ 1 ]")},
		{"ü", json.RawMessage("null")},
	}
	for size := 1; size < 40; size++ {
		got, err := decode[pair](t, text, size, codec.JSONOptions{})
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestDecodeJSONScalars(t *testing.T) {
	got, err := decode[any](t, "1\n\"a\"\nnull\ntrue\n2", 3, codec.JSONOptions{})
	require.NoError(t, err)
	assert.Equal(t, []any{json.Number("1"), "a", nil, true, json.Number("2")}, got)
}

func TestDecodeJSONKeepsDigits(t *testing.T) {
	const digits = "12345678901234567890.12300"
	got, err := decode[map[string]any](t, `{"n":`+digits+`}`, 99, codec.JSONOptions{})
	require.NoError(t, err)
	assert.Equal(t, json.Number(digits), got[0]["n"])
}

// Lines longer than the decoder's buffer, with blanks behind the value, must
// not move what is taken for the next line.
func TestDecodeJSONLongLines(t *testing.T) {
	blanks := strings.Repeat(" ", 3000)
	long := strings.Repeat("x", 5000)
	text := "1" + blanks + "\n\"" + long + "\"" + blanks + "\n" + blanks + "2\n"
	got, err := decode[any](t, text, 700, codec.JSONOptions{})
	require.NoError(t, err)
	assert.Equal(t, []any{json.Number("1"), long, json.Number("2")}, got)
	_, err = decode[any](t, "1"+blanks+"2\n", 700, codec.JSONOptions{})
	assert.EqualError(t, err, "codec: line 1: invalid character '2' after top-level value")
}

// row: G11
func TestDecodeJSONRefuses(t *testing.T) {
	for bad, want := range map[string]string{
		`nope`:       "codec: line 3: invalid character 'o' in literal null (expecting 'u')",
		`{"key":"a"`: "codec: line 3: unexpected end of JSON input",
		`{} {}`:      "codec: line 3: invalid character '{' after top-level value",
		`{}x`:        "codec: line 3: invalid character 'x' after top-level value",
		`{"key":1}`: "codec: line 3: json: cannot unmarshal number " +
			"into Go struct field pair.key of type string",
		"\"\xff\"":               "codec: line 3: frame: not UTF-8 at byte 14",
		"\v":                     "codec: line 3: invalid character '\\v' looking for beginning of value",
		"{\"key\":\r}":           "codec: line 3: invalid character '}' looking for beginning of value",
		strings.Repeat("1", 101): "codec: line 3: longer than 100 bytes",
	} {
		for _, size := range []int{1, 7, 1000} {
			got, err := decode[pair](t, "{\"key\":\"a\"}\n\n"+bad+"\n{}\n", size,
				codec.JSONOptions{MaxLine: 100})
			assert.Equal(t, []pair{{Key: "a"}}, got, "what came before")
			require.EqualError(t, err, want)
		}
	}
	var syntax *json.SyntaxError
	_, err := decode[any](t, "[1]\n[2,]\n", 99, codec.JSONOptions{})
	require.ErrorAs(t, err, &syntax)
	assert.Equal(t, int64(4), syntax.Offset, "within the line")
	_, err = decode[any](t, "[1]\n[2]", 99, codec.JSONOptions{MaxLine: 2})
	assert.ErrorIs(t, err, frame.ErrTooLarge)
}

// A line that is too long stays the reason where releasing fails as well.
func TestDecodeJSONKeepsAFailedRelease(t *testing.T) {
	disk := errors.New("disk full")
	src := pull.From(func(context.Context) ([]byte, error) { return []byte("123"), nil },
		func(error) error { return disk })
	_, err := codec.DecodeJSON[int](src, codec.JSONOptions{MaxLine: 2})(t.Context())
	var line *codec.LineError
	require.ErrorAs(t, err, &line)
	assert.Equal(t, int64(1), line.Line)
	assert.ErrorIs(t, err, disk)
}

func TestEncodeJSON(t *testing.T) {
	src := pull.Values(
		pair{"<&>", json.RawMessage("{\n\"a\": \"<\"\n}")},
		pair{"line\nbreak\u2028", json.RawMessage("12345678901234567890")},
	)
	got, err := pull.Collect(t.Context(), codec.EncodeJSON(src))
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, `{"key":"<&>","value":{"a":"<"}}`+"\n", string(got[0]), "kept")
	assert.Equal(t, `{"key":"line\nbreak\u2028","value":12345678901234567890}`+"\n",
		string(got[1]))
}

func TestEncodeJSONRefuses(t *testing.T) {
	var cause error
	values := []float64{1, math.NaN(), 2}
	src := pull.From(func(context.Context) (float64, error) {
		v := values[0]
		values = values[1:]
		return v, nil
	}, func(err error) error { cause = err; return nil })
	got, err := pull.Collect(t.Context(), codec.EncodeJSON(src))
	assert.Len(t, got, 1)
	assert.EqualError(t, err, "codec: line 2: json: unsupported value: NaN")
	assert.Equal(t, cause, err)
}

// An odd has methods that panic or say io.EOF.
type odd string

func (o *odd) UnmarshalJSON(b []byte) error { return o.behave(string(b)) }
func (o odd) MarshalJSON() ([]byte, error)  { return []byte(`"ok"`), o.behave(`"` + string(o) + `"`) }
func (o odd) behave(as string) error {
	switch as {
	case `"panic"`:
		panic("odd")
	case `"eof"`:
		return io.EOF
	}
	return nil
}

func TestJSONMethodsOfTheUser(t *testing.T) {
	in := pull.Values([]byte("\"ok\"\n\"eof\"\n"))
	got, err := pull.Collect(t.Context(), codec.DecodeJSON[odd](in, codec.JSONOptions{}))
	assert.Len(t, got, 1)
	assert.EqualError(t, err, "codec: line 2: ended too soon")
	assert.NotErrorIs(t, err, io.EOF, "a failure must not look like an end")

	out := codec.EncodeJSON(pull.Values[odd]("ok", "eof"))
	_, err = pull.Collect(t.Context(), out)
	require.Error(t, err)
	assert.False(t, errors.Is(err, io.EOF))
}
