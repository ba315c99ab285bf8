package websock_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

func Example() {
	server := httptest.NewServer(websock.Handler(websock.Config{},
		func(ctx context.Context, c *websock.Conn) {
			echo := c.Chunks()
			_ = echo.Sink(ctx, echo.Source)
		}))
	defer server.Close()

	ctx := context.Background()
	c, err := websock.Dial(ctx, server.URL, websock.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	d := c.Chunks()
	if err := d.Sink(ctx, pull.Values([]byte("hello"))); err != nil {
		fmt.Println(err)
	}
	for chunk, err := range d.Source.All(ctx) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	// Output: hello <nil>
}

func ExampleConn_Messages() {
	text := websock.Config{Text: true, MaxMessage: 4096}
	server := httptest.NewServer(websock.Handler(text,
		func(ctx context.Context, c *websock.Conn) {
			d := c.Messages()
			defer d.Close(nil) // what the client might say
			_ = d.Sink(ctx, pull.Values(frame.Msg(`{"n":1}`), frame.Msg(`{"n":2}`)))
		}))
	defer server.Close()

	ctx := context.Background()
	c, err := websock.Dial(ctx, server.URL, text)
	if err != nil {
		fmt.Println(err)
		return
	}
	d := c.Messages()
	defer d.Close(nil)
	got, err := pull.Collect(ctx, d.Source)
	fmt.Printf("%s %v\n", got, err)
	// Output: [{"n":1} {"n":2}] <nil>
}

func ExampleDial() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := websock.Dial(context.Background(), server.URL, websock.Config{})
	fmt.Println(err)
	// Output: websock: handshake failed: status 404: 404 page not found
}
