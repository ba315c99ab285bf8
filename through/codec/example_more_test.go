package codec_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

func show[T any](src pull.Source[T]) {
	for v, err := range src.All(context.Background()) {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		switch v := any(v).(type) {
		case []byte:
			fmt.Printf("%q\n", v)
		default:
			fmt.Println(v)
		}
	}
}

func ExampleJSONPath() {
	doc := pull.Values([]byte(`{"total":2,"rows":[{"doc":{"x":1}},{"do`),
		[]byte(`c":{"x":2}}],"end":true}`))
	members := func(kind string) func(map[string]json.RawMessage) error {
		return func(m map[string]json.RawMessage) error {
			fmt.Println(kind, len(m))
			return nil
		}
	}
	show(codec.JSONPath[point](doc, "rows.*.doc", codec.JSONPathOptions{
		Header: members("header"), Footer: members("footer"),
	}))
	// Output:
	// header 1
	// {1 0}
	// {2 0}
	// footer 1
}

// Keys come with their values, and a step of the path can be a regexp.
func ExampleJSONEntries() {
	doc := pull.Values([]byte(`{"1999":{"n":1},"total":{"n":3},"2024":{"n":2}}`))
	show(codec.JSONEntries[int](doc, "$.<year>.n", codec.JSONPathOptions{
		Keys: map[string]func(string) bool{
			"year": regexp.MustCompile(`^\d{4}$`).MatchString,
		},
	}))
	// Output:
	// {[1999 n] 1}
	// {[2024 n] 2}
}

// Bad lines are reported, and the others read.
func ExampleDecodeJSON_onError() {
	log := pull.Values([]byte("1\n{\n[2,\n3\n1234567890\n4\n"))
	show(codec.DecodeJSON[int](log, codec.JSONOptions{
		MaxLine: 5,
		OnError: func(e *codec.LineError) error {
			fmt.Println("left out:", e)
			return nil
		},
	}))
	// Output:
	// 1
	// left out: codec: line 2: unexpected end of JSON input
	// left out: codec: line 3: unexpected end of JSON input
	// 3
	// left out: codec: line 5: longer than 5 bytes
	// 4
}

// Columns are found whatever their case, and bad rows can be left out.
func ExampleDecodeCSVRows_onError() {
	text := pull.Values([]byte("\ufeffx,y\n1,2\n3\nfour,5\n6,7\n"))
	show(codec.DecodeCSVRows[point](text, codec.CSVOptions{
		OnError: func(err error) error {
			fmt.Println("left out:", err)
			return nil
		},
	}))
	// Output:
	// {1 2}
	// left out: codec: csv at byte 11: record on line 3: wrong number of fields
	// left out: codec: csv row 3: column "x": strconv.ParseInt: parsing "four": invalid syntax
	// {6 7}
}

func ExampleDecodeCSV() {
	show(codec.DecodeCSV(pull.Values([]byte("a,\"b\nc\"\nd"), []byte(",e\n")), codec.CSVOptions{}))
	// Output:
	// [a b
	// c]
	// [d e]
}

func ExampleDecodeCSVRows() {
	show(codec.DecodeCSVRows[point](pull.Values([]byte("X,name,Y\n1,a,2\n")), codec.CSVOptions{}))
	// Output: {1 2}
}

func ExampleEncodeCSV() {
	show(codec.EncodeCSV(pull.Values([]string{"a", "b;c"}), codec.CSVOptions{Comma: ';'}))
	// Output: "a;\"b;c\"\n"
}

func ExampleEncodeGob() {
	bytes := codec.EncodeGob(pull.Values(point{1, 2}, point{3, 4}))
	show(codec.DecodeGob[point](bytes, codec.GobOptions{}))
	// Output:
	// {1 2}
	// {3 4}
}

func ExampleDecodeGob() {
	show(codec.DecodeGob[int](pull.Values([]byte{3, 4, 0, 2, 3, 4}), codec.GobOptions{}))
	// Output:
	// 1
	// error: unexpected EOF
}

func ExampleGzip() {
	packed := codec.Gzip(pull.Values([]byte("hello")), codec.CompressOptions{})
	show(codec.Gunzip(packed, codec.DecompressOptions{}))
	// Output: "hello"
}

func ExampleGunzip() {
	packed := codec.Gzip(pull.Values(make([]byte, 10_000)), codec.CompressOptions{})
	bounded := codec.Gunzip(packed, codec.DecompressOptions{MaxBytes: 100})
	n, err := pull.Len(context.Background(), bounded)
	fmt.Println(n, err)
	// Output: 1 codec: too large: gzip at byte 100, at most 100 bytes allowed
}

func ExampleZlib() {
	packed := codec.Zlib(pull.Values([]byte("hello")), codec.CompressOptions{Level: 9})
	show(codec.Unzlib(packed, codec.DecompressOptions{}))
	// Output: "hello"
}

func ExampleUnzlib() {
	show(codec.Unzlib(pull.Values([]byte("\x78\x9c\xcb")), codec.DecompressOptions{}))
	// Output: error: unexpected EOF
}

func ExampleDeflate() {
	live := pull.Values([]byte("hel"), []byte("lo"))
	packed := codec.Deflate(live, codec.CompressOptions{Flush: true})
	show(codec.Inflate(packed, codec.DecompressOptions{}))
	// Output:
	// "hel"
	// "lo"
}

func ExampleInflate() {
	show(codec.Inflate(pull.Values([]byte("\x01\x02\x00\xfd\xffok")), codec.DecompressOptions{}))
	// Output: "ok"
}

func ExampleEncodeBase64() {
	show(codec.EncodeBase64(pull.Values([]byte("hell"), []byte("o")), base64.StdEncoding))
	// Output:
	// "aGVs"
	// "bG8="
}

func ExampleDecodeBase64() {
	show(codec.DecodeBase64(pull.Values([]byte("aGV"), []byte("s\nbG8=")), base64.StdEncoding))
	// Output: "hello"
}

func ExampleHash() {
	h := sha256.New()
	show(codec.Hash(pull.Values([]byte("hel"), []byte("lo")), h))
	fmt.Printf("%x\n", h.Sum(nil)[:4])
	// Output:
	// "hel"
	// "lo"
	// 2cf24dba
}

func ExampleVerify() {
	want := sha256.Sum256([]byte("hello"))
	show(codec.Verify(pull.Values([]byte("hello")), sha256.New(), want[:]))
	// Output: "hello"
}
