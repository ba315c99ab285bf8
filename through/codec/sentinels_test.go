package codec_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

// Every decoder fails in the same words: too large, wrong, not UTF-8, cut off.
func TestDecodersAgree(t *testing.T) {
	type row struct{ A int }
	reads := func(f func(src pull.Source[[]byte]) error) func(string) error {
		return func(text string) error { return f(pull.Values([]byte(text))) }
	}
	packed := func(name string) string {
		return string(joined(t, formats[name].pack(pull.Values(make([]byte, 100)), codec.CompressOptions{})))
	}
	unpack := func(name string) func(string) error {
		return reads(func(src pull.Source[[]byte]) error {
			_, err := collect(t, formats[name].reads(9)(src))
			return err
		})
	}
	gob := string(joined(t, codec.EncodeGob(pull.Values("a gob that is longer"))))
	json := reads(func(src pull.Source[[]byte]) error {
		_, err := collect(t, codec.DecodeJSON[any](src, codec.JSONOptions{MaxLine: 9}))
		return err
	})
	path := reads(func(src pull.Source[[]byte]) error {
		_, err := collect(t, codec.JSONPath[any](src, "a", codec.JSONPathOptions{MaxValue: 9}))
		return err
	})
	entries := reads(func(src pull.Source[[]byte]) error {
		_, err := collect(t, codec.JSONEntries[any](src, "*.*", codec.JSONPathOptions{MaxValue: 9}))
		return err
	})
	csv := reads(func(src pull.Source[[]byte]) error {
		_, err := collect(t, codec.DecodeCSV(src, codec.CSVOptions{MaxRecord: 9}))
		return err
	})
	rows := reads(func(src pull.Source[[]byte]) error {
		_, err := collect(t, codec.DecodeCSVRows[row](src, codec.CSVOptions{MaxRecord: 9}))
		return err
	})
	gobs := reads(func(src pull.Source[[]byte]) error {
		_, err := collect(t, codec.DecodeGob[string](src, codec.GobOptions{MaxMessage: 20}))
		return err
	})
	const long = "1234567890"
	for _, c := range []struct {
		name              string
		read              func(string) error
		large, bad, runes string
		cut               []string
	}{
		{"json", json, long, "x", `"` + "\xff" + `"`, []string{"[1", `"`, "tr", "\"\xc3"}},
		{"path", path, `{"a":` + long + "}", `{"a":x}`, `{"a":"` + "\xff" + `"}`,
			[]string{`{"a":1`, `{"a`, "[", `{"a":tr`}},
		{"entries", entries, `[{"a":` + long + "}]", `[{"a":x}]`, `[{"a":"` + "\xff" + `"}]`,
			[]string{`[`, `[{"a":1`}},
		{"csv", csv, long, `a"b`, "", []string{`"a`, "1\n\"2\n"}},
		{"rows", rows, long, "a\n\"x\"y", "", []string{`"a`, "a\n\"2\n"}},
		{"gob", gobs, gob, "\x00\x00\x00", "", []string{"\x05a", "\xff"}},
		{"gzip", unpack("gzip"), packed("gzip"), long, "", []string{"", "\x1f", packed("gzip")[:11]}},
		{"zlib", unpack("zlib"), packed("zlib"), long, "", []string{"", "\x78", packed("zlib")[:5]}},
		{"deflate", unpack("deflate"), packed("deflate"), "\x07" + long, "",
			[]string{"", packed("deflate")[:1]}},
	} {
		err := c.read(c.large)
		assert.ErrorIs(t, err, codec.ErrTooLarge, "%s", c.name)
		assert.NotErrorIs(t, err, io.ErrUnexpectedEOF, "%s", c.name)
		err = c.read(c.bad)
		assert.True(t, isA[*codec.DecodeError](err) || isA[*codec.LineError](err), "%s: %v", c.name, err)
		assert.NotErrorIs(t, err, codec.ErrTooLarge, "%s", c.name)
		assert.False(t, strings.HasSuffix(err.Error(), "EOF"), "%s: %v", c.name, err)
		if c.runes != "" {
			err = c.read(c.runes)
			assert.ErrorIs(t, err, frame.ErrUTF8, "%s", c.name)
			assert.NotErrorIs(t, err, io.ErrUnexpectedEOF, "%s", c.name)
		}
		for _, cut := range c.cut {
			err = c.read(cut)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%s of %q", c.name, cut)
			assert.NotErrorIs(t, err, io.EOF)
			assert.NotErrorIs(t, err, codec.ErrTooLarge)
		}
	}
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// Offsets say where the damage is, in all that was read, and say it once.
func TestOffsetsOfDamage(t *testing.T) {
	gz := string(joined(t, codec.Gzip(chunked("hello"), codec.CompressOptions{})))
	for text, want := range map[string]string{
		"no gzip at all":                "codec: gzip at byte 0: gzip: invalid header",
		gz + "no gzip at all":           "codec: gzip at byte 29: gzip: invalid header",
		gz[:10] + "\x07" + gz[11:]:      "codec: gzip at byte 11: flate: corrupt input before offset 11",
		gz + gz[:10] + "\x07" + gz[11:]: "codec: gzip at byte 40: flate: corrupt input before offset 40",
	} {
		_, err := cutAnyhow(t, []byte(text), formats["gzip"].reads(0), together)
		assert.EqualError(t, err, want)
	}
	_, err := cutAnyhow(t, []byte("no zlib at all"), formats["zlib"].reads(0), together)
	assert.EqualError(t, err, "codec: zlib at byte 0: zlib: invalid header")
	_, err = collect(t, codec.DecodeGob[int](pull.Values(make([]byte, 5)), codec.GobOptions{}))
	assert.EqualError(t, err, "codec: gob at byte 0: ended too soon")
}
