package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/fan"
	"github.com/weir-go/weir/through/retry"
)

// A feed whose line breaks is opened again behind the last value that came.
func ExampleSource() {
	feed := []string{"a", "b", "c", "d"}
	next, calls := 0, 0
	read := func(context.Context) (string, error) {
		if calls++; calls == 3 {
			return "", errors.New("line is broken")
		}
		if next == len(feed) {
			return "", io.EOF
		}
		next++
		return feed[next-1], nil
	}
	open := func(context.Context) (pull.Source[string], error) {
		fmt.Println("opened at", next)
		return pull.From(read, nil), nil
	}
	src := retry.Source(open, retry.Options{
		Backoff: backoff.NewConstantBackOff(time.Millisecond),
		Tries:   5,
		Notify: func(err error, wait time.Duration) {
			fmt.Println(err, "- again in", wait)
		},
	})
	fmt.Println(pull.Collect(context.Background(), src))
	// Output:
	// opened at 0
	// line is broken - again in 1ms
	// opened at 2
	// [a b c d] <nil>
}

// One request, tried again until it is answered: each try has a timeout of its
// own. Of a request without an answer, pull.Drain is the sink.
func ExampleSource_request() {
	tries := 0
	call := func(ctx context.Context) (string, error) {
		if tries++; tries < 3 {
			<-ctx.Done() // nobody answers
			return "", ctx.Err()
		}
		return fmt.Sprint("answer to try ", tries), nil
	}
	open := func(ctx context.Context) (pull.Source[string], error) {
		try, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		answer, err := call(try)
		return pull.Once(answer), err
	}
	answer, ok, err := pull.Last(context.Background(), retry.Source(open, retry.Options{
		Backoff: backoff.NewConstantBackOff(time.Millisecond),
		Tries:   5,
	}))
	fmt.Println(answer, ok, err)
	// Output: answer to try 3 true <nil>
}

// A server answers in memory.
type server func(w http.ResponseWriter, r *http.Request)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s(w, r)
	return w.Result(), nil
}

// A client of server-sent events asks again, behind the last event that came,
// when the line breaks and also when the server ends its answer.
func ExampleSource_events() {
	answers := []string{
		"id: 1\ndata: a\n\nid: 2\ndata: b\n\n", // ends cleanly
		"id: 3\ndata: c\n\nid: 4\nda",          // is cut
		"id: 4\ndata: d\n\n",
	}
	client := &http.Client{Transport: server(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("asked for what follows %q\n", r.Header.Get("Last-Event-ID"))
		_, _ = io.WriteString(w, answers[0])
		answers = answers[1:]
	})}

	last, errEnded := "", errors.New("the server has ended its answer")
	open := func(context.Context) (pull.Source[httpstream.Event], error) {
		req, err := http.NewRequest(http.MethodGet, "http://news.example/", nil)
		if err != nil {
			return nil, backoff.Permanent(err)
		}
		req.Header.Set("Last-Event-ID", last)
		events := httpstream.DecodeEvents(httpstream.Get(client, req), 0)
		events = through.Tap(events, func(e httpstream.Event) { last = e.ID }, nil)
		return fan.Concat(events, pull.Error[httpstream.Event](errEnded)), nil
	}
	events := retry.Source(open, retry.Options{
		Backoff: backoff.NewConstantBackOff(time.Millisecond),
		Retry: func(err error) bool {
			status, ok := errors.AsType[*httpstream.StatusError](err)
			return !ok || status.Code >= 500 // what we did wrong stays wrong
		},
	})
	for e, err := range through.Take(events, 4).All(context.Background()) {
		fmt.Println(e.ID, e.Data, err)
	}
	// Output:
	// asked for what follows ""
	// 1 a <nil>
	// 2 b <nil>
	// asked for what follows "2"
	// 3 c <nil>
	// asked for what follows "3"
	// 4 d <nil>
}
