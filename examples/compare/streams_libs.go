package main

import (
	"context"

	"github.com/reactivex/rxgo/v2"
	"github.com/reugn/go-streams/extension"
	"github.com/reugn/go-streams/flow"
	"github.com/samber/ro"
)

func chainRx(ctx context.Context, n int) (int, error) {
	item, err := rxgo.Range(0, n, rxgo.WithContext(ctx)).
		Map(func(_ context.Context, v any) (any, error) { return triple(v.(int)), nil }).
		Filter(func(v any) bool { return even(v.(int)) }).
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

func chainRo(ctx context.Context, n int) (int, error) {
	sums, _, err := ro.CollectWithContext(ctx, ro.Pipe3(
		ro.Range(0, int64(n)),
		ro.Map(func(v int64) int { return triple(int(v)) }),
		ro.Filter(even),
		ro.Reduce(add, 0),
	))
	if err != nil {
		return 0, err
	}
	return sums[0], nil
}

func chainGoStreams(n int) int {
	counted := make(chan any)
	go func() {
		defer close(counted)
		for i := range n {
			counted <- i
		}
	}()
	summed := extension.NewChanSource(counted).
		Via(flow.NewMap(triple, 1)).
		Via(flow.NewFilter(even, 1))
	sum := 0
	for v := range summed.Out() {
		sum = add(sum, v.(int))
	}
	return sum
}
