package through_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

func ExampleMap() {
	words := through.Map(pull.Values("pull", "through"), strings.ToUpper)
	fmt.Println(pull.Collect(context.Background(), words))
	// Output: [PULL THROUGH] <nil>
}

func ExampleFilter() {
	even := through.Filter(pull.Count(7), func(n int) bool { return n%2 == 0 })
	fmt.Println(pull.Collect(context.Background(), even))
	// Output: [0 2 4 6] <nil>
}

func ExampleTake() {
	first := through.Take(pull.Count(1_000_000), 3)
	fmt.Println(pull.Collect(context.Background(), first))
	// Output: [0 1 2] <nil>
}

func ExampleFlatten() {
	pages := pull.Values([]string{"a", "b"}, nil, []string{"c"})
	fmt.Println(pull.Collect(context.Background(), through.Flatten(pages)))
	// Output: [a b c] <nil>
}

func ExampleBatch() {
	batches := through.Batch(pull.Count(5), 2)
	fmt.Println(pull.Collect(context.Background(), batches))
	// Output: [[0 1] [2 3] [4]] <nil>
}

func ExampleUnbatch() {
	batches := pull.Values([]int{1, 2}, []int{3})
	fmt.Println(pull.Collect(context.Background(), through.Unbatch(batches)))
	// Output: [1 2 3] <nil>
}

func ExampleParallel() {
	lengths := through.Parallel(pull.Values("a", "bb", "ccc"), 2,
		func(ctx context.Context, s string) (int, error) {
			return len(s), ctx.Err()
		})
	fmt.Println(pull.Collect(context.Background(), lengths))
	// Output: [1 2 3] <nil>
}
