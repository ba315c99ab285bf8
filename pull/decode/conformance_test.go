package decode_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/decode"
	"github.com/weir-go/weir/pull/pulltest"
)

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("read") }

// check runs what decoder makes of text through pulltest.
func check[T any](t *testing.T, decoder func(io.Reader) pull.Source[T], text string, want ...T) {
	pulltest.Source(t, func() pull.Source[T] { return decoder(strings.NewReader(text)) },
		pulltest.SourceOptions[T]{
			Want:  want,
			Panic: func() pull.Source[T] { return decoder(panicking{}) },
		})
}

func TestConformance(t *testing.T) {
	t.Run("Scanner", func(t *testing.T) {
		check(t, func(r io.Reader) pull.Source[string] {
			return decode.Scanner(bufio.NewScanner(r))
		}, "a\n\nb", "a", "", "b")
	})
	t.Run("JSON", func(t *testing.T) {
		check(t, func(r io.Reader) pull.Source[int] {
			return decode.JSON[int](json.NewDecoder(r))
		}, "0 1\n2", 0, 1, 2)
	})
	t.Run("CSV", func(t *testing.T) {
		check(t, func(r io.Reader) pull.Source[[]string] {
			return decode.CSV(csv.NewReader(r))
		}, "a,b\nc,d\n", []string{"a", "b"}, []string{"c", "d"})
	})
	t.Run("XML", func(t *testing.T) {
		check(t, func(r io.Reader) pull.Source[xml.Token] {
			return decode.XML(xml.NewDecoder(r))
		}, "<!--c-->text", xml.Token(xml.Comment("c")), xml.Token(xml.CharData("text")))
	})
}
