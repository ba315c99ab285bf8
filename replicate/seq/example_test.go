package seq_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
)

func Example() {
	config := replicate.Config{Types: []replicate.Type{seq.JSON}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := seq.Open[string](here, "todo")
	b, _ := seq.Open[string](there, "todo")
	ctx := context.Background()

	milk, _ := a.Push("milk")
	_, _ = a.Push("bread")
	_ = there.Write(ctx, here.Read(nil))

	_ = a.MoveBefore(milk, seq.ID{}) // to the end
	_ = b.Set(milk, "oat milk")
	_, _ = b.InsertAfter(milk, "coffee")

	_ = there.Write(ctx, here.Read(nil))
	_ = here.Write(ctx, there.Read(nil))
	for e := range a.All() {
		fmt.Println(e.Value)
	}
	fmt.Println(here.Fingerprint() == there.Fingerprint())
	// Output:
	// coffee
	// bread
	// oat milk
	// true
}

func ExampleList_Changes() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{seq.JSON}})
	l, _ := seq.Open[string](r, "")
	changes := l.Changes(0)
	ctx := context.Background()

	var list []seq.Element[string]
	id, _ := l.Push("a")
	_, _ = l.Push("b")
	batch, _ := changes(ctx)
	list = batch.Apply(list)
	fmt.Println(len(list), "elements")

	_ = l.Move(id, 1)
	_ = l.Set(id, "A")
	batch, err := changes(ctx)
	for _, c := range batch.Changes {
		fmt.Println(c.Value, "is now at", c.Index)
	}
	list = batch.Apply(list)
	fmt.Println(list[0].Value, list[1].Value, err)
	// Output:
	// 2 elements
	// A is now at 1
	// b A <nil>
}

func ExampleParseID() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{seq.JSON}})
	l, _ := seq.Open[string](r, "")
	id, _ := l.Push("a")
	back, err := seq.ParseID(id.String())
	fmt.Println(back == id, err)
	_, err = seq.ParseID("a")
	fmt.Println(err)
	// Output:
	// true <nil>
	// seq: malformed element id: "a"
}
