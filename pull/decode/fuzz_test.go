package decode_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/decode"
)

// Any input, read whole or byte by byte, gives the same values, and ends
// cleanly, cut or with an Error.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,null]} "x"2`, `[1,2`, "a,\"b\nc\"\n1,2\r\n", "a,\"b",
		"<a b='c'><!--d-->e</a>", "<a><b></a>", "<?xml version='1.0'?><a>&lt;", "l\nm\r\n\nn",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		alike(t, data, func(r io.Reader) pull.Source[string] {
			return decode.Scanner(bufio.NewScanner(r))
		})
		alike(t, data, func(r io.Reader) pull.Source[json.RawMessage] {
			return decode.JSON[json.RawMessage](json.NewDecoder(r))
		})
		alike(t, data, func(r io.Reader) pull.Source[[]string] {
			return decode.CSV(csv.NewReader(r))
		})
		alike(t, data, func(r io.Reader) pull.Source[xml.Token] {
			return decode.XML(xml.NewDecoder(r))
		})
	})
}

func alike[T any](t *testing.T, data []byte, open func(io.Reader) pull.Source[T]) {
	want, wantErr := pull.Collect(t.Context(), open(bytes.NewReader(data)))
	src := open(iotest.OneByteReader(bytes.NewReader(data)))
	got, err := pull.Collect(t.Context(), src)
	require.Equal(t, want, got)
	require.Equal(t, wantErr == nil, err == nil, "%v, not %v", err, wantErr)
	require.Equal(t, wantErr == io.ErrUnexpectedEOF, err == io.ErrUnexpectedEOF)
	require.NotErrorIs(t, err, io.EOF)
	var bad *decode.Error
	known := err == nil || err == io.ErrUnexpectedEOF || errors.As(err, &bad)
	require.True(t, known, "%v", err)
	_, again := src(t.Context())
	require.Error(t, again, "the end is final")
}
