package doc_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/doc"
)

// Two lists: what is moved to the one leaves the other.
func Example() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{doc.JSON}})
	d, _ := doc.Open[string](r, "")
	todo, _ := d.Sequence("list", "todo")
	done, _ := d.Sequence("list", "done")

	drnk, _ := todo.Push(map[string]string{"text": "beer"})
	meet, _ := todo.Push(map[string]string{"text": "reject.js"})

	show := func() {
		var all []string
		for _, q := range []*doc.Sequence[string]{todo, done} {
			for row := range q.All() {
				all = append(all, row.Fields["list"]+" "+row.Fields["text"])
			}
		}
		fmt.Println(strings.Join(all, ", "))
	}
	show()
	_ = todo.MoveBefore(meet, drnk)
	show()
	_ = done.PushRow(meet)
	show() // it was removed from the todo list
	// Output:
	// todo beer, todo reject.js
	// todo reject.js, todo beer
	// todo beer, done reject.js
}

func ExampleDoc_Changes() {
	config := replicate.Config{Types: []replicate.Type{doc.JSON}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := doc.Open[string](here, "")
	b, _ := doc.Open[string](there, "")
	_ = a.Set("id:02576432", map[string]string{"prop": "value"})
	_ = a.Set("id:02576432", map[string]string{"key": "value"})

	ctx := context.Background()
	_ = there.Write(ctx, here.Read(nil))
	c, _ := b.Changes(0)(ctx)
	fmt.Println(c.Row.ID, c.Row.Fields, c.Fields)
	// Output: id:02576432 map[key:value prop:value] [key prop]
}

func ExampleSet_Changes() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{doc.JSON}})
	d, _ := doc.Open[string](r, "")
	cheeses, _ := d.Where("type", "cheese")
	changes := cheeses.Changes()
	show := func() {
		m, _ := changes(context.Background())
		fmt.Println(m.Motion, m.Row.ID, m.Row.Fields)
	}

	_ = d.Set("brie", map[string]string{"type": "cheese"})
	show()
	_ = d.Set("brie", map[string]string{"age": "old"})
	show()
	_, _ = cheeses.Remove("brie")
	show()
	// Output:
	// enter brie map[type:cheese]
	// update brie map[age:old type:cheese]
	// leave brie map[age:old]
}

func ExampleRow_Into() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{doc.JSON}})
	d, _ := doc.Open[any](r, "")
	id, _ := d.Add(map[string]any{"text": "beer", "bottles": 6})
	row, _ := d.Get(id)
	var item struct {
		Text    string `json:"text"`
		Bottles int    `json:"bottles"`
	}
	err := row.Into(&item)
	fmt.Println(item.Text, item.Bottles, err)
	// Output: beer 6 <nil>
}
