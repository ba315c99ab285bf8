package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func ExamplePair() {
	ctx := context.Background()
	left, right := duplex.Pair[int, string]()
	go func() {
		defer right.Close(nil) // nobody reads what left might say
		_ = right.Sink(ctx, pull.Values(1, 2, 3))
	}()
	got, err := pull.Collect(ctx, left.Source)
	fmt.Println(got, err, left.Close(nil))
	// Output: [1 2 3] <nil> <nil>
}

func ExampleConnect() {
	ctx := context.Background()
	client, near := duplex.Pair[string, string]()
	far, server := duplex.Pair[string, string]()
	go func() { _ = duplex.Connect(ctx, near, far) }()

	go func() { _ = client.Sink(ctx, pull.Values("hello")) }()
	words, _ := pull.Collect(ctx, server.Source)
	go func() { _ = server.Sink(ctx, pull.Values(strings.ToUpper(words[0]))) }()
	answer, err := pull.Collect(ctx, client.Source)
	fmt.Println(answer, err)
	// Output: [HELLO] <nil>
}

func ExampleStdio() {
	// A filter that gives back what it gets, as cat does.
	d := duplex.Stdio()
	_ = d.Sink(context.Background(), d.Source)
}

func ExampleDuplex_Close() {
	d, _ := duplex.Pair[int, int]()
	fmt.Println(d.Close(nil))
	_, err := d.Source(context.Background())
	fmt.Println(err)
	// Output:
	// <nil>
	// pull: stopped
}

// answering is a duplex to something that answers what it is told, in bytes.
func answering(answers ...string) duplex.Duplex[[]byte, []byte] {
	chunks := pull.FromSeq(func(yield func([]byte) bool) {
		for _, a := range answers {
			if !yield([]byte(a)) {
				return
			}
		}
	})
	return duplex.Duplex[[]byte, []byte]{Source: chunks, Sink: pull.Drain[[]byte]}
}

func ExampleMap() {
	lines := duplex.Map(answering("one\ntw", "o\n"), func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
		return frame.Lines(src, 100)
	}, frame.JoinLines)
	for line, err := range lines.Source.All(context.Background()) {
		fmt.Printf("%s %v\n", line, err)
	}
	// Output:
	// one <nil>
	// two <nil>
}

func ExampleLimit() {
	type chunks = duplex.Cap[[]byte]
	d := duplex.Limit(answering("four", "more"), chunks{Bytes: 5}, chunks{Items: 1})
	got, err := pull.Collect(context.Background(), d.Source)
	fmt.Printf("%s %v %t\n", got, err, errors.Is(err, duplex.ErrLimit))
	// Output: [four] duplex: more than 5 bytes read true
}

func ExampleMeter() {
	d, traffic := duplex.Meter(answering("four", "more"))
	_ = pull.Drain(context.Background(), d.Source)
	fmt.Printf("%+v %+v\n", traffic.In(), traffic.Out())
	// Output: {Items:2 Bytes:8} {Items:0 Bytes:0}
}

func ExampleRecord() {
	ctx := context.Background()
	d := duplex.Record(answering("hello"), os.Stdout)
	_ = d.Sink(ctx, pull.Values([]byte("hi\n")))
	_ = pull.Drain(ctx, d.Source)
	// Output:
	// > "hi\n"
	// > end
	// < "hello"
	// < end
}

func ExampleReplay() {
	ctx := context.Background()
	log := "> \"hi\"\n< \"hello\"\n> end\n< end\n"
	entries, err := duplex.ReadRecording(bytes.NewReader([]byte(log)))
	fmt.Println(len(entries), err)
	fmt.Println(duplex.Replay(entries).Sink(ctx, pull.Values([]byte("h"), []byte("i"))))
	fmt.Println(duplex.Replay(entries).Sink(ctx, pull.Values([]byte("ho"))))
	// Output:
	// 4 <nil>
	// <nil>
	// duplex: replay differs at byte 1: got "o", recorded was "i"
}
