package codec_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// With OnError, the values are those of the lines that encoding/json reads, and
// each of the others is told once.
func FuzzDecodeJSONGoesOn(f *testing.F) {
	f.Add([]byte("1\nx\n[2]\r\n\n{}{}\n3"), byte(1))
	f.Add([]byte("\"\xff\"\n1234567890123\r\n7\n1234567890 \r"), byte(5))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		const most = 12
		var want []json.RawMessage
		var wrong []int64
		for i, line := range strings.Split(string(data), "\n") {
			text := strings.Trim(line, " \t\r")
			switch {
			case len(strings.TrimSuffix(line, "\r")) > most:
				wrong = append(wrong, int64(i)+1)
			case text == "":
			case !utf8.ValidString(text) || !json.Valid([]byte(text)):
				wrong = append(wrong, int64(i)+1)
			default:
				want = append(want, json.RawMessage(text))
			}
		}
		var told []int64
		got, err := pull.Collect(t.Context(), codec.DecodeJSON[json.RawMessage](
			pull.Values(cutInto(data, int(size))...), codec.JSONOptions{MaxLine: most,
				OnError: func(e *codec.LineError) error {
					told = append(told, e.Line)
					return nil
				}}))
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, wrong, told)
	})
}

// With OnError, records are read the same however they are cut, and without bad
// ones it changes nothing.
func FuzzCSVGoesOn(f *testing.F) {
	f.Add([]byte("a,b\n\"1\n\n\"\"2\",x\ny\n\"z\"w\n3,4"), byte(1))
	f.Add([]byte("\ufeffa\n1234567890\"\n\"12345678,\n9\"\nb\n"), byte(3))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		told := 0
		opts := codec.CSVOptions{MaxRecord: 9, Comment: '#'}
		want, wantErr := pull.Collect(t.Context(), codec.DecodeCSV(pull.Values(data), opts))
		opts.OnError = func(err error) error {
			require.Error(t, err)
			told++
			return nil
		}
		got, err := eitherWay(t, data, size, csvOf(opts), all[[]string])
		require.Equal(t, 0, told%2, "the same of both")
		require.GreaterOrEqual(t, len(got), len(want))
		require.Equal(t, all(want), all(got[:len(want)]))
		var bad *codec.DecodeError
		refused := errors.As(wantErr, &bad) || errors.Is(wantErr, codec.ErrTooLarge)
		require.Equal(t, refused, told > 0)
		if !refused {
			require.Equal(t, wantErr, err)
			require.Len(t, got, len(want))
		}
	})
}

// A path is refused, or leads to what JSONEntries finds by it, whose own path
// leads to the same.
func FuzzJSONEntries(f *testing.F) {
	f.Add("$.a.*", []byte(`{"a":{"b":[1,null,"x"]}} {"a":[]}`), byte(2))
	f.Add("..<b>", []byte(`[[[{"b":1}]]] 2`), byte(1))
	f.Add(`\[a\.`, []byte(`{"[a.":1}`), byte(9))
	f.Fuzz(func(t *testing.T, path string, data []byte, size byte) {
		opts := codec.JSONPathOptions{MaxValue: 100, MaxDepth: 10, Keys: map[string]func(string) bool{
			"b": func(key string) bool { return strings.HasPrefix(key, "b") }}}
		if _, err := pull.Collect(t.Context(), pick(path, opts)(pull.Empty[[]byte]())); err != nil {
			require.ErrorIs(t, err, codec.ErrPath)
			return
		}
		values, err := eitherWay(t, data, size, entries(path, opts), shown)
		plain, plainErr := pull.Collect(t.Context(), pick(path, opts)(pull.Values(data)))
		if !errors.Is(err, codec.ErrTooLarge) { // keys count too
			require.Equal(t, plainErr, err)
			require.Len(t, plain, len(values))
		}
		for i, e := range values {
			require.Equal(t, plain[i], e.Value)
			require.LessOrEqual(t, len(e.Path), opts.MaxDepth)
		}
	})
}
