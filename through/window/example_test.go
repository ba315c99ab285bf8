package window_test

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/window"
)

func ExampleTumbling() {
	fmt.Println(pull.Collect(context.Background(), window.Tumbling(pull.Count(5), 2)))
	// Output: [[0 1] [2 3] [4]] <nil>
}

func ExampleSliding() {
	fmt.Println(pull.Collect(context.Background(), window.Sliding(pull.Count(5), 3, 1)))
	fmt.Println(pull.Collect(context.Background(), window.Sliding(pull.Count(6), 3, 2)))
	// Output:
	// [[0 1 2] [1 2 3] [2 3 4]] <nil>
	// [[0 1 2] [2 3 4] [4 5]] <nil>
}

func ExampleReduce() {
	readings := pull.Values(1.0, 2, 6, 4)
	averages := window.Reduce(readings, 2, 0.0, func(a, v float64) float64 { return a + v/2 })
	fmt.Println(pull.Collect(context.Background(), averages))
	// Output: [1.5 4 5] <nil>
}

func ExampleEvery() {
	requests := pull.Values("/a", "/b", "/a")
	minutes := window.Every(requests, time.Minute, 10_000, nil)
	for w, err := range minutes.All(context.Background()) {
		fmt.Println(len(w.Values), "requests in", w.To.Sub(w.From), err)
	}
	// Output: 3 requests in 1m0s <nil>
}

func ExampleSession() {
	clicks := pull.Values("home", "search", "buy")
	visits := window.Session(clicks, 30*time.Minute, 1000, nil)
	for w, err := range visits.All(context.Background()) {
		fmt.Println(w.Values, err)
	}
	// Output: [home search buy] <nil>
}
