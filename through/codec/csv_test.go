package codec_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

func csvOf(opts codec.CSVOptions) pull.Through[[]byte, []string] {
	return func(src pull.Source[[]byte]) pull.Source[[]string] { return codec.DecodeCSV(src, opts) }
}

func TestCSV(t *testing.T) {
	text := "a,\"b\"\"\r\n,c\",\r\n\n# x\nü,\"\"\"\",\" \"\nlast,,x"
	got, err := cutAnyhow(t, []byte(text), csvOf(codec.CSVOptions{Comment: '#'}), all[[]string])
	require.NoError(t, err)
	want := [][]string{{"a", "b\"\n,c", ""}, {"ü", "\"", " "}, {"last", "", "x"}}
	assert.Equal(t, want, got)
	for _, comma := range []rune{0, ';', '–'} {
		opts := codec.CSVOptions{Comma: comma}
		lines := joined(t, codec.EncodeCSV(pull.Values(want...), opts))
		got, err = cutAnyhow(t, lines, csvOf(opts), all[[]string])
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestCSVRefuses(t *testing.T) {
	for bad, at := range map[string]int64{"a\"b,c\n": 4, "\"a\"b,c\n": 4, "x\n": 4, "x,y,z\n\"": 4} {
		got, err := cutAnyhow(t, []byte("1,2\n"+bad), csvOf(codec.CSVOptions{}), all[[]string])
		var wrong *codec.DecodeError
		require.ErrorAs(t, err, &wrong, bad)
		assert.Equal(t, at, wrong.Offset)
		assert.Equal(t, [][]string{{"1", "2"}}, got)
	}
	for _, cut := range []string{"1,\"", "1,\"2", "1,\"2\n3"} {
		_, err := cutAnyhow(t, []byte("1,2\n"+cut), csvOf(codec.CSVOptions{}), all[[]string])
		require.Equal(t, io.ErrUnexpectedEOF, err, cut)
	}
	short := csvOf(codec.CSVOptions{MaxRecord: 5})
	_, err := cutAnyhow(t, []byte("1,2\n\"345\n\n"), short, all[[]string])
	assert.Equal(t, &codec.SizeError{Format: "csv", Max: 5, Offset: 4}, err)
	_, err = collect(t, codec.EncodeCSV(pull.Values([]string{"a"}),
		codec.CSVOptions{Comma: '"'}))
	require.Error(t, err)
	free := csvOf(codec.CSVOptions{AnyFields: true})
	got, err := cutAnyhow(t, []byte("1,2\n3\n"), free, all[[]string])
	require.NoError(t, err)
	assert.Len(t, got, 2)
}

type person struct {
	Name  string
	Age   int8    `csv:"age"`
	Score float32 `csv:"score"`
	Good  bool
	Born  time.Time
	Skip  string `csv:"-"`
	N     uint
}

func TestCSVRows(t *testing.T) {
	text := "Name,age,score,other,Good,Born,Skip,N\nAda,36,1.5,x,true,1815-12-10T00:00:00Z,y,7\n" +
		"Bob,,,,,1815-12-10T00:00:00Z,,\n"
	rows := codec.DecodeCSVRows[person](pull.Values([]byte(text)), codec.CSVOptions{})
	got, err := collect(t, rows)
	require.NoError(t, err)
	born := time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, []person{{"Ada", 36, 1.5, true, born, "", 7}, {Name: "Bob", Born: born}}, got)

	maps, err := collect(t, codec.DecodeCSVRows[map[string]string](
		chunked("a,b\n1,2\n3\n4,5,6\n"), codec.CSVOptions{AnyFields: true}))
	require.NoError(t, err)
	assert.Equal(t, []map[string]string{{"a": "1", "b": "2"}, {"a": "3"}, {"a": "4", "b": "5"}}, maps)

	for bad, want := range map[string]string{
		"age\n300\n": `codec: csv row 1: column "age": ` +
			`strconv.ParseInt: parsing "300": value out of range`,
		"Name,Name\n": `codec: csv header at byte 0: header does not fit: "Name" is there twice`,
		"Good\nperhaps": `codec: csv row 1: column "Good": ` +
			`strconv.ParseBool: parsing "perhaps": invalid syntax`,
	} {
		_, err = collect(t, codec.DecodeCSVRows[person](chunked(bad), codec.CSVOptions{}))
		assert.EqualError(t, err, want)
	}
	_, err = collect(t, codec.DecodeCSVRows[int](chunked("a\n1"), codec.CSVOptions{}))
	assert.ErrorIs(t, err, codec.ErrHeader)
	empty, err := collect(t, codec.DecodeCSVRows[person](pull.Empty[[]byte](), codec.CSVOptions{}))
	require.NoError(t, err)
	assert.Empty(t, empty)
}
