package codec_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/codec"
)

// Lines that are refused are told and left out, those that are too long too.
// row: G11
func TestJSONGoesOn(t *testing.T) {
	const in = "1\nnope\n\n[123456789]\r\n{}}\n\"\xff\"\n" + `"1234567` + "\n2\r\n1234567890123\n3\n{"
	const told = "2 4 5 6 7 9 11"
	for size := 1; size < 20; size++ {
		var lines []string
		src := codec.DecodeJSON[any](pull.Values(cutInto([]byte(in), size)...), codec.JSONOptions{
			MaxLine: 9, OnError: func(e *codec.LineError) error {
				lines = append(lines, fmt.Sprint(e.Line))
				long := e.Line == 4 || e.Line == 9
				assert.Equal(t, long, errors.Is(e, codec.ErrTooLarge), "%v", e)
				assert.Equal(t, e.Line == 7 || e.Line == 11, errors.Is(e, io.ErrUnexpectedEOF), "%v", e)
				return nil
			}})
		got, err := collect(t, src)
		require.NoError(t, err)
		require.Equal(t, "[1 2 3]", fmt.Sprint(got))
		require.Equal(t, told, strings.Join(lines, " "))
	}
}

// What OnError returns is the failure, whatever it is; a panic of it is one too.
func TestOnErrorFails(t *testing.T) {
	for _, bad := range []error{io.EOF, assert.AnError} {
		for name, src := range map[string]func() error{
			"json": func() error {
				_, err := collect(t, codec.DecodeJSON[int](chunked("1\nx\n2"),
					codec.JSONOptions{OnError: func(*codec.LineError) error { return bad }}))
				return err
			},
			"csv": func() error {
				_, err := collect(t, codec.DecodeCSV(chunked("1\n2,3\n4"),
					codec.CSVOptions{OnError: func(error) error { return bad }}))
				return err
			},
			"rows": func() error {
				_, err := collect(t, codec.DecodeCSVRows[struct{ A int }](chunked("a\nx\n4"),
					codec.CSVOptions{OnError: func(error) error { return bad }}))
				return err
			},
		} {
			err := src()
			require.Error(t, err, name)
			assert.NotErrorIs(t, err, io.EOF, name)
			assert.Equal(t, bad != io.EOF, errors.Is(err, bad), name)
		}
	}
}

// The rest of a line that is too long takes no memory.
func TestJSONLongLineTakesNoMemory(t *testing.T) {
	chunk := []byte(strings.Repeat("1", 1<<16))
	res := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			told := 0
			fed := through.Take(pull.Forever(func() []byte { return chunk }), 1000)
			_, err := pull.Collect(b.Context(), codec.DecodeJSON[int](fed, codec.JSONOptions{
				MaxLine: 1000, OnError: func(*codec.LineError) error { told++; return nil }}))
			require.NoError(b, err)
			require.Equal(b, 1, told)
		}
	})
	assert.Less(t, res.AllocedBytesPerOp(), int64(10_000))
}

// Bad records are told and left out, up to their end as quotes have it.
func TestCSVGoesOn(t *testing.T) {
	const in = "a,b\n1,2\n3\n\"x\"y,4\n5\"\n\"long,\nlong, long, long\"\",long\",6\n7,8\n" +
		"\"q\"\"\n\"z\",9\n\"p\"p,\"r\ns\"\n10,11"
	for size := 1; size < 30; size++ {
		var told []string
		src := codec.DecodeCSV(pull.Values(cutInto([]byte(in), size)...), codec.CSVOptions{
			MaxRecord: 20, OnError: func(err error) error {
				told = append(told, err.Error())
				return nil
			}})
		got, err := collect(t, src)
		require.NoError(t, err)
		require.Equal(t, [][]string{{"a", "b"}, {"1", "2"}, {"7", "8"}, {"10", "11"}}, got)
		require.Len(t, told, 6)
		assert.Equal(t, "codec: csv at byte 8: record on line 3: wrong number of fields", told[0])
		assert.Equal(t, `codec: csv at byte 10: parse error on line 4, column 3: extraneous or `+
			`missing " in quoted-field`, told[1])
		assert.Equal(t, "codec: too large: csv at byte 20, at most 20 bytes allowed", told[3])
	}
	got, err := collect(t, codec.DecodeCSV(chunked("\"a\"b,\"c\nd,e,f\n\"\n1,2\n"),
		codec.CSVOptions{OnError: func(error) error { return nil }}))
	require.NoError(t, err, "how many fields there are is not for a bad record to say")
	assert.Equal(t, [][]string{{"1", "2"}}, got)
	_, err = collect(t, codec.DecodeCSV(chunked("1\n\"2\n3,4\n5"),
		codec.CSVOptions{OnError: func(error) error { return nil }}))
	assert.Equal(t, io.ErrUnexpectedEOF, err, "an end inside quotes is not excused")
	_, err = collect(t, codec.DecodeCSV(chunked("1\n2\n"),
		codec.CSVOptions{Comma: '"', OnError: func(error) error { return nil }}))
	assert.Error(t, err, "nor is a comma that cannot be one")
}

// Rows that are refused are left out, but no header is.
func TestCSVRowsGoOn(t *testing.T) {
	type row struct{ A, B int }
	var told []error
	opts := codec.CSVOptions{MaxRecord: 9, OnError: func(err error) error {
		told = append(told, err)
		return nil
	}}
	got, err := collect(t, codec.DecodeCSVRows[row](chunked("a,b\n1,2\nx,3\n4\n5,y\n6,7\n"), opts))
	require.NoError(t, err)
	assert.Equal(t, []row{{1, 2}, {6, 7}}, got)
	require.Len(t, told, 3)
	var bad *codec.RowError
	require.ErrorAs(t, told[0], &bad)
	assert.EqualValues(t, 2, bad.Row)
	require.ErrorAs(t, told[2], &bad)
	assert.EqualValues(t, 4, bad.Row, "a bad record is a row too")
	told = nil
	_, err = collect(t, codec.DecodeCSVRows[row](chunked("a,\"bbbbbbbbb\"\na,b\n1,2\n"), opts))
	require.ErrorIs(t, err, codec.ErrTooLarge)
	assert.Empty(t, told)
}
