package npm_test

import (
	"context"
	"fmt"
	"os"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

// exampleModel opens a model in a replica of its own.
func exampleModel(id string) (*npm.Scuttlebutt, *npm.Model[string]) {
	r := replicate.New(replicate.Config{Types: npm.Types()})
	s, err := npm.Open(r, npm.ModelType, "", npm.Config{ID: id})
	if err != nil {
		panic(err)
	}
	m, err := npm.NewModel[string](s)
	if err != nil {
		panic(err)
	}
	return s, m
}

// The peer could as well be a program in JavaScript that pipes
// model.createStream() into a socket: see duplex/netconn.
func ExampleScuttlebutt_NewSession() {
	s, m := exampleModel("A")
	t, n := exampleModel("B")
	_ = m.Set("greeting", "hello")
	_ = n.Set("name", "ann")

	a, b := duplex.Pair[[]byte, []byte]()
	ended := make(chan error, 1)
	go func() { ended <- s.NewSession(npm.SyncConfig{Once: true}).Run(context.Background(), a) }()
	if err := t.NewSession(npm.SyncConfig{Once: true}).Run(context.Background(), b); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-ended)
	fmt.Println(string(s.JSON()))
	fmt.Println(string(t.JSON()))
	// Output:
	// <nil>
	// {"greeting":"hello","name":"ann"}
	// {"greeting":"hello","name":"ann"}
}

func ExampleScuttlebutt_Load() {
	s, m := exampleModel("")
	dump := `{"id":"Q","clock":{"Q":1795206777832.002}}
[["b",{"x":[1,2]}],1795206777832.001,"Q"]
[["a","two"],1795206777832.002,"Q"]
"SYNC"
`
	stats, err := s.Load(context.Background(), pull.Once([]byte(dump)))
	fmt.Println(stats.Peer.ID, stats.AppliedUpdates, err)
	fmt.Println(m.Get("a"))
	// Output:
	// Q 2 <nil>
	// two <nil>
}

func ExampleScuttlebutt_Dump() {
	s, _ := exampleModel("A")
	_, _ = s.Load(context.Background(), pull.Once([]byte(`{"id":"Q","clock":{}}`+"\n"+`[["k","☃"],5.5,"Q"]`+"\n\"SYNC\"\n")))
	_ = pull.Writer(os.Stdout)(context.Background(), s.Dump())
	// Output:
	// {"id":"A","clock":{"Q":5.5}}
	// [["k","\u2603"],5.5,"Q"]
	// "SYNC"
}

func ExampleDoc_Ordered() {
	r := replicate.New(replicate.Config{Types: npm.Types()})
	s, _ := npm.Open(r, npm.DocType, "", npm.Config{})
	d, _ := npm.NewDoc(s)
	todo, _ := d.Ordered("list", "todo")
	for _, id := range []string{"milk", "bread", "tea"} {
		if err := todo.Push(id, map[string]int{"pieces": len(id)}); err != nil {
			fmt.Println(err)
		}
	}
	_ = todo.Insert(0, "tea", nil) // moves it
	_, _ = todo.Remove("milk")
	fmt.Println(todo.IDs(), d.Len())
	row, err := d.Get("bread")
	fmt.Println(string(row.Fields["pieces"]), err)
	// Output:
	// [tea bread] 3
	// 5 <nil>
}

func ExampleOpenBucket() {
	r := replicate.New(replicate.Config{Types: npm.Types()})
	s, err := npm.OpenBucket(r, "", map[string]replicate.Type{
		"users": npm.ModelType, "chat": npm.EventsType,
	}, npm.Config{})
	if err != nil {
		fmt.Println(err)
	}
	users, _ := npm.NewModel[string](s.Part("users"))
	chat, _ := npm.NewEmitter(s.Part("chat"))
	_ = users.Set("ann", "online")
	_ = chat.Emit("say", "ann", "hi")
	fmt.Println(string(s.JSON()))
	// Output: {"chat":[["say","ann","hi"]],"users":{"ann":"online"}}
}

func ExampleScuttlebutt_Write() {
	s, _ := exampleModel("")
	for _, change := range []string{`["k", {"b": 1.0, "2": "\u2603"}]`, `[{}, 1]`} {
		_, err := s.Write([]byte(change))
		fmt.Println(err)
	}
	fmt.Println(string(s.JSON()))
	// Output:
	// <nil>
	// npm: [{},1] is not a change: a model's is [KEY,VALUE], KEY a string
	// {"k":{"2":"☃","b":1}}
}
