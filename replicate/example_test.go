package replicate_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// Two replicas over a connection, until both have what the other had.
func Example() {
	config := replicate.Config{Types: []replicate.Type{model.JSON}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := model.Open[string](here, "")
	b, _ := model.Open[string](there, "")
	_ = a.Set("colour", "green")
	_ = b.Set("size", "large")

	x, y := duplex.Pair[[]byte, []byte]() // a TCP connection, a child process …
	ctx := context.Background()
	answered := make(chan error)
	go func() { answered <- replicate.NewSession(there, replicate.SyncConfig{}).Run(ctx, y) }()
	session := replicate.NewSession(here, replicate.SyncConfig{Once: true})
	fmt.Println(session.Run(ctx, x), <-answered)

	fmt.Println(a.Keys(""), b.Keys(""))
	fmt.Println(session.Stats().SentUpdates, session.Stats().ReceivedUpdates)
	// Output:
	// <nil> <nil>
	// [colour size] [colour size]
	// 1 1
}

// A replica is a stream: of everything, or of what a clock does not cover.
func ExampleReplica_Read() {
	config := replicate.Config{Types: []replicate.Type{model.JSON}}
	r, copied := replicate.New(config), replicate.New(config)
	m, _ := model.Open[int](r, "")
	for i := range 1000 {
		_ = m.Set(fmt.Sprint("key", i), i)
	}
	ctx := context.Background()
	stats, err := copied.Load(ctx, r.Read(nil))
	fmt.Println(stats.AppliedUpdates, err)

	_ = m.Set("key7", 77)
	stats, err = copied.Load(ctx, r.Read(copied.Clock()))
	fmt.Println(stats.AppliedUpdates, err)
	// Output:
	// 1000 <nil>
	// 1 <nil>
}

// One side wants a part of what the other has, which is all that it is sent.
func ExampleFilter() {
	config := replicate.Config{Types: []replicate.Type{model.JSON}}
	server, phone := replicate.New(config), replicate.New(config)
	all, _ := model.Open[string](server, "notes")
	mine, _ := model.Open[string](phone, "notes")
	_ = all.Set("ann/1", "buy milk")
	_ = all.Set("bob/1", "call ann")
	_ = mine.Set("ann/2", "buy tea")

	ann := replicate.Only(replicate.Rule{Type: model.JSON.Tag, Name: "notes", Key: "ann/"})
	x, y := duplex.Pair[[]byte, []byte]()
	ctx := context.Background()
	answered := make(chan error)
	go func() {
		// What the server permits counts too: here no more than what is asked for.
		answered <- replicate.NewSession(server, replicate.SyncConfig{Allow: ann}).Run(ctx, y)
	}()
	session := replicate.NewSession(phone, replicate.SyncConfig{Once: true, Want: ann})
	fmt.Println(session.Run(ctx, x), <-answered)

	fmt.Println(ann)
	fmt.Println(mine.Keys(""), all.Keys(""))
	fmt.Println(len(phone.Clock()), len(phone.ClockOf(ann)))
	// Output:
	// <nil> <nil>
	// model/json:notes/ann/*
	// [ann/1 ann/2] [ann/1 ann/2 bob/1]
	// 1 2
}

// A dump of a part of a replica promises nothing about the rest.
func ExampleReplica_ReadOf() {
	config := replicate.Config{Types: []replicate.Type{model.JSON}}
	r, part := replicate.New(config), replicate.New(config)
	for _, name := range []string{"todo", "done"} {
		m, _ := model.Open[int](r, name)
		_ = m.Set("milk", 1)
	}
	todo := replicate.Only(replicate.Rule{Name: "todo"})
	stats, err := part.Load(context.Background(), r.ReadOf(todo, part.ClockOf(todo)))
	fmt.Println(stats.AppliedUpdates, err, part.Objects())
	fmt.Println(len(part.Clock()), part.ClockOf(todo).Compare(r.Clock()))
	// Output:
	// 1 <nil> [model/json:todo]
	// 0 equal
}

// What is written while a snapshot is read is not in it.
func ExampleReplica_Snapshot() {
	config := replicate.Config{Types: []replicate.Type{model.JSON}}
	r, copied := replicate.New(config), replicate.New(config)
	m, _ := model.Open[int](r, "")
	_ = m.Set("a", 1)

	ctx := context.Background()
	snapshot := r.Snapshot()
	header, _ := snapshot(ctx)
	_ = m.Set("a", 2)
	begun := false
	_, err := copied.Load(ctx, func(ctx context.Context) ([]byte, error) {
		if !begun {
			begun = true
			return header, nil
		}
		return snapshot(ctx)
	})
	m, _ = model.Open[int](copied, "")
	a, _ := m.Get("a")
	fmt.Println(a, err)
	// Output: 1 <nil>
}

func ExampleReplica_Changes() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, _ := model.Open[int](r, "temperature")
	_ = m.Set("roof", 20)
	_ = m.Set("roof", 21)

	changes := r.Changes(0)
	updates, err := changes(context.Background())
	for _, u := range updates {
		fmt.Println(u.Object(), err)
	}
	_ = pull.Abort(changes, nil)
	// Output: model/json:temperature <nil>
}

func ExampleClock_Compare() {
	a, b := replicate.Author("ann"), replicate.Author("bob")
	seen := replicate.Clock{a: 5, b: 2}
	fmt.Println(seen.Compare(replicate.Clock{a: 5}))
	fmt.Println(seen.Compare(replicate.Clock{a: 5, b: 3}))
	fmt.Println(seen.Compare(replicate.Clock{a: 4, b: 3}))
	// Output:
	// after
	// before
	// concurrent
}

func ExampleTimeOf() {
	t := replicate.TimeOf(time.UnixMilli(1_700_000_000_000))
	fmt.Println(t, t.Wall().UTC())
	// Output: 1700000000000.0 2023-11-14 22:13:20 +0000 UTC
}

// A move from one object to another is seen whole, or not at all, everywhere.
func ExampleReplica_Begin() {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	todo, _ := model.Open[string](r, "todo")
	done, _ := model.Open[string](r, "done")
	_ = todo.Set("1", "buy milk")

	tx := r.Begin()
	_, _ = todo.In(tx).Delete("1")
	_ = done.In(tx).Set("1", "buy milk")
	fmt.Println(todo.Keys(""), done.Keys(""))
	_, err := tx.Commit()
	fmt.Println(todo.Keys(""), done.Keys(""), err)
	// Output:
	// [1] []
	// [] [1] <nil>
}

// A session by hand: every frame is moved when the caller says so.
func ExampleSession_Next() {
	config := replicate.Config{Types: []replicate.Type{model.JSON}}
	here, there := replicate.New(config), replicate.New(config)
	a, _ := model.Open[string](here, "")
	b, _ := model.Open[string](there, "")
	_ = a.Set("colour", "green")

	x := replicate.NewSession(here, replicate.SyncConfig{})
	y := replicate.NewSession(there, replicate.SyncConfig{})
	x.Begin()
	y.Begin()
	for !b.Has("colour") {
		chunk, _ := x.Next()
		fmt.Println("there takes a frame:", chunk != nil, y.Take(chunk))
		chunk, _ = y.Next()
		fmt.Println("here takes a frame: ", chunk != nil, x.Take(chunk))
	}
	x.End() // a cut: what came stays
	y.End()
	fmt.Println(b.Get("colour"))
	// Output:
	// there takes a frame: true <nil>
	// here takes a frame:  true <nil>
	// there takes a frame: true <nil>
	// here takes a frame:  true <nil>
	// there takes a frame: true <nil>
	// here takes a frame:  true <nil>
	// green <nil>
}

// Updates are signed by who writes them. Who takes them in goes by a list of
// keys, whoever brings them.
func ExampleAuthor_Key() {
	ann, annKey, _ := ed25519.GenerateKey(nil)
	_, eveKey, _ := ed25519.GenerateKey(nil)
	types := []replicate.Type{model.JSON}
	write := func(key ed25519.PrivateKey, value string) *replicate.Replica {
		r := replicate.New(replicate.Config{Types: types, Key: key})
		m, _ := model.Open[string](r, "")
		_ = m.Set("greeting", value)
		return r
	}
	reader := replicate.New(replicate.Config{Types: types,
		Trust: func(key ed25519.PublicKey) bool { return ann.Equal(key) }})
	m, _ := model.Open[string](reader, "")
	ctx := context.Background()
	for _, r := range []*replicate.Replica{write(annKey, "hello"), write(eveKey, "boo"), write(nil, "boo")} {
		err := reader.Write(ctx, r.Read(nil))
		fmt.Println(errors.Is(err, replicate.ErrUntrusted), errors.Is(err, replicate.ErrUnsigned))
	}
	key, signed := reader.Live()[0].Stamp().Author.Key()
	greeting, _ := m.Get("greeting")
	fmt.Println(greeting, signed, ann.Equal(key))
	// Output:
	// false false
	// true false
	// false true
	// hello true true
}
