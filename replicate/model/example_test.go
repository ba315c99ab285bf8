package model_test

import (
	"context"
	"fmt"
	"time"

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

func ExampleExpiring() {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	sessions := model.Expiring(model.JSON, model.Limits{MaxAge: time.Hour, MaxCount: 2})
	r := replicate.New(replicate.Config{
		Types: []replicate.Type{sessions},
		Now:   func() time.Time { return now },
	})
	m, _ := model.OpenWith(r, "sessions", replicate.JSON[string](sessions))
	_ = m.Set("s1", "ann")
	_ = m.Set("s2", "bob")
	_ = m.Set("s3", "cid")
	fmt.Println(m.Keys(""))
	now = now.Add(30 * time.Minute)
	_ = m.Set("s3", "cid, again")
	now = now.Add(31 * time.Minute)
	fmt.Println(m.Keys(""))
	// Output:
	// [s2 s3]
	// [s3]
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
