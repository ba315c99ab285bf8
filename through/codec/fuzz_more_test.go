package codec_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

// eitherWay reads data whole and in chunks, wants the same of both, and an
// error of a kind that is documented.
func eitherWay[T any](
	t *testing.T, data []byte, size byte, f pull.Through[[]byte, T], join func([]T) any,
) (values []T, err error) {
	values, err = pull.Collect(t.Context(), f(pull.Values(data)))
	got, gotErr := pull.Collect(t.Context(), f(pull.Values(cutInto(data, int(size))...)))
	require.Equal(t, join(values), join(got))
	require.Equal(t, err, gotErr)
	var bad *codec.DecodeError
	var text *frame.UTF8Error
	known := err == nil || err == io.ErrUnexpectedEOF || errors.As(err, &bad) ||
		errors.As(err, &text) || errors.Is(err, codec.ErrTooLarge)
	require.True(t, known, "%v", err)
	require.NotErrorIs(t, err, io.EOF)
	return values, err
}

// Any input is decompressed, or refused, in the same way however it is cut.
func FuzzDecompress(f *testing.F) {
	for kind, name := range []string{"gzip", "zlib", "deflate"} {
		chunks, err := pull.Collect(f.Context(),
			formats[name].pack(pull.Values([]byte("hello hello hello")), codec.CompressOptions{}))
		require.NoError(f, err)
		whole := bytes.Join(chunks, nil)
		f.Add(whole, byte(kind), byte(3))
		f.Add(append(whole, whole...), byte(kind), byte(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, kind, size byte) {
		name := []string{"gzip", "zlib", "deflate"}[kind%3]
		chunks, _ := eitherWay(t, data, size, formats[name].reads(1<<16), together)
		require.LessOrEqual(t, len(bytes.Join(chunks, nil)), 1<<16)
	})
}

// Values that a path leads to in what encoding/json accepts are those that
// encoding/json finds.
func FuzzJSONPath(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,null,"x"]}} {"a":[]}`), byte(2))
	f.Add([]byte(`[[[{"b":1}]]] 2`), byte(1))
	f.Add([]byte("{\"a\":\"\xff\"}"), byte(9))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		for _, path := range []string{"a.*", "..b", ""} {
			opts := codec.JSONPathOptions{MaxValue: 100, MaxDepth: 10}
			values, err := eitherWay(t, data, size, pick(path, opts), raws)
			for _, v := range values {
				require.True(t, json.Valid(v), "%q", v)
			}
			if json.Valid(data) && len(data) < 100 && err == nil && path == "" {
				require.Len(t, values, 1)
				require.JSONEq(t, string(data), string(values[0]))
			}
		}
	})
}

// Records are read in the same way however they are cut, and come back from
// what is written of them.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,\"b\n\"\"\"\r\n\nc,d"), byte(1))
	f.Add([]byte("a,\"b"), byte(2))
	f.Add([]byte("\"a\"b\n"), byte(3))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		opts := codec.CSVOptions{AnyFields: true, Comment: '#', MaxRecord: 1000}
		got, _ := eitherWay(t, data, size, csvOf(opts), all[[]string])
		chunks, err := pull.Collect(t.Context(), codec.EncodeCSV(pull.Values(got...), opts))
		require.NoError(t, err)
		opts = codec.CSVOptions{AnyFields: true}
		again, err := pull.Collect(t.Context(), codec.DecodeCSV(pull.Values(chunks...), opts))
		require.NoError(t, err)
		require.Equal(t, len(got), len(again))
	})
}

// Any input is read, or refused, in the same way however it is cut.
func FuzzGob(f *testing.F) {
	chunks, err := pull.Collect(f.Context(), codec.EncodeGob(pull.Values(
		event{Tags: map[string][]int{"a": {1, 2}}}, event{})))
	require.NoError(f, err)
	f.Add(bytes.Join(chunks, nil), byte(3))
	f.Add([]byte{0xf8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, byte(1))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		eitherWay(t, data, size, func(src pull.Source[[]byte]) pull.Source[event] {
			return codec.DecodeGob[event](src, codec.GobOptions{MaxMessage: 1000})
		}, func(events []event) any { return len(events) })
	})
}

// Text is what encoding/base64 says it is, and comes back.
func FuzzBase64(f *testing.F) {
	f.Add([]byte("QUJD\nQQ=="), byte(1))
	f.Add([]byte("QQ==Q"), byte(3))
	f.Add([]byte("QU"), byte(1))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			got, err := eitherWay(t, data, size, func(src pull.Source[[]byte]) pull.Source[[]byte] {
				return codec.DecodeBase64(src, enc)
			}, together)
			want, wantErr := enc.DecodeString(string(data))
			require.Equal(t, wantErr == nil, err == nil, "%v, not %v", err, wantErr)
			if err == nil {
				require.Equal(t, string(want), together(got))
			}
		}
	})
}
