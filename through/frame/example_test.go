package frame_test

import (
	"context"
	"errors"
	"fmt"
	"io"

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
