package fan_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/fan"
)

func ExampleMerge() {
	merged := fan.Merge([]pull.Source[string]{pull.Values("a", "b"), pull.Values("c")}, 16)
	got, err := pull.Collect(context.Background(), merged)
	slices.Sort(got) // they came as they arrived
	fmt.Println(got, err)
	// Output: [a b c] <nil>
}

func ExampleMergeSorted() {
	sorted := []pull.Source[int]{pull.Values(1, 4, 6), pull.Values(2, 4), pull.Values(3)}
	fmt.Println(pull.Collect(context.Background(), fan.MergeSorted(sorted, cmp.Compare[int])))
	// Output: [1 2 3 4 4 6] <nil>
}

func ExampleConcat() {
	both := fan.Concat(pull.Values("header"), pull.Values("row", "row"))
	fmt.Println(pull.Collect(context.Background(), both))
	// Output: [header row row] <nil>
}

func ExampleInterleave() {
	turns := fan.Interleave(pull.Values(1, 1, 1, 1), pull.Values(2, 2))
	fmt.Println(pull.Collect(context.Background(), turns))
	// Output: [1 2 1 2 1 1] <nil>
}

func ExampleZip() {
	rows := fan.Zip(pull.Count(1000), pull.Values("a", "b"))
	fmt.Println(pull.Collect(context.Background(), rows))
	// Output: [{0 a} {1 b}] <nil>
}

func ExampleZipAll() {
	rows := fan.ZipAll(pull.Values(1, 2), pull.Values(3, 4), pull.Values(5, 6))
	fmt.Println(pull.Collect(context.Background(), rows))
	// Output: [[1 3 5] [2 4 6]] <nil>
}

func ExampleCombineLatest() {
	price, amount := pull.Values(9), pull.Values("three")
	fmt.Println(pull.Collect(context.Background(), fan.CombineLatest(price, amount)))
	// Output: [{9 three}] <nil>
}

func ExampleCombineLatestAll() {
	all := fan.CombineLatestAll(pull.Values(1), pull.Values(2), pull.Values(3))
	fmt.Println(pull.Collect(context.Background(), all))
	// Output: [[1 2 3]] <nil>
}

func ExampleRace() {
	mirror := pull.FromChan(make(chan string)) // does not answer
	fmt.Println(pull.Collect(context.Background(), fan.Race(mirror, pull.Values("a", "b"))))
	// Output: [a b] <nil>
}

// A reader gets what a store holds, and then what is written: nothing is missed
// between the two, and what is in both is known by its number.
func ExampleLive() {
	ctx := context.Background()
	store, news := []int{1, 2}, pull.NewPushable[int](16, nil)
	write := func(n int) {
		store = append(store, n) // first write it, then tell
		_ = news.Push(ctx, n)
	}
	hub := fan.NewHub(news.Source, fan.HubOptions{})

	reader, err := hub.Join(ctx) // first join, then read
	if err != nil {
		fmt.Println(err)
		return
	}
	write(3)
	history := pull.Late(func(context.Context) (pull.Source[int], error) {
		return pull.Values(store...), nil
	})
	last := 0
	for m, err := range fan.Live(history, reader.Next, 64).All(ctx) {
		switch {
		case err != nil:
			fmt.Println(err)
		case m.Now:
			fmt.Println("-- up to date")
			write(4)
			news.End()
		case m.Value > last: // else it was in both
			last = m.Value
			fmt.Println(last)
		}
	}
	// Output:
	// 1
	// 2
	// 3
	// -- up to date
	// 4
}

func ExampleTee() {
	readers := fan.Tee(pull.Values("a", "b"), 2)
	ctx := context.Background()
	for range 2 {
		one, _ := readers[0](ctx)
		other, _ := readers[1](ctx)
		fmt.Println(one, other)
	}
	for _, r := range readers {
		fmt.Println(pull.Abort(r, nil))
	}
	// Output:
	// a a
	// b b
	// <nil>
	// <nil>
}

func ExampleBroadcast() {
	readers := fan.Broadcast(pull.Count(4), 2, 16)
	var all sync.WaitGroup
	sums := make([]int, len(readers))
	for i, r := range readers {
		all.Go(func() {
			sums[i], _ = pull.Reduce(context.Background(), r, 0,
				func(sum, v int) int { return sum + v })
		})
	}
	all.Wait()
	fmt.Println(sums)
	// Output: [6 6]
}

func ExampleBroadcastLossy() {
	reader := fan.BroadcastLossy(pull.Count(3), 1, 64)[0]
	got, err := pull.Collect(context.Background(), reader.Next)
	fmt.Println(got, err, "missed", reader.Missed())
	// Output: [0 1 2] <nil> missed 0
}

func ExamplePartition() {
	small, large := fan.Partition(pull.Values(1, 20, 3), 16, func(n int) bool { return n < 10 })
	fmt.Println(pull.Collect(context.Background(), small))
	fmt.Println(pull.Collect(context.Background(), large))
	// Output:
	// [1 3] <nil>
	// [20] <nil>
}

func ExampleRoute() {
	lanes := fan.Route(pull.Count(6), 3, 16, func(n int) int { return n % 3 })
	for _, lane := range lanes {
		fmt.Println(pull.Collect(context.Background(), lane))
	}
	// Output:
	// [0 3] <nil>
	// [1 4] <nil>
	// [2 5] <nil>
}

func ExampleGroupBy() {
	words := pull.Values("ape", "bee", "ant", "bat", "asp")
	counts := fan.GroupBy(words, 26, func(word string) string { return word[:1] },
		func(ctx context.Context, letter string, group pull.Source[string]) (string, error) {
			all, err := pull.Collect(ctx, group)
			return fmt.Sprint(letter, len(all)), err
		})
	got, err := pull.Collect(context.Background(), counts)
	slices.Sort(got)
	fmt.Println(got, err)
	// Output: [a3 b2] <nil>
}

func ExampleNewHub() {
	opened := 0
	hub := fan.NewHub(func() pull.Source[int] {
		opened++
		return pull.Count(3)
	}, fan.HubOptions{})
	for range 2 { // one after the other: each has the source to itself
		fmt.Println(pull.Collect(context.Background(), hub.Subscribe().Next))
	}
	fmt.Println("opened", opened)
	// Output:
	// [0 1 2] <nil>
	// [0 1 2] <nil>
	// opened 2
}

// A reader that has joined gets what comes before its first call, too.
func ExampleHub_Join() {
	ctx := context.Background()
	news := pull.NewPushable[string](16, nil)
	hub := fan.NewHub(news.Source, fan.HubOptions{})
	reader, err := hub.Join(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = news.Push(ctx, "while nobody reads")
	news.End()
	fmt.Println(pull.Collect(ctx, reader.Next))
	// Output: [while nobody reads] <nil>
}
