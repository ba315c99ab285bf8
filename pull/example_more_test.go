package pull_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/weir-go/weir/pull"
)

func ExampleOnce() {
	fmt.Println(pull.Collect(context.Background(), pull.Once(0)))
	// Output: [0] <nil>
}

func ExampleForever() {
	n := 1
	powers := pull.Forever(func() int { n *= 2; return n })
	fmt.Println(pull.Find(context.Background(), powers, func(v int) bool { return v > 1000 }))
	// Output: 1024 true <nil>
}

func ExampleFromSeq2() {
	src := pull.FromSeq2(slices.All([]string{"zero", "one"}))
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [{0 zero} {1 one}] <nil>
}

func ExampleKeys() {
	keys, err := pull.Collect(context.Background(), pull.Keys(map[string]int{"a": 1, "b": 2}))
	slices.Sort(keys)
	fmt.Println(keys, err)
	// Output: [a b] <nil>
}

func ExampleEntries() {
	fmt.Println(pull.Collect(context.Background(), pull.Entries(map[string]int{"a": 1})))
	// Output: [{a 1}] <nil>
}

func ExampleLate() {
	// The file is opened when somebody reads, and by nobody else.
	src := pull.Late(func(context.Context) (pull.Source[[]byte], error) {
		f, err := os.Open("testdata/no-such-file")
		if err != nil {
			return nil, err
		}
		return pull.From(pull.Reader(f), func(error) error { return f.Close() }), nil
	})
	_, err := src(context.Background())
	fmt.Println(errors.Is(err, os.ErrNotExist))
	// Output: true
}

func ExampleRepeat() {
	src := pull.Repeat(func(context.Context) (pull.Source[string], error) {
		return pull.Values("tick", "tock"), nil
	}, 2)
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [tick tock tick tock] <nil>
}

func ExampleTicker() {
	tick := pull.Ticker(time.Millisecond)
	before, _ := tick(context.Background())
	after, _ := tick(context.Background())
	fmt.Println(after.After(before), pull.Abort(tick, nil))
	// Output: true <nil>
}

func ExamplePushable() {
	events := pull.NewPushable[string](16, nil)
	go func() { // a callback, say
		_ = events.Push(context.Background(), "opened")
		_ = events.Push(context.Background(), "closed")
		events.End()
	}()
	fmt.Println(pull.Collect(context.Background(), events.Source()))
	// Output: [opened closed] <nil>
}

func ExampleNewPushable() {
	conns := pull.NewPushable(4, func(c io.Closer) { _ = c.Close() })
	_ = conns.Push(context.Background(), io.NopCloser(nil))
	fmt.Println(pull.Abort(conns.Source(), errors.New("shutdown"))) // closes what waits
	fmt.Println(conns.Push(context.Background(), io.NopCloser(nil)))
	// Output:
	// <nil>
	// shutdown
}

func ExamplePushable_Push() {
	p := pull.NewPushable[int](1, nil)
	fmt.Println(p.Push(context.Background(), 1))
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(p.Push(ctx, 2)) // full
	// Output:
	// <nil>
	// context deadline exceeded
}

func ExamplePushable_TryPush() {
	p := pull.NewPushable[int](1, nil)
	fmt.Println(p.TryPush(1))
	fmt.Println(p.TryPush(2))
	p.End()
	fmt.Println(p.TryPush(3))
	// Output:
	// true <nil>
	// false <nil>
	// false pull: push after the end
}

func ExamplePushable_End() {
	p := pull.NewPushable[int](1, nil)
	p.End()
	fmt.Println(pull.Collect(context.Background(), p.Source()))
	// Output: [] <nil>
}

func ExamplePushable_Fail() {
	p := pull.NewPushable[int](1, nil)
	_ = p.Push(context.Background(), 1)
	p.Fail(errors.New("lost"))
	fmt.Println(pull.Collect(context.Background(), p.Source()))
	// Output: [1] lost
}

func ExamplePushable_Source() {
	p := pull.NewPushable[int](1, nil)
	_ = p.Push(context.Background(), 7)
	fmt.Println(p.Source()(context.Background()))
	// Output: 7 <nil>
}

func ExampleFind() {
	v, ok, err := pull.Find(context.Background(), pull.Count(10), func(v int) bool { return v*v > 20 })
	fmt.Println(v, ok, err)
	// Output: 5 true <nil>
}

func ExampleLast() {
	fmt.Println(pull.Last(context.Background(), pull.Values("a", "b")))
	fmt.Println(pull.Last(context.Background(), pull.Empty[int]()))
	// Output:
	// b true <nil>
	// 0 false <nil>
}

func ExampleLen() {
	fmt.Println(pull.Len(context.Background(), pull.Count(1000)))
	// Output: 1000 <nil>
}

func ExampleCollectN() {
	vs, err := pull.CollectN(context.Background(), pull.Count(1_000_000), 3)
	fmt.Println(vs, err)
	// Output: [0 1 2] pull: more than 3 values
}

func ExampleTooManyError() {
	_, err := pull.CollectN(context.Background(), pull.Count(5), 3)
	var many *pull.TooManyError
	fmt.Println(errors.As(err, &many), many.Max)
	// Output: true 3
}

func ExampleGroup() {
	words := pull.Values("ant", "bee", "asp", "bug")
	groups, err := pull.Group(context.Background(), words, 100,
		func(s string) string { return s[:1] })
	fmt.Println(groups, err)
	// Output: map[a:[ant asp] b:[bee bug]] <nil>
}

func ExampleToMap() {
	words := pull.Values("ant", "bee")
	m, err := pull.ToMap(context.Background(), words,
		func(s string) (string, int) { return s, len(s) })
	fmt.Println(maps.Equal(m, map[string]int{"ant": 3, "bee": 3}), err)
	// Output: true <nil>
}

func ExampleToChan() {
	ch := make(chan int, 3)
	fmt.Println(pull.ToChan(context.Background(), pull.Count(3), ch))
	fmt.Println(<-ch, <-ch, <-ch)
	// Output:
	// <nil>
	// 0 1 2
}

func ExampleChan() {
	ch, stop := pull.Chan(context.Background(), pull.Count(100))
	for v := range ch {
		fmt.Println(v)
		if v == 1 {
			break
		}
	}
	fmt.Println(stop())
	// Output:
	// 0
	// 1
	// <nil>
}

func ExampleNewReader() {
	src := pull.Values([]byte("from "), []byte("a source"))
	r := pull.NewReader(context.Background(), src)
	defer r.Close()
	fmt.Println(io.Copy(os.Stdout, r))
	// Output: from a source13 <nil>
}

func ExampleTee() {
	var copied bytes.Buffer
	both := pull.Tee(pull.Writer(os.Stdout), pull.Writer(&copied))
	err := both(context.Background(), pull.Reader(strings.NewReader("bytes\n")))
	fmt.Println(copied.Len(), err)
	// Output:
	// bytes
	// 6 <nil>
}

// A stage that ends early aborts what it reads under the context of its call.
func ExampleAbortIn() {
	src := pull.From(func(context.Context) (int, error) { return 1, nil },
		func(cause error) error { fmt.Println("released:", cause); return nil })
	first := func(ctx context.Context) (int, error) {
		v, err := src(ctx)
		if err != nil {
			return 0, err
		}
		return v, pull.AbortIn(ctx, src, errors.New("have enough"))
	}
	fmt.Println(first(context.Background()))
	// Output:
	// released: have enough
	// 1 <nil>
}
