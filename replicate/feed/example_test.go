package feed_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
)

func newFeed() (*replicate.Replica, *feed.Feed[string]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{feed.JSON}})
	f, err := feed.Open[string](r, "chat")
	if err != nil {
		panic(err)
	}
	return r, f
}

func Example() {
	here, a := newFeed()
	there, b := newFeed()
	ctx := context.Background()

	_, _ = a.Append("anyone here?")
	_ = there.Write(ctx, here.Read(nil))
	_, _ = b.Append("yes")
	oops, _ := b.Append("tset")
	_ = here.Write(ctx, there.Read(nil))
	_, _ = a.Remove(oops)
	_, _ = a.Append("good")
	_ = there.Write(ctx, here.Read(nil))

	for item, err := range b.All(replicate.Stamp{}) {
		fmt.Println(item.Value, err)
	}
	// Output:
	// anyone here? <nil>
	// yes <nil>
	// good <nil>
}

// The newest ten, and the ten before those.
func ExampleFeed_Backward() {
	_, f := newFeed()
	for i := range 20 {
		_, _ = f.Append(fmt.Sprint("line ", i))
	}
	var before replicate.Stamp
	for range 2 {
		n := 0
		for item := range f.Backward(before) {
			if before = item.ID; n == 0 {
				fmt.Println(item.Value)
			}
			if n++; n == 10 {
				break
			}
		}
	}
	// Output:
	// line 19
	// line 9
}

func ExampleFeed_Changes() {
	r, f := newFeed()
	id, _ := f.Append("hello")
	changes := f.Changes(0)
	c, _ := changes(context.Background())
	fmt.Println(c.Value, c.Removed)
	_, _ = f.Remove(id)
	c, _ = changes(context.Background())
	fmt.Println(c.ID == id, c.Removed, r.Len())
	// Output:
	// hello false
	// true true 1
}
