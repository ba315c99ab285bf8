package value_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/value"
)

func Example() {
	config := replicate.Config{Types: []replicate.Type{value.JSON}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := value.Open[string](here, "motd")
	b, _ := value.Open[string](there, "motd")

	ctx := context.Background()
	_ = a.Set("hello")
	_ = there.Write(ctx, here.Read(nil))
	_ = b.Set("hello, world") // has seen "hello", so it wins
	_ = here.Write(ctx, there.Read(nil))

	fmt.Println(a.Get())
	// Output: hello, world <nil>
}

func ExampleKeep() {
	typ := value.Keep(value.JSON, 2)
	r := replicate.New(replicate.Config{Types: []replicate.Type{typ}})
	v, _ := value.OpenWith(r, "status", replicate.JSON[string](typ))
	for _, s := range []string{"starting", "up", "stopping"} {
		_ = v.Set(s)
	}
	writes, _ := v.History()
	for _, w := range writes {
		fmt.Println(w.Value, w.Stamp.Author == r.Author())
	}
	// Output:
	// up true
	// stopping true
}

func ExampleMulti() {
	config := replicate.Config{Types: []replicate.Type{value.MultiJSON}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := value.OpenMulti[string](here, "title")
	b, _ := value.OpenMulti[string](there, "title")
	_ = a.Set("Rivers")
	_ = b.Set("Streams") // neither has seen the other

	_ = here.Write(context.Background(), there.Read(nil))
	writes, _ := a.Get()
	fmt.Println(len(writes), "writes")
	_ = a.Set("Rivers and streams") // resolves both
	writes, _ = a.Get()
	fmt.Println(len(writes), writes[0].Value)
	// Output:
	// 2 writes
	// 1 Rivers and streams
}

func ExampleValue_Changes() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{value.JSON}})
	v, _ := value.Open[int](r, "temperature")
	_ = v.Set(20)
	_ = v.Set(21)
	w, err := v.Changes(0)(context.Background())
	fmt.Println(w.Value, err)
	// Output: 21 <nil>
}
