package rx_test

import (
	"context"
	"fmt"

	"github.com/reactivex/rxgo/v2"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/rx"
)

func ExampleThrough() {
	squares := func(o rxgo.Observable) rxgo.Observable {
		return o.Map(func(_ context.Context, v interface{}) (interface{}, error) {
			return v.(int) * v.(int), nil
		}).Skip(2)
	}
	out := rx.Through[int, int](pull.Count(5), squares, rx.Options{})
	fmt.Println(pull.Collect(context.Background(), out))
	// Output: [4 9 16] <nil>
}

// Batches cross RxGo as one item each.
func ExampleThrough_batches() {
	sums := func(o rxgo.Observable) rxgo.Observable {
		return o.Map(func(_ context.Context, v interface{}) (interface{}, error) {
			sum := 0
			for _, n := range v.([]int) {
				sum += n
			}
			return sum, nil
		})
	}
	batches := through.Batch(pull.Count(6), 3)
	out := rx.Through[[]int, int](batches, sums, rx.Options{OneForOne: true})
	fmt.Println(pull.Collect(context.Background(), out))
	// Output: [3 12] <nil>
}

func ExampleObservable() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := rx.Observable(pull.Values("a", "b"))
	for item := range o.Observe(rxgo.WithContext(ctx)) {
		fmt.Println(item.V, item.E)
	}
	// Output:
	// a <nil>
	// b <nil>
}

func ExampleSource() {
	o := rxgo.Defer([]rxgo.Producer{func(ctx context.Context, next chan<- rxgo.Item) {
		rxgo.Of(1).SendContext(ctx, next)
		rxgo.Error(fmt.Errorf("no more")).SendContext(ctx, next)
	}})
	fmt.Println(pull.Collect(context.Background(), rx.Source[int](o)))
	// Output: [1] no more
}
