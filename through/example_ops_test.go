package through_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

func ExampleTryMap() {
	numbers := through.TryMap(pull.Values("1", "2", "x"),
		func(_ context.Context, s string) (int, error) { return strconv.Atoi(s) })
	fmt.Println(pull.Collect(context.Background(), numbers))
	// Output: [1 2] strconv.Atoi: parsing "x": invalid syntax
}

func ExampleFilterNot() {
	odd := through.FilterNot(pull.Count(7), func(n int) bool { return n%2 == 0 })
	fmt.Println(pull.Collect(context.Background(), odd))
	// Output: [1 3 5] <nil>
}

func ExampleFilterMap() {
	keys := through.FilterMap(pull.Values("a=1", "# note", "b=2"), func(s string) (string, bool) {
		key, _, ok := strings.Cut(s, "=")
		return key, ok
	})
	fmt.Println(pull.Collect(context.Background(), keys))
	// Output: [a b] <nil>
}

func ExampleTakeWhile() {
	low := through.TakeWhile(pull.Values(1, 2, 9, 1), func(n int) bool { return n < 5 })
	fmt.Println(pull.Collect(context.Background(), low))
	// Output: [1 2] <nil>
}

func ExampleTakeUntil() {
	line := through.TakeUntil(pull.Values("a", "b", ".", "c"), func(s string) bool { return s == "." })
	fmt.Println(pull.Collect(context.Background(), line))
	// Output: [a b .] <nil>
}

func ExampleTakeLast() {
	tail := through.TakeLast(pull.Count(100), 3)
	fmt.Println(pull.Collect(context.Background(), tail))
	// Output: [97 98 99] <nil>
}

func ExampleSkip() {
	page := through.Take(through.Skip(pull.Count(100), 20), 3)
	fmt.Println(pull.Collect(context.Background(), page))
	// Output: [20 21 22] <nil>
}

func ExampleSkipWhile() {
	body := through.SkipWhile(pull.Values("# a", "# b", "c", "# d"), func(s string) bool {
		return strings.HasPrefix(s, "#")
	})
	fmt.Println(pull.Collect(context.Background(), body))
	// Output: [c # d] <nil>
}

func ExampleDistinct() {
	words := through.Distinct(pull.Values("Go", "go", "weir"), strings.ToLower)
	fmt.Println(pull.Collect(context.Background(), words))
	// Output: [Go weir] <nil>
}

func ExampleDistinctRecent() {
	ids := pull.Values(1, 2, 2, 1, 3, 4, 1)
	fresh := through.DistinctRecent(ids, 2, func(id int) int { return id })
	fmt.Println(pull.Collect(context.Background(), fresh))
	// Output: [1 2 3 4 1] <nil>
}

func ExampleDuplicates() {
	again := through.Duplicates(pull.Values("a", "b", "a", "a"), func(s string) string { return s })
	fmt.Println(pull.Collect(context.Background(), again))
	// Output: [a a] <nil>
}

func ExampleChanged() {
	states := through.Changed(pull.Values("up", "up", "down", "up"), func(s string) string { return s })
	fmt.Println(pull.Collect(context.Background(), states))
	// Output: [up down up] <nil>
}

func ExampleScan() {
	sums := through.Scan(pull.Values(1, 2, 3), 0, func(sum, n int) int { return sum + n })
	fmt.Println(pull.Collect(context.Background(), sums))
	// Output: [1 3 6] <nil>
}

func ExamplePairwise() {
	steps := through.Map(through.Pairwise(pull.Values(1, 4, 9, 16)),
		func(p [2]int) int { return p[1] - p[0] })
	fmt.Println(pull.Collect(context.Background(), steps))
	// Output: [3 5 7] <nil>
}

func ExampleTap() {
	src := through.Tap(pull.Values("a", "b"),
		func(s string) { fmt.Println("value", s) },
		func(err error) { fmt.Println("end", err) })
	_ = pull.Drain(context.Background(), src)
	// Output:
	// value a
	// value b
	// end EOF
}

func ExampleFinally() {
	src := through.Finally(pull.Count(1_000_000), func(cause error) error {
		fmt.Println("closing:", cause)
		return nil
	})
	fmt.Println(pull.Collect(context.Background(), through.Take(src, 2)))
	// Output:
	// closing: pull: stopped
	// [0 1] <nil>
}

func ExampleRecover() {
	cached := pull.Values("old a", "old b")
	src := through.Recover(pull.Error[string](errors.New("offline")),
		func(err error) pull.Source[string] { return cached })
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [old a old b] <nil>
}

func ExampleTrack() {
	p := &through.Progress{Values: 4}
	words := through.Track(pull.Values("to", "be", "or", "not"), p,
		func(s string) int { return len(s) })
	_ = pull.Drain(context.Background(), through.Take(words, 2)) // a bar reads p meanwhile
	r := p.Report()
	fmt.Println(r.Values, "of", p.Values, "values,", r.Bytes, "bytes, done:", r.Done)
	fmt.Println("left:", r.Left, "because:", r.Err)
	// Output:
	// 2 of 4 values, 4 bytes, done: true
	// left: -1ns because: pull: stopped
}

func ExampleTrace() {
	var in, out through.Probe
	src := through.Trace(pull.Count(10), &in)
	src = through.Filter(src, func(n int) bool { return n%3 == 0 })
	src = through.Trace(src, &out)
	_ = pull.Drain(context.Background(), src)
	fmt.Println(in.Values(), "in,", out.Values(), "out, ended with", out.End())
	// Output: 10 in, 4 out, ended with EOF
}

// Two probes around a stage say how many values it has left out.
func ExampleDistinctRecent_counted() {
	var in, out through.Probe
	src := through.Trace(pull.Values("a", "b", "a", "a", "c"), &in)
	src = through.DistinctRecent(src, 100, func(s string) string { return s })
	src = through.Trace(src, &out)
	fmt.Println(pull.Collect(context.Background(), src))
	fmt.Println("duplicates:", in.Values()-out.Values())
	// Output:
	// [a b c] <nil>
	// duplicates: 2
}

// A line and what became of it.
type parsed struct {
	line string
	n    int
	err  error
}

// A bad value is no failure of the stream where f returns it as a result: the
// next stage, or the reader, decides.
func ExampleParallel_badValues() {
	lines := pull.Values("1", "x", "3")
	results := through.Parallel(lines, 2, func(ctx context.Context, line string) (parsed, error) {
		n, err := strconv.Atoi(line)
		return parsed{line, n, err}, ctx.Err() // only an abort ends the stream
	})
	for r, err := range results.All(context.Background()) {
		switch {
		case err != nil:
			fmt.Println("stream:", err)
		case r.err != nil:
			fmt.Println("skipped:", r.err)
		default:
			fmt.Println(r.n)
		}
	}
	// Output:
	// 1
	// skipped: strconv.Atoi: parsing "x": invalid syntax
	// 3
}

// FilterMap leaves bad values out; where they go is up to its function.
func ExampleFilterMap_badValues() {
	var bad []error
	numbers := through.FilterMap(pull.Values("1", "x", "3"), func(line string) (int, bool) {
		n, err := strconv.Atoi(line)
		if err != nil {
			bad = append(bad, err)
		}
		return n, err == nil
	})
	fmt.Println(pull.Collect(context.Background(), numbers))
	fmt.Println(bad)
	// Output:
	// [1 3] <nil>
	// [strconv.Atoi: parsing "x": invalid syntax]
}

// What was made and will not be delivered is closed, and counted.
func ExampleParallelDrop() {
	closed := 0
	opened := through.ParallelDrop(pull.Count(100), 4,
		func(_ context.Context, n int) (int, error) { return n, nil },
		func(int) { closed++ })
	_, err := opened(context.Background())
	fmt.Println(err, pull.Abort(opened, nil), closed <= 4)
	// Output: <nil> <nil> true
}

func ExampleParallelUnorderedDrop() {
	made, delivered, dropped := through.Probe{}, 0, 0
	src := through.ParallelUnorderedDrop(through.Trace(pull.Count(100), &made), 4,
		func(_ context.Context, n int) (int, error) { return n, nil },
		func(int) { dropped++ })
	_ = pull.Each(context.Background(), through.Take(src, 9), func(int) error {
		delivered++
		return nil
	})
	fmt.Println(delivered, "delivered; unaccounted for:", int(made.Values())-delivered-dropped)
	// Output: 9 delivered; unaccounted for: 0
}
