package set_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/set"
)

func Example() {
	config := replicate.Config{Types: []replicate.Type{set.JSON}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := set.Open[string](here, "members")
	b, _ := set.Open[string](there, "members")

	ctx := context.Background()
	_ = a.Add("ann")
	_ = a.Add("bob")
	_ = there.Write(ctx, here.Read(nil))

	_, _ = b.Remove("ann")
	_ = a.Add("ann") // has not seen the removal, nor that this: the addition wins
	_, _ = b.Remove("bob")
	_ = there.Write(ctx, here.Read(nil))
	_ = here.Write(ctx, there.Read(nil))
	for name := range a.All() {
		fmt.Println(name)
	}
	fmt.Println(here.Fingerprint() == there.Fingerprint())
	// Output:
	// ann
	// true
}

func ExampleMinus() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{set.GrowJSON}})
	born, _ := set.OpenGrow[string](r, "born")
	nonVirgins, _ := set.OpenGrow[string](r, "nonVirgins")
	virgins := set.Minus(born, nonVirgins)
	for _, name := range []string{"ann", "bob", "cid"} {
		_, _ = born.Add(name)
	}
	_, _ = nonVirgins.Add("bob")
	for name := range virgins.All() {
		fmt.Println(name)
	}
	// Output:
	// ann
	// cid
}

func ExampleAddWins_Changes() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{set.JSON}})
	s, _ := set.Open[string](r, "members")
	_ = s.Add("ann")
	_ = s.Add("bob")
	_, _ = s.Remove("ann")

	members, news := map[string]bool{}, s.Changes(0)
	for range 2 { // ann is told once, as she is now
		c, _ := news(context.Background())
		if c.Removed {
			delete(members, c.Value)
		} else {
			members[c.Value] = true
		}
		fmt.Println(c.Value, !c.Removed)
	}
	// Output:
	// bob true
	// ann false
}
