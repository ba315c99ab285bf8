package decode_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/decode"
)

func ExampleScanner() {
	s := bufio.NewScanner(strings.NewReader("one\ntwo\n"))
	fmt.Println(pull.Collect(context.Background(), decode.Scanner(s)))
	// Output: [one two] <nil>
}

func ExampleJSON() {
	type point struct{ X, Y int }
	dec := json.NewDecoder(strings.NewReader(`{"x":1,"y":2} {"x":3}`))
	fmt.Println(pull.Collect(context.Background(), decode.JSON[point](dec)))
	// Output: [{1 2} {3 0}] <nil>
}

func ExampleCSV() {
	r := csv.NewReader(strings.NewReader("name;age\nann;36\n"))
	r.Comma = ';'
	fmt.Println(pull.Collect(context.Background(), decode.CSV(r)))
	// Output: [[name age] [ann 36]] <nil>
}

func ExampleXML() {
	dec := xml.NewDecoder(strings.NewReader("<list><item>a</item><item>b</item></list>"))
	for token, err := range decode.XML(dec).All(context.Background()) {
		if text, ok := token.(xml.CharData); ok {
			fmt.Println(string(text), err)
		}
	}
	// Output:
	// a <nil>
	// b <nil>
}

func ExampleError() {
	dec := json.NewDecoder(strings.NewReader(`[1,2] [3,`))
	_, err := pull.Collect(context.Background(), decode.JSON[[]int](dec))
	fmt.Println(err)
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	// Output:
	// decode: json: byte 5: unexpected EOF
	// true
}
