package httpstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
)

func ExampleGet() {
	server := httptest.NewServer(http.FileServer(http.Dir("testdata")))
	defer server.Close()
	req, err := http.NewRequest(http.MethodGet, server.URL+"/hello.txt", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	body := httpstream.Get(server.Client(), req)
	fmt.Println(pull.Writer(os.Stdout)(context.Background(), body))
	// Output:
	// hello
	// <nil>
}

func ExampleStatusError() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	req, _ := http.NewRequest(http.MethodGet, server.URL, nil)
	err := pull.Drain(context.Background(), httpstream.Get(server.Client(), req))
	var status *httpstream.StatusError
	fmt.Println(errors.As(err, &status), status.Code)
	// Output: true 404
}

// An upload: a source as a request's body.
func ExampleRequest() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := pull.Reduce(r.Context(), httpstream.Request(w, r), 0,
			func(n int, chunk []byte) int { return n + len(chunk) })
		fmt.Fprintln(w, n, "bytes", err)
	}))
	defer server.Close()
	ctx := context.Background()
	body := pull.NewReader(ctx, pull.Values([]byte("some "), []byte("bytes")))
	defer body.Close()
	req, _ := http.NewRequest(http.MethodPost, server.URL, body)
	fmt.Println(pull.Writer(os.Stdout)(ctx, httpstream.Get(server.Client(), req)))
	// Output:
	// 10 bytes <nil>
	// <nil>
}

func ExampleResponse() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		src := pull.Values([]byte("one\n"), []byte("two\n"))
		if err := httpstream.Response(w)(r.Context(), src); err != nil {
			panic(http.ErrAbortHandler)
		}
	})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Printf("%s%v\n", w.Body, w.Flushed)
	// Output:
	// one
	// two
	// true
}

// Both sides of an event stream.
func ExampleHandler() {
	server := httptest.NewServer(httpstream.Handler(
		func(w http.ResponseWriter, r *http.Request) pull.Source[[]byte] {
			w.Header().Set("Content-Type", "text/event-stream")
			return httpstream.EncodeEvents(pull.Values(
				httpstream.Event{ID: "1", Data: "up"},
				httpstream.Event{ID: "2", Type: "alarm", Data: "down"},
			))
		}, nil))
	defer server.Close()
	req, _ := http.NewRequest(http.MethodGet, server.URL, nil)
	events := httpstream.DecodeEvents(httpstream.Get(server.Client(), req), 0)
	for e, err := range events.All(context.Background()) {
		fmt.Printf("%q %q %q %v\n", e.ID, e.Type, e.Data, err)
	}
	// Output:
	// "1" "" "up" <nil>
	// "2" "alarm" "down" <nil>
}

func ExampleDecodeEvents() {
	src := pull.Reader(strings.NewReader(
		"data: one\ndata: two\n\n: a comment\n\nevent: bye\ndata\n\n"))
	for e, err := range httpstream.DecodeEvents(src, 0).All(context.Background()) {
		fmt.Printf("%q %q %v\n", e.Type, e.Data, err)
	}
	// Output:
	// "" "one\ntwo" <nil>
	// "bye" "" <nil>
}

func ExampleEncodeEvents() {
	greeting := httpstream.Event{Type: "greeting", Data: "hello\nyou"}
	src := httpstream.EncodeEvents(pull.Values(greeting))
	fmt.Println(pull.Writer(os.Stdout)(context.Background(), src))
	// Output:
	// event: greeting
	// data: hello
	// data: you
	//
	// <nil>
}
