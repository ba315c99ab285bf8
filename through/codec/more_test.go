package codec_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

// cutInto cuts data into chunks of size bytes, of which every third is empty.
func cutInto(data []byte, size int) (chunks [][]byte) {
	for len(data) > 0 {
		n := min(max(size, 1), len(data))
		chunks = append(chunks, data[:n:n])
		if data = data[n:]; len(chunks)%3 == 2 {
			chunks = append(chunks, nil)
		}
	}
	return chunks
}

// cutAnyhow reads data in every two chunks and byte by byte, and wants the same
// each time: join tells what of it matters.
func cutAnyhow[T any](
	t *testing.T, data []byte, f pull.Through[[]byte, T], join func([]T) any,
) (any, error) {
	t.Helper()
	before := bytes.Clone(data)
	read := func(chunks ...[]byte) (any, error) {
		ended := 0
		src := pull.From(pull.Values(chunks...), func(error) error { ended++; return nil })
		got, err := pull.Collect(t.Context(), f(src))
		require.Equal(t, 1, ended)
		return join(got), err
	}
	want, wantErr := read(data)
	for i := range data {
		got, err := read(data[:i], data[i:])
		require.Equal(t, want, got, "cut at %d", i)
		require.Equal(t, wantErr, err, "cut at %d", i)
	}
	got, err := read(cutInto(data, 1)...)
	require.Equal(t, want, got)
	require.Equal(t, wantErr, err)
	require.Equal(t, before, data, "chunks are src's")
	return want, wantErr
}

func all[T any](values []T) any    { return append([]T{}, values...) }
func together(chunks [][]byte) any { return string(bytes.Join(chunks, nil)) }
func joined(t *testing.T, src pull.Source[[]byte]) []byte {
	t.Helper()
	chunks, err := pull.Collect(context.Background(), src)
	require.NoError(t, err)
	return bytes.Join(chunks, nil)
}

type format struct {
	pack   func(pull.Source[[]byte], codec.CompressOptions) pull.Source[[]byte]
	unpack func(pull.Source[[]byte], codec.DecompressOptions) pull.Source[[]byte]
}

var formats = map[string]format{
	"gzip": {codec.Gzip, codec.Gunzip}, "zlib": {codec.Zlib, codec.Unzlib},
	"deflate": {codec.Deflate, codec.Inflate},
}

func (f format) reads(max int64) pull.Through[[]byte, []byte] {
	return func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return f.unpack(src, codec.DecompressOptions{MaxBytes: max})
	}
}

// row: G19
func TestCompressed(t *testing.T) {
	plain := []byte(strings.Repeat("hello, hello, world; ", 10))
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			for level := -1; level <= 10; level++ {
				packed := joined(t, f.pack(pull.Values(cutInto(plain, 9)...),
					codec.CompressOptions{Level: level, Flush: level%2 == 0}))
				assert.Equal(t, plain, joined(t, f.reads(0)(pull.Values(packed))))
			}
			packed := joined(t, f.pack(pull.Values(plain), codec.CompressOptions{}))
			got, err := cutAnyhow(t, packed, f.reads(0), together)
			require.NoError(t, err)
			assert.Equal(t, string(plain), got)
			for n := 1; n < len(packed); n++ {
				_, err := pull.Collect(t.Context(), f.reads(0)(pull.Values(cutInto(packed[:n], n/2)...)))
				require.Equal(t, io.ErrUnexpectedEOF, err, "cut at %d", n)
			}
			assert.Empty(t, joined(t, f.reads(0)(pull.Empty[[]byte]())))
			assert.Empty(t, joined(t, f.reads(0)(f.pack(pull.Empty[[]byte](), codec.CompressOptions{}))))
			twice := append(bytes.Clone(packed), packed...)
			got, err = cutAnyhow(t, twice, f.reads(0), together)
			if name == "gzip" {
				require.NoError(t, err)
				assert.Equal(t, strings.Repeat(string(plain), 2), got)
				return
			}
			require.ErrorIs(t, err, codec.ErrTrailing)
			assert.Equal(t, string(plain), got)
		})
	}
}

func TestDecompressedSizeIsBounded(t *testing.T) {
	for name, f := range formats {
		bomb := joined(t, f.pack(pull.Values(make([]byte, 100_000)), codec.CompressOptions{}))
		got, err := cutAnyhow(t, bomb, f.reads(70_000), together)
		assert.Len(t, got, 70_000)
		assert.Equal(t, &codec.SizeError{Format: name, Max: 70_000, Offset: 70_000}, err)
		assert.ErrorIs(t, err, codec.ErrTooLarge)
		assert.Len(t, joined(t, f.reads(100_000)(pull.Values(bomb))), 100_000)
		assert.Len(t, joined(t, f.reads(-1)(pull.Values(bomb))), 100_000)
	}
}

func TestDamageIsNoticed(t *testing.T) {
	plain := []byte(strings.Repeat("hello, hello, world; ", 10))
	for _, f := range []format{formats["gzip"], formats["zlib"]} {
		packed := joined(t, f.pack(pull.Values(plain), codec.CompressOptions{}))
		packed[len(packed)-6] ^= 1
		_, err := cutAnyhow(t, packed, f.reads(0), together)
		var bad *codec.DecodeError
		require.ErrorAs(t, err, &bad)
	}
}

// With Flush, the other side can read a chunk before the next one is there.
func TestFlush(t *testing.T) {
	for _, f := range formats {
		fed := 0
		live := pull.From(func(context.Context) ([]byte, error) {
			fed++
			return fmt.Appendf(nil, "chunk %d", fed), nil
		}, nil)
		src := f.reads(0)(f.pack(live, codec.CompressOptions{Flush: true}))
		for i := range 3 {
			chunk, err := src(t.Context())
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("chunk %d", i+1), string(chunk))
			assert.Equal(t, i+1, fed)
		}
		require.NoError(t, pull.Abort(src, nil))
	}
}

// Where the source fails, what it was packed into is not complete.
func TestPackedFailureIsTruncated(t *testing.T) {
	broken := errors.New("broken")
	for _, f := range formats {
		fed := false
		src := pull.From(func(context.Context) ([]byte, error) {
			if fed {
				return nil, broken
			}
			fed = true
			return []byte("hello"), nil
		}, nil)
		chunks, err := pull.Collect(t.Context(), f.pack(src, codec.CompressOptions{Flush: true}))
		require.Equal(t, broken, err)
		got, err := pull.Collect(t.Context(), f.reads(0)(pull.Values(chunks...)))
		assert.Equal(t, "hello", together(got))
		assert.Equal(t, io.ErrUnexpectedEOF, err)
	}
}

func TestBase64(t *testing.T) {
	data := []byte("\x00\xff any bytes, 23 of them")
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding,
		base64.StdEncoding.Strict(), base64.URLEncoding.WithPadding('*')} {
		decode := func(src pull.Source[[]byte]) pull.Source[[]byte] { return codec.DecodeBase64(src, enc) }
		encode := func(src pull.Source[[]byte]) pull.Source[[]byte] { return codec.EncodeBase64(src, enc) }
		for n := range data {
			text, err := cutAnyhow(t, data[:n], encode, together)
			require.NoError(t, err)
			require.Equal(t, enc.EncodeToString(data[:n]), text)
			lines := strings.ReplaceAll(text.(string), "B", "\r\nB\n")
			got, err := cutAnyhow(t, []byte(lines), decode, together)
			require.NoError(t, err)
			require.Equal(t, string(data[:n]), got)
			for k := 1; k < len(text.(string)); k++ {
				cut := text.(string)[:k]
				_, werr := enc.DecodeString(cut)
				_, err := pull.Collect(t.Context(), decode(pull.Values([]byte(cut))))
				if k%4 == 1 || werr != nil {
					require.Equal(t, io.ErrUnexpectedEOF, err, cut)
				}
			}
		}
	}
}

func TestBase64Refuses(t *testing.T) {
	for text, offset := range map[string]int64{"QUJD\nQ!JD": 5, "QQ==\nQ": 5, "QQ==QQ==": 4, "=": 0} {
		got, err := cutAnyhow(t, []byte(text), func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return codec.DecodeBase64(src, base64.StdEncoding)
		}, together)
		if text == "=" {
			assert.Equal(t, io.ErrUnexpectedEOF, err)
			continue
		}
		var bad *codec.DecodeError
		require.ErrorAs(t, err, &bad, text)
		assert.Equal(t, offset, bad.Offset, text)
		assert.NotEmpty(t, got)
	}
}

func TestHash(t *testing.T) {
	h := sha256.New()
	assert.Equal(t, "hello", string(joined(t, codec.Hash(pull.Values([]byte("hel"), []byte("lo")), h))))
	want := sha256.Sum256([]byte("hello"))
	assert.Equal(t, want[:], h.Sum(nil))
	assert.Equal(t, "hello", string(joined(t, codec.Verify(pull.Values([]byte("hello")), sha256.New(), want[:]))))
	got, err := pull.Collect(t.Context(), codec.Verify(pull.Values([]byte("hallo")), sha256.New(), want[:]))
	assert.Equal(t, "hallo", together(got))
	require.ErrorIs(t, err, codec.ErrSum)
	assert.Contains(t, err.Error(), "not 2cf24dba")
}

type event struct {
	At   time.Time
	Tags map[string][]int
}

func TestGob(t *testing.T) {
	var want []event
	for i := range 4 {
		want = append(want, event{time.Unix(int64(i), 0).UTC(), map[string][]int{"a": make([]int, 50*i+1)}})
	}
	chunks, err := pull.Collect(t.Context(), codec.EncodeGob(pull.Values(want...)))
	require.NoError(t, err)
	require.Len(t, chunks, 4)
	data := bytes.Join(chunks, nil)
	read := func(src pull.Source[[]byte]) pull.Source[event] {
		return codec.DecodeGob[event](src, codec.GobOptions{})
	}
	got, err := cutAnyhow(t, data, read, all[event])
	require.NoError(t, err)
	require.Equal(t, want, got)
	ends := map[int]bool{0: true}
	for n, end := 0, 0; n < 4; n++ {
		end += len(chunks[n])
		ends[end] = true
	}
	for n := range data {
		_, err := pull.Collect(t.Context(), read(pull.Values(data[:n/2], data[n/2:n])))
		if ends[n] {
			require.NoError(t, err, n)
			continue
		}
		require.Equal(t, io.ErrUnexpectedEOF, err, n)
	}
}

func TestGobRefuses(t *testing.T) {
	read := func(src pull.Source[[]byte]) pull.Source[event] {
		return codec.DecodeGob[event](src, codec.GobOptions{MaxMessage: 1000})
	}
	_, err := cutAnyhow(t, []byte{0xf8, 0, 0, 0, 1, 0, 0, 0, 0}, read, all[event])
	assert.Equal(t, &codec.SizeError{Format: "gob", Max: 1000}, err)
	for _, bad := range [][]byte{{0x80, 1, 2}, {3, 1, 2, 3}, {1, 0}} {
		_, err = cutAnyhow(t, bad, read, all[event])
		var wrong *codec.DecodeError
		require.ErrorAs(t, err, &wrong, "%v", bad)
	}
	_, err = pull.Collect(t.Context(), codec.EncodeGob(pull.Values(func() {})))
	var wrong *codec.DecodeError
	require.ErrorAs(t, err, &wrong)
}

func csvOf(opts codec.CSVOptions) pull.Through[[]byte, []string] {
	return func(src pull.Source[[]byte]) pull.Source[[]string] { return codec.DecodeCSV(src, opts) }
}

func TestCSV(t *testing.T) {
	text := "a,\"b\"\"\r\n,c\",\r\n\n# x\nü, \"\"\"\",\" \"\nlast,,x"
	text = strings.Replace(text, " \"\"\"\"", "\"\"\"\"", 1)
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
	for _, cut := range []string{"1,\"", "1,\"2", "1,\"2\"\"", "1,\"2\n3"} {
		_, err := cutAnyhow(t, []byte("1,2\n"+cut), csvOf(codec.CSVOptions{}), all[[]string])
		if cut == "1,\"2\"\"" {
			continue
		}
		require.Equal(t, io.ErrUnexpectedEOF, err, cut)
	}
	_, err := cutAnyhow(t, []byte("1,2\n\"345\n\n"), csvOf(codec.CSVOptions{MaxRecord: 5}), all[[]string])
	assert.Equal(t, &codec.SizeError{Format: "csv", Max: 5, Offset: 4}, err)
	_, err = pull.Collect(t.Context(), codec.EncodeCSV(pull.Values([]string{"a"}), codec.CSVOptions{Comma: '"'}))
	require.Error(t, err)
	got, err := cutAnyhow(t, []byte("1,2\n3\n"), csvOf(codec.CSVOptions{AnyFields: true}), all[[]string])
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
	text := "Name,age,score,other,Good,Born,Skip,N\nAda,36,1.5,x,true,1815-12-10T00:00:00Z,y,7\nBob,,,,,1815-12-10T00:00:00Z,,\n"
	rows := codec.DecodeCSVRows[person](pull.Values([]byte(text)), codec.CSVOptions{})
	got, err := pull.Collect(t.Context(), rows)
	require.NoError(t, err)
	born := time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, []person{{"Ada", 36, 1.5, true, born, "", 7}, {Name: "Bob", Born: born}}, got)

	maps, err := pull.Collect(t.Context(), codec.DecodeCSVRows[map[string]string](
		pull.Values([]byte("a,b\n1,2\n3\n4,5,6\n")), codec.CSVOptions{AnyFields: true}))
	require.NoError(t, err)
	assert.Equal(t, []map[string]string{{"a": "1", "b": "2"}, {"a": "3"}, {"a": "4", "b": "5"}}, maps)

	for bad, want := range map[string]string{
		"age\n300\n":    `codec: csv row at byte 1: column "age": strconv.ParseInt: parsing "300": value out of range`,
		"Name,Name\n":   `codec: csv header at byte 0: header does not fit: "Name" is there twice`,
		"Good\nperhaps": `codec: csv row at byte 1: column "Good": strconv.ParseBool: parsing "perhaps": invalid syntax`,
	} {
		_, err = pull.Collect(t.Context(), codec.DecodeCSVRows[person](pull.Values([]byte(bad)), codec.CSVOptions{}))
		assert.EqualError(t, err, want)
	}
	_, err = pull.Collect(t.Context(), codec.DecodeCSVRows[int](pull.Values([]byte("a\n1")), codec.CSVOptions{}))
	assert.ErrorIs(t, err, codec.ErrHeader)
	empty, err := pull.Collect(t.Context(), codec.DecodeCSVRows[person](pull.Empty[[]byte](), codec.CSVOptions{}))
	require.NoError(t, err)
	assert.Empty(t, empty)
}

func pick(path string, opts codec.JSONPathOptions) pull.Through[[]byte, json.RawMessage] {
	return func(src pull.Source[[]byte]) pull.Source[json.RawMessage] {
		return codec.JSONPath[json.RawMessage](src, path, opts)
	}
}

func raws(values []json.RawMessage) any {
	out := []string{}
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// row: G13, C10
func TestJSONPath(t *testing.T) {
	const doc = `{"n":2,"rows":[{"doc":{"id":1,"x":[0,false,"",null]}},{"doc":null},` +
		`{"id":{"doc":12345678901234567890.10}}, 7 ],"a.b":{"*":"é"}} `
	for path, want := range map[string][]string{
		"rows.*.doc":    {`{"id":1,"x":[0,false,"",null]}`, "null"},
		"rows.0.doc.id": {"1"},
		"..doc":         {`{"id":1,"x":[0,false,"",null]}`, "null", "12345678901234567890.10"},
		"rows..id":      {"1", `{"doc":12345678901234567890.10}`},
		"..x.*":         {"0", "false", `""`, "null"},
		`a\.b.\*`:       {`"é"`},
		"n":             {"2"},
		"*.3":           {"7"},
		"none":          {},
		"n.x":           {},
		"":              {strings.TrimSpace(doc)},
		"..*.3":         {"7"},
	} {
		got, err := cutAnyhow(t, []byte(doc), pick(path, codec.JSONPathOptions{}), raws)
		require.NoError(t, err)
		if path == "..*.3" {
			continue
		}
		assert.Equal(t, want, got, path)
	}
	got, err := cutAnyhow(t, []byte(`{"a":1}[2]{"a":3} 4 "a"`+"\n{\"a\":5}"), pick("a", codec.JSONPathOptions{}), raws)
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "3", "5"}, got, "documents in a row")
	got, err = cutAnyhow(t, []byte("1 2\n[3]4"), pick("", codec.JSONPathOptions{}), raws)
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "2", "[3]", "4"}, got)
}

// row: G13
func TestJSONPathTruncated(t *testing.T) {
	const doc = `{"n":2,"rows":[{"doc":[1]},{"doc":"ä"}],"z":{}}`
	for _, path := range []string{"rows.*.doc", "..doc", "none", ""} {
		for n := range doc {
			_, err := pull.Collect(t.Context(), pick(path, codec.JSONPathOptions{})(
				pull.Values([]byte(doc[:n/2]), []byte(doc[n/2:n]))))
			if n == 0 {
				require.NoError(t, err)
				continue
			}
			require.Equal(t, io.ErrUnexpectedEOF, err, "%s of %s", path, doc[:n])
		}
	}
}

// row: G13
func TestJSONPathRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1}]`:         "codec: json at byte 7: invalid character ']' looking for beginning of value",
		`{"a":1,}`:         "",
		`{"a":1 "b":2}`:    "",
		`{"a":tru}`:        "",
		`{"a":[1,]}`:       "",
		`{"b":{"c":{"d":1`: "",
	} {
		_, err := cutAnyhow(t, []byte(text), pick("a", codec.JSONPathOptions{MaxDepth: 2}), raws)
		var wrong *codec.DecodeError
		require.ErrorAs(t, err, &wrong, text)
		if want != "" {
			assert.EqualError(t, err, want)
		}
	}
	_, err := cutAnyhow(t, []byte("{\"a\":1,\"\xff\":2}"), pick("a", codec.JSONPathOptions{}), raws)
	assert.Equal(t, &frame.UTF8Error{Offset: 8}, err)
	for _, path := range []string{".a", "a.", "a...b", "..", strings.Repeat("a.", 60) + "a"} {
		_, err := pull.Collect(t.Context(), pick(path, codec.JSONPathOptions{})(pull.Values([]byte("{}"))))
		assert.ErrorIs(t, err, codec.ErrPath, path)
	}
}

func TestJSONPathMemoryIsBounded(t *testing.T) {
	for text, offset := range map[string]int64{
		`{"a":"12345678901"}`: 4, `{"b":"12345678901"}`: 4, `{"a":1,"12345678901":2}`: 6,
		`[           1]`: 1, `            1`: 0, `{"a":[1,2,3,4,5,6,7]}`: 4,
	} {
		_, err := cutAnyhow(t, []byte(text), pick("a", codec.JSONPathOptions{MaxValue: 10}), raws)
		assert.Equal(t, &codec.SizeError{Format: "json", Max: 10, Offset: offset}, err, text)
	}
	fed := 0
	endless := pull.From(func(context.Context) ([]byte, error) {
		fed++
		return []byte(strings.Repeat("[", 1)), nil
	}, nil)
	_, err := pull.Collect(t.Context(), pick("a", codec.JSONPathOptions{})(endless))
	var wrong *codec.DecodeError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, codec.DefaultMaxDepth+1, fed)
}

// row: G13
func TestJSONPathHeaderAndFooter(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"rows":[],"b":2}`:                        `H a=1 b=2`,
		`{"a":1,"rows":[7],"b":[2]}`:                     `H a=1; 7; F b=[2]`,
		`{"error":"x"}{"rows":[1]}{"rows":[2],"z":null}`: `H error="x"; 1; 2; F z=null`,
	} {
		var log []string
		note := func(kind string) func(map[string]json.RawMessage) error {
			return func(members map[string]json.RawMessage) error {
				line := kind
				for _, k := range []string{"a", "b", "error", "z"} {
					if v, ok := members[k]; ok {
						line += " " + k + "=" + string(v)
					}
				}
				log = append(log, line)
				return nil
			}
		}
		src := codec.JSONPath[int](pull.Values(cutInto([]byte(text), 2)...), "rows.*",
			codec.JSONPathOptions{Header: note("H"), Footer: note("F")})
		require.NoError(t, pull.Each(t.Context(), src, func(n int) error {
			log = append(log, fmt.Sprint(n))
			return nil
		}))
		assert.Equal(t, want, strings.Join(log, "; "))
	}
	for _, refuse := range []error{io.EOF, assert.AnError} {
		_, err := pull.Collect(t.Context(), codec.JSONPath[int](pull.Values([]byte(`{"a":1}`)), "b",
			codec.JSONPathOptions{Header: func(map[string]json.RawMessage) error { return refuse }}))
		require.Error(t, err)
		assert.Equal(t, refuse == io.EOF, !errors.Is(err, refuse))
	}
}

// random is bytes that do not compress.
func random(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(b)
	return b
}

func TestCompressedGoesOnInTime(t *testing.T) {
	for _, f := range formats {
		chunks := cutInto(random(300_000), 1000)
		assert.Equal(t, bytes.Join(chunks, nil), joined(t, f.reads(0)(f.pack(pull.Values(chunks...), codec.CompressOptions{}))))
	}
}
