package codec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// A column is that of its name first, then in any case.
func TestCSVColumnsInAnyCase(t *testing.T) {
	type row struct {
		ID, Name string
		Other    string `csv:"oth-er"`
	}
	for text, want := range map[string]row{
		"id,name,OTH-ER\n1,a,x\n": {"1", "a", "x"},
		"id,ID\n1,2\n":            {ID: "2"},
		"ID,id\n1,2\n":            {ID: "1"},
		"x,NaMe\n1,2\n":           {Name: "2"},
	} {
		got, err := cutAnyhow(t, []byte(text), func(src pull.Source[[]byte]) pull.Source[row] {
			return codec.DecodeCSVRows[row](src, codec.CSVOptions{})
		}, all[row])
		require.NoError(t, err, text)
		assert.Equal(t, []row{want}, got, text)
	}
	both, err := collect(t, codec.DecodeCSVRows[struct{ AB, Ab string }](
		chunked("ab,Ab\n1,2\n"), codec.CSVOptions{}))
	require.NoError(t, err)
	assert.Equal(t, []struct{ AB, Ab string }{{"1", "2"}}, both)
	_, err = collect(t, codec.DecodeCSVRows[row](chunked("id,Id\n1,2\n"), codec.CSVOptions{}))
	require.ErrorIs(t, err, codec.ErrHeader)
	assert.EqualError(t, err,
		`codec: csv header at byte 0: header does not fit: "id" and "Id" are both "ID"`)
}

// A byte order mark is no part of the first column, nor of anything else.
func TestCSVByteOrderMark(t *testing.T) {
	const mark = "\ufeff"
	for _, header := range []string{"ID,Name", `"ID",Name`} {
		type row struct{ ID, Name string }
		got, err := cutAnyhow(t, []byte(mark+header+"\n1,"+mark+"a\n"),
			func(src pull.Source[[]byte]) pull.Source[row] {
				return codec.DecodeCSVRows[row](src, codec.CSVOptions{MaxRecord: 12})
			}, all[row])
		require.NoError(t, err)
		assert.Equal(t, []row{{"1", mark + "a"}}, got)
	}
	_, err := cutAnyhow(t, []byte(mark+"a\nb,c\n"), csvOf(codec.CSVOptions{}), all[[]string])
	var bad *codec.DecodeError
	require.ErrorAs(t, err, &bad)
	assert.EqualValues(t, 5, bad.Offset, "it counts")
	for _, opts := range []codec.CSVOptions{{}, {Comma: '\ufeff'}} {
		records := [][]string{{mark + "a", "b"}, {mark, "c"}, {"", "d"}}
		again := joined(t, codec.EncodeCSV(pull.Values(records...), opts))
		got, err := cutAnyhow(t, again, csvOf(opts), all[[]string])
		require.NoError(t, err)
		assert.Equal(t, records, got)
	}
	got, err := collect(t, codec.DecodeCSV(chunked(mark+"b\n"), codec.CSVOptions{Comma: '\ufeff'}))
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"", "b"}}, got, "a comma is no mark")
}

// A header that has nothing of the type says so, and what there is.
func TestCSVHeaderOfSomethingElse(t *testing.T) {
	type row struct {
		ID   int
		Name string `csv:"name"`
		No   string `csv:"-"`
	}
	for text, want := range map[string]string{
		"id;name\n1;a\n": `no column of ("id;name") is a field of ("ID", "name"); is Comma right?`,
		"a,b\n1,2\n":     `no column of ("a", "b") is a field of ("ID", "name")`,
		"No,b\n":         `no column of ("No", "b") is a field of ("ID", "name")`,
	} {
		_, err := collect(t, codec.DecodeCSVRows[row](chunked(text), codec.CSVOptions{}))
		require.ErrorIs(t, err, codec.ErrHeader)
		var bad *codec.DecodeError
		require.ErrorAs(t, err, &bad)
		assert.ErrorContains(t, err, want)
	}
	var names []string
	for i := range 10_000 {
		names = append(names, fmt.Sprint("column", i, strings.Repeat("x", 100)))
	}
	_, err := collect(t, codec.DecodeCSVRows[row](
		chunked(strings.Join(names, ",")), codec.CSVOptions{}))
	require.ErrorIs(t, err, codec.ErrHeader)
	assert.Less(t, len(err.Error()), 2000)
	assert.ErrorContains(t, err, "9984 more")
}

// A field that no text fits is refused with the header, not row by row, where
// OnError would drop them all.
func TestCSVFieldsThatCannotBeMadeOfText(t *testing.T) {
	type row struct {
		Name string
		Tags []string
		Any  any
		At   *time.Time
		When time.Time
	}
	opts := codec.CSVOptions{OnError: func(error) error { return nil }}
	for text, want := range map[string]string{
		"Name,tags\na,b\n": `column "tags": a []string cannot be made of text`,
		"Name,Any\na,\n":   `column "Any": a interface {} cannot be made of text`,
		"Name,At\n":        `column "At": a *time.Time cannot be made of text`,
	} {
		got, err := collect(t, codec.DecodeCSVRows[row](chunked(text), opts))
		assert.Empty(t, got, text)
		require.ErrorIs(t, err, codec.ErrHeader)
		assert.EqualError(t, err, "codec: csv header at byte 0: header does not fit: "+want)
	}
	got, err := collect(t, codec.DecodeCSVRows[row](
		chunked("Name,When\na,2001-02-03T04:05:06Z\n"), opts))
	require.NoError(t, err, "no column is theirs")
	assert.Equal(t, []row{{Name: "a", When: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)}}, got)
}
