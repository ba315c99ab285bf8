package decode_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/decode"
)

var errBoom = errors.New("boom")

func collect[T any](src pull.Source[T]) ([]T, error) {
	return pull.Collect(context.Background(), src)
}

// requireError wants an Error of format, and src to have ended with it.
func requireError[T any](t *testing.T, src pull.Source[T], err error, format string) {
	t.Helper()
	var derr *decode.Error
	require.ErrorAs(t, err, &derr)
	require.Equal(t, format, derr.Format)
	require.ErrorContains(t, err, "decode: "+format+": ")
	_, again := src(context.Background())
	require.Equal(t, err, again)
}

func TestScannerWithALimit(t *testing.T) {
	s := bufio.NewScanner(strings.NewReader("short\nmuch too long\n"))
	s.Buffer(nil, 8)
	src := decode.Scanner(s)
	lines, err := collect(src)
	require.Equal(t, []string{"short"}, lines)
	require.ErrorIs(t, err, bufio.ErrTooLong)
	requireError(t, src, err, "lines")
}

func TestScannerSplits(t *testing.T) {
	s := bufio.NewScanner(strings.NewReader(" two  words "))
	s.Split(bufio.ScanWords)
	words, err := collect(decode.Scanner(s))
	require.NoError(t, err)
	require.Equal(t, []string{"two", "words"}, words)
}

func TestJSONCut(t *testing.T) {
	const text = `{"a":[1,"é"]} {"a":null}`
	for n := range len(text) {
		src := decode.JSON[map[string]any](json.NewDecoder(strings.NewReader(text[:n])))
		_, err := collect(src)
		switch n {
		case 0, strings.Index(text, "}") + 1, strings.Index(text, "}") + 2:
			require.NoError(t, err, text[:n])
		default:
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, text[:n])
			requireError(t, src, err, "json")
		}
	}
}

func TestJSONThatIsNone(t *testing.T) {
	src := decode.JSON[int](json.NewDecoder(strings.NewReader("1 2 x 3")))
	vs, err := collect(src)
	require.Equal(t, []int{1, 2}, vs)
	requireError(t, src, err, "json")
	var syntax *json.SyntaxError
	require.ErrorAs(t, err, &syntax)

	src = decode.JSON[int](json.NewDecoder(strings.NewReader(`1 "two" 3`)))
	_, err = collect(src)
	var mismatch *json.UnmarshalTypeError
	require.ErrorAs(t, err, &mismatch)
	requireError(t, src, err, "json")
}

func TestJSONValuesAreFresh(t *testing.T) {
	type row struct{ A, B int }
	rows, err := collect(decode.JSON[row](json.NewDecoder(strings.NewReader(`{"A":1}{"B":2}null`))))
	require.NoError(t, err)
	require.Equal(t, []row{{A: 1}, {B: 2}, {}}, rows)
}

func TestCSVRecordsAreTheReceivers(t *testing.T) {
	r := csv.NewReader(strings.NewReader("a;b\nc;d\n"))
	r.Comma, r.ReuseRecord = ';', true
	records, err := collect(decode.CSV(r))
	require.NoError(t, err)
	require.Equal(t, [][]string{{"a", "b"}, {"c", "d"}}, records)
}

func TestCSVThatIsNone(t *testing.T) {
	src := decode.CSV(csv.NewReader(strings.NewReader("a,b\nc,d,e\nf,g\n")))
	records, err := collect(src)
	require.Equal(t, [][]string{{"a", "b"}}, records, "and no value with the error")
	require.ErrorIs(t, err, csv.ErrFieldCount)
	requireError(t, src, err, "csv")

	src = decode.CSV(csv.NewReader(strings.NewReader("a,\"b")))
	_, err = collect(src)
	require.ErrorIs(t, err, csv.ErrQuote, "a quote that is still open")
	requireError(t, src, err, "csv")
}

func TestXMLCut(t *testing.T) {
	const text = `<a href="x">text<b/></a>`
	whole, err := collect(decode.XML(xml.NewDecoder(strings.NewReader(text))))
	require.NoError(t, err)
	require.Len(t, whole, 5)
	require.Equal(t, xml.CharData("text"), whole[1], "not overwritten")
	for n := 1; n < len(text); n++ {
		src := decode.XML(xml.NewDecoder(strings.NewReader(text[:n])))
		_, err := collect(src)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, text[:n])
		requireError(t, src, err, "xml")
	}
	src := decode.XML(xml.NewDecoder(strings.NewReader("<a></b>")))
	_, err = collect(src)
	require.NotErrorIs(t, err, io.ErrUnexpectedEOF)
	requireError(t, src, err, "xml")
}

func TestReadersThatFail(t *testing.T) {
	bad := func() io.Reader { return iotest.ErrReader(errBoom) }
	for _, err := range []error{
		last(decode.Scanner(bufio.NewScanner(bad()))),
		last(decode.JSON[int](json.NewDecoder(bad()))),
		last(decode.CSV(csv.NewReader(bad()))),
		last(decode.XML(xml.NewDecoder(bad()))),
	} {
		require.ErrorIs(t, err, errBoom)
		var derr *decode.Error
		require.ErrorAs(t, err, &derr)
	}
}

func last[T any](src pull.Source[T]) error {
	_, err := src(context.Background())
	return err
}

// A reader made of a source is interrupted by its own context.
func TestJSONInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		r := pull.NewReader(ctx, pull.FromChan[[]byte](nil))
		errs := make(chan error)
		go func() { errs <- last(decode.JSON[int](json.NewDecoder(r))) }()
		synctest.Wait()
		cancel(errBoom)
		require.ErrorIs(t, <-errs, errBoom)
		require.NoError(t, r.Close())
	})
}
