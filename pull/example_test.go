package pull_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/weir-go/weir/pull"
)

func ExampleSource() {
	// Any function of this shape is a source.
	n := 3
	countdown := pull.Source[int](func(ctx context.Context) (int, error) {
		switch {
		case ctx.Err() != nil:
			n = 0
			return 0, pull.Cause(ctx)
		case n == 0:
			return 0, io.EOF
		}
		n--
		return n + 1, nil
	})
	fmt.Println(pull.Collect(context.Background(), countdown))
	// Output: [3 2 1] <nil>
}

func ExampleSource_All() {
	for v, err := range pull.Values("a", "b", "c").All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(v)
		if v == "b" {
			break // aborts the source
		}
	}
	// Output:
	// a
	// b
}

func ExampleThrough() {
	var double pull.Through[int, int] = func(src pull.Source[int]) pull.Source[int] {
		return func(ctx context.Context) (int, error) {
			v, err := src(ctx)
			return 2 * v, err
		}
	}
	fmt.Println(pull.Collect(context.Background(), double(pull.Count(4))))
	// Output: [0 2 4 6] <nil>
}

func ExampleValues() {
	fmt.Println(pull.Collect(context.Background(), pull.Values("a", "b")))
	// Output: [a b] <nil>
}

func ExampleCount() {
	fmt.Println(pull.Collect(context.Background(), pull.Count(4)))
	// Output: [0 1 2 3] <nil>
}

func ExampleEmpty() {
	_, err := pull.Empty[int]()(context.Background())
	fmt.Println(err)
	// Output: EOF
}

func ExampleError() {
	src := pull.Error[int](errors.New("no such stream"))
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [] no such stream
}

func ExampleFrom() {
	lines := []string{"first", "second"}
	src := pull.From(func(context.Context) (string, error) {
		if len(lines) == 0 {
			return "", io.EOF
		}
		line := lines[0]
		lines = lines[1:]
		return line, nil
	}, func(cause error) error {
		fmt.Println("released:", cause)
		return nil
	})
	fmt.Println(pull.Collect(context.Background(), src))
	// Output:
	// released: EOF
	// [first second] <nil>
}

func ExampleFromSeq() {
	src := pull.FromSeq(slices.Values([]int{1, 2, 3}))
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [1 2 3] <nil>
}

func ExampleFromChan() {
	ch := make(chan int, 2)
	ch <- 1
	ch <- 2
	close(ch)
	fmt.Println(pull.Collect(context.Background(), pull.FromChan(ch)))
	// Output: [1 2] <nil>
}

func ExampleGenerate() {
	fib := pull.Generate(func(_ context.Context, yield func(int) bool) error {
		defer fmt.Println("stopped")
		for a, b := 0, 1; yield(a); a, b = b, a+b {
			continue
		}
		return nil
	})
	for v := range fib.All(context.Background()) {
		if v > 10 {
			break
		}
		fmt.Print(v, " ")
	}
	// Output: 0 1 1 2 3 5 8 stopped
}

func ExampleReader() {
	src := pull.Reader(strings.NewReader("some bytes"))
	for chunk, err := range src.All(context.Background()) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	// Output: some bytes <nil>
}

func ExampleWriter() {
	sink := pull.Writer(os.Stdout)
	err := sink(context.Background(), pull.Values([]byte("to "), []byte("stdout\n")))
	fmt.Println(err)
	// Output:
	// to stdout
	// <nil>
}

func ExampleEach() {
	err := pull.Each(context.Background(), pull.Count(100), func(v int) error {
		fmt.Println(v)
		if v == 1 {
			return pull.ErrStopped // enough
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// 0
	// 1
	// <nil>
}

func ExampleCollect() {
	vs, err := pull.Collect(context.Background(), pull.Count(3))
	fmt.Println(vs, err)
	// Output: [0 1 2] <nil>
}

func ExampleReduce() {
	sum, err := pull.Reduce(context.Background(), pull.Count(5), 0,
		func(sum, v int) int { return sum + v })
	fmt.Println(sum, err)
	// Output: 10 <nil>
}

func ExampleDrain() {
	fmt.Println(pull.Drain(context.Background(), pull.Count(5)))
	// Output: <nil>
}

func ExampleAbort() {
	src := pull.From(func(context.Context) (int, error) { return 0, nil },
		func(cause error) error {
			fmt.Println("released:", cause)
			return nil
		})
	fmt.Println(pull.Abort(src, errors.New("not needed")))
	// Output:
	// released: not needed
	// <nil>
}

func ExampleCause() {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(io.EOF)
	fmt.Println(pull.Cause(ctx))
	// Output: pull: stopped
}
