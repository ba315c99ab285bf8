package codec_test

import (
	"encoding/json"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/codec"
)

func jsonEntriesConforms(t *testing.T) {
	type entry = codec.JSONEntry[json.RawMessage]
	pulltest.Through(t, entries("*", codec.JSONPathOptions{}), pulltest.ThroughOptions[[]byte, entry]{
		Value: pieces(`{"a":1}`, `{"a"`, `:"x"}`, " ", `{"a":[]} {"a":2}`),
		Want: wants(func(text string) entry {
			return entry{Path: []string{"a"}, Value: json.RawMessage(text)}
		}, "1", "", `"x"`, "", "[] 2"),
		Fail: entries("a", codec.JSONPathOptions{MaxValue: 2}),
		Panic: entries("<x>", codec.JSONPathOptions{Keys: map[string]func(string) bool{
			"x": func(string) bool { panic("key") },
		}}),
	})
}

func skippingJSONConforms(t *testing.T) {
	lines := func(onError func(*codec.LineError) error) pull.Through[[]byte, json.RawMessage] {
		return func(src pull.Source[[]byte]) pull.Source[json.RawMessage] {
			return codec.DecodeJSON[json.RawMessage](src,
				codec.JSONOptions{MaxLine: 6, OnError: onError})
		}
	}
	pulltest.Through(t, lines(func(*codec.LineError) error { return nil }),
		pulltest.ThroughOptions[[]byte, json.RawMessage]{
			Value: pieces("1\nx\n", "2", "345678", "9\n", "\"a\"\n3\n"),
			Want:  wants(rawJSON, "1", "", "", "", `"a" 3`),
			Fail:  lines(func(e *codec.LineError) error { return e }),
			Panic: lines(func(*codec.LineError) error { panic("line") }),
		})
}

func skippingCSVConforms(t *testing.T) {
	records := func(onError func(error) error) pull.Through[[]byte, []string] {
		return csvOf(codec.CSVOptions{MaxRecord: 6, OnError: onError})
	}
	pulltest.Through(t, records(func(error) error { return nil }),
		pulltest.ThroughOptions[[]byte, []string]{
			Value: pieces("a\nx\"\n", "2", "345678", "9\n", "\"a\"\n3,\n"),
			Want:  wants(func(text string) []string { return []string{text} }, "a", "", "", "", "a"),
			Fail:  records(func(err error) error { return err }),
			Panic: records(func(error) error { panic("record") }),
		})
}
