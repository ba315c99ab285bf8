package reduce_test

import (
	"context"
	"fmt"
	"maps"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/reduce"
)

// exchange lets each of two replicas have what the other has.
func exchange(a, b *replicate.Replica) {
	ctx := context.Background()
	if err := b.Write(ctx, a.Read(nil)); err != nil {
		panic(err)
	}
	if err := a.Write(ctx, b.Read(nil)); err != nil {
		panic(err)
	}
}

// A set that only grows: what happens once has happened, in whatever order one
// hears of it, and however often.
//
// row: 45 repred non-virgins
func Example_nonVirgins() {
	nonVirgins := reduce.TypeOf("non-virgins", func(all, more map[string]bool) map[string]bool {
		maps.Copy(all, more)
		return all
	}, reduce.Config[map[string]bool]{})
	config := replicate.Config{Types: []replicate.Type{nonVirgins.Type()}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := reduce.Open(here, "", nonVirgins)
	b, _ := reduce.Open(there, "", nonVirgins)

	_, _ = a.Update(map[string]bool{"alice": true, "bob": true})
	_, _ = b.Update(map[string]bool{"bob": true, "carol": true})
	exchange(here, there)

	fmt.Println(a.Value())
	fmt.Println(b.Value())
	fmt.Println(b.Update(map[string]bool{"alice": true})) // it is known
	// Output:
	// map[alice:true bob:true carol:true] <nil>
	// map[alice:true bob:true carol:true] <nil>
	// false <nil>
}

// When each was last seen to drink: the latest time counts.
//
// row: 45 repred on-the-wagon
func Example_onTheWagon() {
	lastDrink := reduce.TypeOf("last-drink", func(all, more map[string]int) map[string]int {
		for who, at := range more {
			all[who] = max(all[who], at)
		}
		return all
	}, reduce.Config[map[string]int]{})
	config := replicate.Config{Types: []replicate.Type{lastDrink.Type()}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := reduce.Open(here, "", lastDrink)
	b, _ := reduce.Open(there, "", lastDrink)

	_, _ = a.Update(map[string]int{"dominic": 1100, "eve": 900})
	_, _ = b.Update(map[string]int{"dominic": 1730})
	_, _ = b.Update(map[string]int{"dominic": 1200, "eve": 800}) // old stories
	exchange(here, there)

	fmt.Println(a.Value())
	fmt.Println(here.Len(), "updates, one for each author")
	// Output:
	// map[dominic:1730 eve:900] <nil>
	// 2 updates, one for each author
}

// With a key, ops stay small: each holds what one author says of one key.
func ExampleConfig() {
	type beat struct {
		Name string
		At   int
	}
	later := func(a, b beat) beat {
		if b.At > a.At {
			return b
		}
		return a
	}
	beats := reduce.TypeOf("beats", later, reduce.Config[beat]{Key: func(b beat) string { return b.Name }})
	r := replicate.New(replicate.Config{Types: []replicate.Type{beats.Type()}})
	c, _ := reduce.Open(r, "", beats)
	_, _ = c.Update(beat{"a", 1})
	_, _ = c.Update(beat{"b", 2})
	_, _ = c.Update(beat{"a", 3})
	for b, err := range c.All("") {
		fmt.Println(b, err)
	}
	// Output:
	// {a 3} <nil>
	// {b 2} <nil>
}

// A test of one's own function.
func ExampleReduction_Check() {
	longest := func(a, b string) string {
		if len(b) > len(a) {
			return b
		}
		return a
	}
	d := reduce.TypeOf("longest", longest, reduce.Config[string]{})
	fmt.Println(d.Check("a", "bb", "ccc"))
	fmt.Println(d.Check("a", "b"))
	// Output:
	// <nil>
	// reduce: broken: f(a, b) = f(b, a), for a = "\"a\"" b = "\"b\""
}

func ExampleCollection_Changes() {
	sets := reduce.TypeOf("set", union, reduce.Config[map[string]bool]{})
	r := replicate.New(replicate.Config{Types: []replicate.Type{sets.Type()}})
	c, _ := reduce.Open(r, "", sets)
	_, _ = c.Update(map[string]bool{"x": true})
	_, _ = c.Update(map[string]bool{"y": true})

	change, err := c.Changes(0)(context.Background())
	fmt.Println(change.Value, change.Stamp.Author == r.Author(), err)
	// Output: map[x:true y:true] true <nil>
}
