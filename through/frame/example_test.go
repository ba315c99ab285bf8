package frame_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func ExampleEncode() {
	msgs := pull.Values(frame.Msg("hello"), frame.Msg("world"))
	bytes := frame.Encode(msgs, 1024)
	for m, err := range frame.Decode(bytes, 1024).All(context.Background()) {
		fmt.Println(string(m), err)
	}
	// Output:
	// hello <nil>
	// world <nil>
}

func ExampleDecode() {
	whole := frame.Append(nil, []byte("hello"))
	cut := pull.Values(whole[:2], whole[2:7])
	_, err := pull.Collect(context.Background(), frame.Decode(cut, 1024))
	fmt.Println(err)
	// Output: unexpected EOF
}

func ExampleLines() {
	chunks := pull.Values([]byte("one\r\nt"), []byte("wo\nthree"))
	for line, err := range frame.Lines(chunks, 80).All(context.Background()) {
		fmt.Printf("%q %v\n", line, err)
	}
	// Output:
	// "one" <nil>
	// "two" <nil>
	// "three" <nil>
}

func ExampleJoinLines() {
	lines := pull.Values(frame.Msg("one"), frame.Msg("two"))
	for chunk, err := range frame.JoinLines(lines).All(context.Background()) {
		fmt.Printf("%q %v\n", chunk, err)
	}
	// Output:
	// "one\n" <nil>
	// "two\n" <nil>
}

func ExampleAppend() {
	fmt.Printf("%x\n", frame.Append(nil, []byte("hello")))
	// Output: 0568656c6c6f9dedecd5
}

func ExampleParse() {
	journal := frame.Append(frame.Append(nil, []byte("one")), []byte("two"))
	journal = journal[:len(journal)-1] // a torn tail
	for {
		payload, n, err := frame.Parse(journal, 1024)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			fmt.Println("torn after", len(journal), "bytes of a frame")
			return
		}
		fmt.Printf("%s\n", payload)
		journal = journal[n:]
	}
	// Output:
	// one
	// torn after 7 bytes of a frame
}

func ExampleSplit() {
	chunks := pull.Values([]byte("one--tw"), []byte("o-"), []byte("-three"))
	for m, err := range frame.Split(chunks, []byte("--"), 80).All(context.Background()) {
		fmt.Printf("%q %v\n", m, err)
	}
	// Output:
	// "one" <nil>
	// "two" <nil>
	// "three" <nil>
}

func ExampleSplitAfter() {
	chunks := pull.Values([]byte("one;tw"), []byte("o;"))
	for m, err := range frame.SplitAfter(chunks, []byte(";"), 80).All(context.Background()) {
		fmt.Printf("%q %v\n", m, err)
	}
	// Output:
	// "one;" <nil>
	// "two;" <nil>
}

func ExampleUTF8() {
	chunks := pull.Values([]byte("10 \xe2"), []byte("\x82\xac"), []byte(" \xff"))
	for text, err := range frame.UTF8(chunks, frame.UTF8Options{}).All(context.Background()) {
		fmt.Printf("%q %v\n", text, err)
	}
	// Output:
	// "10 " <nil>
	// "€" <nil>
	// " " <nil>
	// "" frame: not UTF-8 at byte 7
}

func ExampleReplace() {
	chunks := pull.Values([]byte("a fo"), []byte("o b"))
	out := frame.Replace(chunks, []byte("foo"), []byte("bar"))
	for chunk, err := range out.All(context.Background()) {
		fmt.Printf("%q %v\n", chunk, err)
	}
	// Output:
	// "a " <nil>
	// "bar b" <nil>
}

func ExampleReplaceRegexp() {
	chunks := pull.Values([]byte("tel 0"), []byte("30-12"), []byte("345 \n "))
	out := frame.ReplaceRegexp(chunks, regexp.MustCompile(`(\d+)-\d+|\s+$`), []byte("$1"), 100)
	for chunk, err := range out.All(context.Background()) {
		fmt.Printf("%q %v\n", chunk, err)
	}
	// Output:
	// "tel " <nil>
	// "030" <nil>
}

func ExampleEncodePrefixed() {
	msgs := pull.Values(frame.Msg("hello"))
	out, err := pull.Collect(context.Background(), frame.EncodePrefixed(msgs, frame.Uint32BE, 1024))
	fmt.Printf("%q %v\n", out, err)
	// Output: ["\x00\x00\x00\x05hello"] <nil>
}

func ExampleDecodePrefixed() {
	chunks := pull.Values([]byte("\x05he"), []byte("llo\x05wor"))
	for m, err := range frame.DecodePrefixed(chunks, frame.Uint8, 10).All(context.Background()) {
		fmt.Printf("%q %v\n", m, err)
	}
	// Output:
	// "hello" <nil>
	// "" unexpected EOF
}

func ExampleNewReader() {
	ctx := context.Background()
	r := frame.NewReader(pull.Values([]byte("he"), []byte("llo, wor"), []byte("ld")))
	head, err := r.Next(ctx, 5)
	fmt.Printf("%q %v\n", head, err)
	rest, err := pull.Collect(ctx, r.Rest())
	fmt.Printf("%q %v\n", rest, err)
	// Output:
	// "hello" <nil>
	// [", wor" "ld"] <nil>
}
