package pulltest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// What a stream that can be paused may do: values, each followed by nothing or
// by pauses and one drain, and an end.
func ExampleGrammar_Check() {
	value, pause := pulltest.Event("value"), pulltest.Event("pause")
	drain, end := pulltest.Event("drain"), pulltest.Event("end")
	paused := pulltest.Seq(pulltest.Plus(pause), drain)
	stream := pulltest.Seq(pulltest.Star(pulltest.Seq(value, pulltest.Maybe(paused))), end)

	fmt.Println(stream.Check("value", "pause", "pause", "drain", "value", "end"))
	fmt.Println(stream.Check("value", "drain", "end"))
	fmt.Println(stream.Check("value"))
	// Output:
	// <nil>
	// pulltest: event 1 is drain, want end or pause or value
	// pulltest: event 1 is the end, want end or pause or value
}

func ExampleGrammar_Read() {
	even := pulltest.When("an even number", func(v int) bool { return v%2 == 0 })
	err := pulltest.Star(even).Read(context.Background(), pull.Values(0, 2, 5, 6))
	var wrong *pulltest.TraceError
	fmt.Println(errors.As(err, &wrong), wrong.Index, wrong.Found, wrong.Expected)
	// Output: true 2 5 [an even number the end]
}

func ExampleEvent() {
	fmt.Println(pulltest.Event(7).Check(7), pulltest.Event(7).Check(8))
	// Output: <nil> pulltest: event 0 is 8, want 7
}

func ExampleWhen() {
	short := pulltest.When("a short word", func(s string) bool { return len(s) < 4 })
	fmt.Println(short.Check("long"))
	// Output: pulltest: event 0 is long, want a short word
}

func ExampleSeq() {
	g := pulltest.Seq(pulltest.Event("open"), pulltest.Event("close"))
	fmt.Println(g.Check("open"))
	// Output: pulltest: event 1 is the end, want close
}

func ExampleOr() {
	g := pulltest.Or(pulltest.Event("commit"), pulltest.Event("roll back"))
	fmt.Println(g.Check("roll back"), g.Check())
	// Output: <nil> pulltest: event 0 is the end, want commit or roll back
}

func ExampleStar() {
	g := pulltest.Star(pulltest.Event('a'))
	fmt.Println(g.Check(), g.Check([]rune("aaa")...))
	// Output: <nil> <nil>
}

func ExamplePlus() {
	fmt.Println(pulltest.Plus(pulltest.Event("try")).Check())
	// Output: pulltest: event 0 is the end, want try
}

func ExampleMaybe() {
	g := pulltest.Seq(pulltest.Maybe(pulltest.Event("header")), pulltest.Event("body"))
	fmt.Println(g.Check("body"), g.Check("header", "body"))
	// Output: <nil> <nil>
}

func ExampleMisbehave() {
	src := pulltest.Misbehave(pull.Count(9), pulltest.Faults{
		After: 2, Fail: errors.New("the line is dead"),
	})
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [0 1] the line is dead
}

func ExampleExploreThrough() {
	t := new(testing.T) // the test function's
	same := func(src pull.Source[int]) pull.Source[int] { return src }
	pulltest.ExploreThrough(t, same, pulltest.ThroughOptions[int, int]{
		Want: func(in []int) []int { return in },
	}, pulltest.Exploration{Runs: 1000})
}

func ExampleSearchThrough() {
	t := new(testing.T) // the test function's
	same := func(src pull.Source[int]) pull.Source[int] { return src }
	again := pulltest.Exploration{Seed: 4711, Runs: 1} // as a failure has named it
	for _, v := range pulltest.SearchThrough(t, same, pulltest.ThroughOptions[int, int]{}, again) {
		fmt.Println(v)
	}
}

func ExampleExploreSource() {
	t := new(testing.T) // the test function's
	pulltest.ExploreSource(t, func() pull.Source[int] { return pull.Count(3) },
		pulltest.SourceOptions[int]{Want: []int{0, 1, 2}}, pulltest.Exploration{})
}

func ExampleSearchSource() {
	t := new(testing.T) // the test function's
	forgets := func() pull.Source[int] {
		return pulltest.Misbehave(pull.Count(3), pulltest.Faults{Revive: true})
	}
	for _, v := range pulltest.SearchSource(t, forgets,
		pulltest.SourceOptions[int]{Want: []int{0, 1, 2}}, pulltest.Exploration{}) {
		fmt.Println(v) // law "finality" broken …: value 0 after the end …
	}
}
