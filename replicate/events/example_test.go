package events_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/events"
)

// new returns a replica with an emitter.
func newEmitter[V any]() (*replicate.Replica, *events.Emitter[V]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{events.JSON}})
	e, err := events.Open[V](r, "")
	if err != nil {
		panic(err)
	}
	return r, e
}

func Example() {
	here, a := newEmitter[[]any]()
	there, b := newEmitter[[]any]()

	_, _ = a.Emit("door", []any{"front", "open"})
	_, _ = a.Emit("light", []any{"hall", 40})

	ctx := context.Background()
	_ = there.Write(ctx, here.Read(nil))
	heard := b.Events(0)
	for range 2 {
		ev, err := heard(ctx)
		fmt.Println(ev.Name, ev.Value, err)
	}
	// Output:
	// door [front open] <nil>
	// light [hall 40] <nil>
}

// A process that remembers the last event it has dealt with goes on behind it.
func ExampleEmitter_Resume() {
	_, e := newEmitter[int]()
	ctx := context.Background()
	for i := range 3 {
		_, _ = e.Emit("job", i)
	}
	first, _ := e.Events(0, "job")(ctx)
	remembered, _ := first.Stamp.MarshalText()

	var last replicate.Stamp
	_ = last.UnmarshalText(remembered)
	jobs, err := e.Resume(last, "job")
	fmt.Println(err)
	next, _ := jobs(ctx)
	fmt.Println(next.Value)
	// Output:
	// <nil>
	// 1
}

func ExampleEmitter_Trim() {
	_, e := newEmitter[int]()
	for i := range 10 {
		_, _ = e.Emit("n", i)
	}
	gone, err := e.Trim(2)
	fmt.Println(gone, err, e.Len())
	first, _ := e.Events(0)(context.Background())
	fmt.Println(first.Value)
	// Output:
	// 8 <nil> 2
	// 8
}

func ExampleEmitter_All() {
	_, e := newEmitter[int]()
	for i := range 3 {
		_, _ = e.Emit("n", i)
	}
	for ev := range e.All() {
		fmt.Println(ev.Name, ev.Value)
	}
	// Output:
	// n 0
	// n 1
	// n 2
}
