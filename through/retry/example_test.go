package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/weir-go/weir/pull"
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
