package main

import (
	"context"

	"github.com/reactivex/rxgo/v2"
	"github.com/reugn/go-streams/extension"
	"github.com/reugn/go-streams/flow"
	"github.com/samber/ro"
)

func chainRx(ctx context.Context) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // else goroutines are left behind Take
	item, err := rxgo.Range(0, counted, rxgo.WithContext(ctx)).
		Map(func(_ context.Context, v any) (any, error) { return triple(v.(int)), nil }).
		Filter(func(v any) bool { return even(v.(int)) }).
		Take(taken).
		Reduce(func(_ context.Context, sum, v any) (any, error) {
			if sum == nil {
				return v, nil
			}
			return add(sum.(int), v.(int)), nil
		}).Get()
	if err != nil {
		return 0, err
	}
	return item.V.(int), item.E
}

func chainRo(ctx context.Context) (int, error) {
	sums, _, err := ro.CollectWithContext(ctx, ro.Pipe4(
		ro.Range(0, counted),
		ro.Map(func(v int64) int { return triple(int(v)) }),
		ro.Filter(even),
		ro.Take[int](taken),
		ro.Reduce(add, 0),
	))
	if err != nil {
		return 0, err
	}
	return sums[0], nil
}

// chainGoStreams reads all: there is no other way to end the goroutines.
func chainGoStreams(context.Context) (int, error) {
	numbers := make(chan any)
	go func() {
		defer close(numbers)
		for i := range counted {
			numbers <- i
		}
	}()
	mapped := extension.NewChanSource(numbers).
		Via(flow.NewMap(triple, 1)).
		Via(flow.NewFilter(even, 1))
	sum, n := 0, 0
	for v := range mapped.Out() {
		if n++; n <= taken {
			sum = add(sum, v.(int))
		}
	}
	return sum, nil
}
