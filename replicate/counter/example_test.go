package counter_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/counter"
)

func Example() {
	config := replicate.Config{Types: []replicate.Type{counter.Type}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := counter.Open(here, "stock")
	b, _ := counter.Open(there, "stock")

	_ = a.Add(10)
	_ = b.Add(-3)
	ctx := context.Background()
	_ = there.Write(ctx, here.Read(nil))
	_ = here.Write(ctx, there.Read(nil))
	fmt.Println(a.Value(), b.Value())
	// Output: 7 7
}

func ExampleCounter_Changes() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{counter.Type}})
	c, _ := counter.Open(r, "visits")
	_ = c.Add(1)
	_ = c.Add(1)
	news, err := c.Changes(0)(context.Background())
	fmt.Println(news.Value, err)
	// Output: 2 <nil>
}
