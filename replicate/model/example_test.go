package model_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

func Example() {
	config := replicate.Config{Types: []replicate.Type{model.JSON}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := model.Open[int](here, "scores")
	b, _ := model.Open[int](there, "scores")

	_ = a.Set("ann", 3)
	_ = b.Set("bob", 5)

	ctx := context.Background()
	_ = there.Write(ctx, here.Read(nil))
	_ = here.Write(ctx, there.Read(nil))
	for e := range a.All("") {
		fmt.Println(e.Key, e.Value)
	}
	fmt.Println(here.Fingerprint() == there.Fingerprint())
	// Output:
	// ann 3
	// bob 5
	// true
}

func ExampleModel_Changes() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, _ := model.Open[string](r, "")
	_ = m.Set("greeting", "hello")
	_ = m.Set("greeting", "hello, world")

	c, err := m.Changes(0)(context.Background())
	fmt.Println(c.Key, c.Value, err)
	// Output: greeting hello, world <nil>
}
