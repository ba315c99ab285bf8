package codec_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

type point struct{ X, Y int }

func ExampleDecodeJSON() {
	lines := pull.Values([]byte("{\"X\":1,\"Y\":2}\n{\"X\":3"), []byte(",\"Y\":4}\n{\"X\":\n"))
	points := codec.DecodeJSON[point](lines, codec.JSONOptions{})
	for p, err := range points.All(context.Background()) {
		fmt.Println(p, err)
	}
	// Output:
	// {1 2} <nil>
	// {3 4} <nil>
	// {0 0} codec: line 3: unexpected end of JSON input
}

func ExampleEncodeJSON() {
	points := pull.Values(point{1, 2}, point{3, 4})
	for line, err := range codec.EncodeJSON(points).All(context.Background()) {
		fmt.Printf("%s%v\n", line, err)
	}
	// Output:
	// {"X":1,"Y":2}
	// <nil>
	// {"X":3,"Y":4}
	// <nil>
}
