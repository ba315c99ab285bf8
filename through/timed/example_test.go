package timed_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/fan"
	"github.com/weir-go/weir/through/timed"
)

// silent gives one word, and then nothing more.
func silent() pull.Source[string] {
	words := []string{"hello"}
	return pull.From(func(ctx context.Context) (string, error) {
		if len(words) == 0 {
			<-ctx.Done()
			return "", ctx.Err()
		}
		word := words[0]
		words = nil
		return word, nil
	}, nil)
}

func ExampleDebounce() {
	keystrokes := pull.Values("w", "we", "wei", "weir")
	queries := timed.Debounce(keystrokes, time.Hour, nil) // the end cuts the hour short
	fmt.Println(pull.Collect(context.Background(), queries))
	// Output: [weir] <nil>
}

// Each key is debounced by itself: the work is done in the function of its
// group, which stays open until the source ends, so limit is how many keys there
// may be.
func ExampleDebounce_byKey() {
	type edit struct{ file, text string }
	edits := pull.Values(edit{"a", "1"}, edit{"b", "1"}, edit{"a", "2"}, edit{"a", "3"})
	saved := fan.GroupBy(edits, 1000, func(e edit) string { return e.file },
		func(ctx context.Context, file string, group pull.Source[edit]) (string, error) {
			var all []string
			rested := timed.Debounce(group, time.Hour, nil) // the end cuts the hour short
			err := pull.Each(ctx, rested, func(e edit) error {
				all = append(all, e.file+"="+e.text) // save it
				return nil
			})
			return fmt.Sprint(all), err
		})
	got, err := pull.Collect(context.Background(), saved)
	slices.Sort(got)
	fmt.Println(got, err)
	// Output: [[a=3] [b=1]] <nil>
}

func ExampleThrottle() {
	src := timed.Throttle(pull.Count(1000), time.Hour, timed.Leading|timed.Trailing, nil)
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [0 999] <nil>
}

func ExampleSample() {
	src := timed.Sample(pull.Count(1000), time.Hour, nil) // the end cuts the hour short
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [999] <nil>
}

func ExampleDelay() {
	start := time.Now()
	got, err := pull.Collect(context.Background(),
		timed.Delay(pull.Count(3), 10*time.Millisecond, 8, nil))
	fmt.Println(got, err, time.Since(start) >= 10*time.Millisecond)
	// Output: [0 1 2] <nil> true
}

func ExampleBatch() {
	// A hundred rows at a time, but none waits longer than half a second.
	batches := timed.Batch(pull.Count(250), 100, time.Second/2, nil)
	for batch, err := range batches.All(context.Background()) {
		fmt.Println(len(batch), err)
	}
	// Output:
	// 100 <nil>
	// 100 <nil>
	// 50 <nil>
}

func ExampleTimeout() {
	_, err := pull.Collect(context.Background(), timed.Timeout(silent(), 5*time.Millisecond))
	fmt.Println(err)
	// Output: timed: no value for 5ms
}

func ExampleDeadline() {
	_, err := pull.Collect(context.Background(), timed.Deadline(silent(), 5*time.Millisecond))
	fmt.Println(err)
	// Output: timed: stream has not ended after 5ms
}

func ExampleLatest() {
	readings := pull.Count(1000) // of a sensor, say
	newest := timed.Latest(readings, nil)
	last, _, err := pull.Last(context.Background(), newest)
	fmt.Println(last, err) // how many of the others came depends on the reader
	// Output: 999 <nil>
}

func ExampleConflate() {
	type price struct {
		share string
		cents int
	}
	ticker := pull.Values(price{"a", 1}, price{"b", 1}, price{"a", 2})
	newest := timed.Conflate(ticker, 100, func(p price) string { return p.share }, nil)
	last := map[string]int{}
	err := pull.Each(context.Background(), newest, func(p price) error {
		last[p.share] = p.cents
		return nil
	})
	fmt.Println(last, err)
	// Output: map[a:2 b:1] <nil>
}
