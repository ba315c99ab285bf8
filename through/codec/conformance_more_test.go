package codec_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"hash"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/codec"
)

// pieces are a root's chunks; what each of them completes is in wants, with a
// space between two values. After 0, 1, 4 and 5 of them no value is cut.
func pieces(texts ...string) func(i int) []byte {
	return func(i int) []byte { return []byte(texts[i%len(texts)]) }
}

func wants[B any](make func(text string) B, texts ...string) func(in [][]byte) []B {
	return func(in [][]byte) (out []B) {
		for i := range in {
			for _, text := range strings.Fields(texts[i%len(texts)]) {
				out = append(out, make(text))
			}
		}
		return out
	}
}

func rawJSON(text string) json.RawMessage { return json.RawMessage(text) }

func jsonPathConforms(t *testing.T) {
	path := pick("a", codec.JSONPathOptions{})
	pulltest.Through(t, path, pulltest.ThroughOptions[[]byte, json.RawMessage]{
		Value: pieces(`{"h":0,"a":1}`, `{"a"`, `:"x"}`, " ", `{"a":[]} {"a":2}`),
		Want:  wants(rawJSON, "1", "", `"x"`, "", "[] 2"),
		Fail:  pick("a", codec.JSONPathOptions{MaxValue: 2}),
		Panic: pick("a", codec.JSONPathOptions{Header: func(map[string]json.RawMessage) error {
			panic("header")
		}}),
	})
}

func decodeCSVConforms(t *testing.T) {
	record := func(text string) []string { return strings.Split(text, ",") }
	pulltest.Through(t, csvOf(codec.CSVOptions{}), pulltest.ThroughOptions[[]byte, []string]{
		Value: pieces("a,b\n", "\"c\",", "d\n", "", "\ne,f\ng,h\n"),
		Want:  wants(record, "a,b", "", "c,d", "", "e,f g,h"),
		Fail:  csvOf(codec.CSVOptions{MaxRecord: 3}),
	})
}

type panicky struct{}

func (panicky) UnmarshalText([]byte) error { panic("unmarshal") }

func decodeCSVRowsConforms(t *testing.T) {
	rows := func(opts codec.CSVOptions) pull.Through[[]byte, map[string]string] {
		return func(src pull.Source[[]byte]) pull.Source[map[string]string] {
			return codec.DecodeCSVRows[map[string]string](src, opts)
		}
	}
	pulltest.Through(t, rows(codec.CSVOptions{}), pulltest.ThroughOptions[[]byte, map[string]string]{
		Value: pieces("a\n"),
		Want: func(in [][]byte) (out []map[string]string) {
			for range max(len(in), 1) - 1 {
				out = append(out, map[string]string{"a": "a"})
			}
			return out
		},
		Fail: rows(codec.CSVOptions{MaxRecord: 1}),
		Panic: func(src pull.Source[[]byte]) pull.Source[map[string]string] {
			odd := codec.DecodeCSVRows[struct {
				A panicky `csv:"a"`
			}](src, codec.CSVOptions{})
			return through.Map(odd, func(struct {
				A panicky `csv:"a"`
			}) map[string]string {
				return nil
			})
		},
	})
}

func encodeCSVConforms(t *testing.T) {
	encode := func(comma rune) pull.Through[[]string, []byte] {
		return func(src pull.Source[[]string]) pull.Source[[]byte] {
			return codec.EncodeCSV(src, codec.CSVOptions{Comma: comma})
		}
	}
	pulltest.Through(t, encode(0), pulltest.ThroughOptions[[]string, []byte]{
		Value: func(int) []string { return []string{"a", "b,"} },
		Want: func(in [][]string) (out [][]byte) {
			for range in {
				out = append(out, []byte("a,\"b,\"\n"))
			}
			return out
		},
		Fail: encode('"'),
	})
}

type oddGob int

func (o oddGob) GobEncode() ([]byte, error) { panic("encode") }
func (o *oddGob) GobDecode([]byte) error    { panic("decode") }

func decodeGobConforms(t *testing.T) {
	read := func(most int) pull.Through[[]byte, int] {
		return func(src pull.Source[[]byte]) pull.Source[int] {
			return codec.DecodeGob[int](src, codec.GobOptions{MaxMessage: most})
		}
	}
	chunk := func(v any) []byte {
		var buf bytes.Buffer
		assert.NoError(t, gob.NewEncoder(&buf).Encode(v))
		return buf.Bytes()
	}
	pulltest.Through(t, read(0), pulltest.ThroughOptions[[]byte, int]{
		Value: func(i int) []byte { return chunk(i) },
		Want: func(in [][]byte) (out []int) {
			for i := range in {
				out = append(out, i)
			}
			return out
		},
		Fail: read(2),
		Panic: func(src pull.Source[[]byte]) pull.Source[int] {
			stream := joinedGob(t)
			odd := codec.DecodeGob[oddGob](through.Map(src, func([]byte) []byte { return stream }),
				codec.GobOptions{})
			return through.Map(odd, func(o oddGob) int { return int(o) })
		},
	})
}

type evenGob int

func (evenGob) GobEncode() ([]byte, error) { return []byte{1}, nil }

// joinedGob is a gob stream of a value with methods of its own.
func joinedGob(t *testing.T) []byte {
	var buf bytes.Buffer
	assert.NoError(t, gob.NewEncoder(&buf).Encode(evenGob(1)))
	return buf.Bytes()
}

func encodeGobConforms(t *testing.T) {
	odd := func(as any) pull.Through[int, []byte] {
		return func(src pull.Source[int]) pull.Source[[]byte] {
			return codec.EncodeGob(through.Map(src, func(int) any { return as }))
		}
	}
	pulltest.Through(t, codec.EncodeGob[int], pulltest.ThroughOptions[int, []byte]{
		Want: func(in []int) (out [][]byte) {
			var buf bytes.Buffer
			enc := gob.NewEncoder(&buf)
			for _, n := range in {
				assert.NoError(t, enc.Encode(n))
				out = append(out, bytes.Clone(buf.Bytes()))
				buf.Reset()
			}
			return out
		},
		Fail:  odd(func() {}),
		Panic: odd(oddGob(1)),
	})
}

func decodeBase64Conforms(t *testing.T) {
	decode := func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return codec.DecodeBase64(src, base64.StdEncoding)
	}
	pulltest.Through(t, decode, pulltest.ThroughOptions[[]byte, []byte]{
		Value: pieces("QUJD", "QU", "JD", "", "\nQUJDQUJD"),
		Want: wants(func(text string) []byte { return []byte(text) },
			"ABC", "", "ABC", "", "ABCABC"),
		Fail: func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return decode(through.Map(src, func([]byte) []byte { return []byte("QUJD!!!!") }))
		},
	})
}

func encodeBase64Conforms(t *testing.T) {
	encode := func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return codec.EncodeBase64(src, base64.StdEncoding)
	}
	pulltest.Through(t, encode, pulltest.ThroughOptions[[]byte, []byte]{
		Value: pieces("ABC", "AB", "C", "", "ABCABC"),
		Want: wants(func(text string) []byte { return []byte(text) },
			"QUJD", "", "QUJD", "", "QUJDQUJD"),
	})
}

func gunzipConforms(t *testing.T) {
	one := string(joined(t, codec.Gzip(pull.Values([]byte("hello")), codec.CompressOptions{})))
	pulltest.Through(t, formats["gzip"].reads(0), pulltest.ThroughOptions[[]byte, []byte]{
		Value:   pieces(one, one[:20], one[20:], "", one+one),
		WantEnd: hellos(len(one)),
		Fail:    formats["gzip"].reads(3),
	})
}

// hellos is what comes of streams of size bytes. None is a truncated one.
func hellos(size int) func(in [][]byte, end error) (out [][]byte, err error) {
	return func(in [][]byte, end error) (out [][]byte, err error) {
		for range len(bytes.Join(in, nil)) / size {
			out = append(out, []byte("hello"))
		}
		if end == io.EOF && out == nil {
			return nil, io.ErrUnexpectedEOF
		}
		return out, nil
	}
}

// unpackConforms has all bytes in the first chunk.
func unpackConforms(
	t *testing.T, pack func(pull.Source[[]byte], codec.CompressOptions) pull.Source[[]byte],
	unpack func(pull.Source[[]byte], codec.DecompressOptions) pull.Source[[]byte],
) {
	one := joined(t, pack(pull.Values([]byte("hello")), codec.CompressOptions{}))
	reads := format{pack: pack, unpack: unpack}.reads
	pulltest.Through(t, reads(0), pulltest.ThroughOptions[[]byte, []byte]{
		Value: func(i int) []byte {
			if i > 0 {
				return []byte{}
			}
			return bytes.Clone(one)
		},
		WantEnd: hellos(len(one)),
		Fail:    reads(3),
	})
}

func packConforms(
	t *testing.T, pack func(pull.Source[[]byte], codec.CompressOptions) pull.Source[[]byte],
) {
	for _, flush := range []bool{true, false} {
		through := func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return pack(src, codec.CompressOptions{Flush: flush})
		}
		pulltest.Through(t, through, pulltest.ThroughOptions[[]byte, []byte]{})
	}
}

// fixed is a hash that always has the same sum, or that panics.
type fixed struct {
	hash.Hash32
	panics bool
}

func (f fixed) Sum([]byte) []byte { return []byte("sum") }
func (f fixed) Write(b []byte) (int, error) {
	if f.panics {
		panic("hash")
	}
	return f.Hash32.Write(b)
}

func same(in [][]byte) [][]byte { return append([][]byte(nil), in...) }

func hashConforms(t *testing.T) {
	hashed := func(panics bool) pull.Through[[]byte, []byte] {
		return func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return codec.Hash(src, fixed{crc32.NewIEEE(), panics})
		}
	}
	pulltest.Through(t, hashed(false), pulltest.ThroughOptions[[]byte, []byte]{
		Want: same, Panic: hashed(true),
	})
}

func verifyConforms(t *testing.T) {
	verified := func(panics bool, want string) pull.Through[[]byte, []byte] {
		return func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return codec.Verify(src, fixed{crc32.NewIEEE(), panics}, []byte(want))
		}
	}
	pulltest.Through(t, verified(false, "sum"), pulltest.ThroughOptions[[]byte, []byte]{
		Want: same, Panic: verified(true, "sum"), Fail: verified(false, "other"),
	})
}
