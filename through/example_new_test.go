package through_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
)

func Double(src pull.Source[int]) pull.Source[int] {
	return through.Map(src, func(n int) int { return 2 * n })
}

// A Run is a value, and how often it came in a row.
type Run struct{ Value, N int }

func Runs(src pull.Source[int]) pull.Source[Run] {
	var run Run
	return through.New(src, func(ctx context.Context, src pull.Source[int]) (Run, error) {
		for {
			v, err := src(ctx)
			if err == nil && (v == run.Value || run.N == 0) {
				run = Run{Value: v, N: run.N + 1}
				continue
			}
			if err != nil && run.N == 0 {
				return Run{}, err
			}
			whole := run
			if run = (Run{Value: v, N: 1}); err != nil {
				run = Run{} // the end comes again with the next call
			}
			return whole, nil
		}
	})
}

// An operator that remembers something, and flushes it at the end.
func ExampleNew() {
	fmt.Println(pull.Collect(context.Background(), Runs(pull.Values(7, 7, 7, 0, 7))))
	// Output: [{7 3} {0 1} {7 1}] <nil>
}

func TestDouble(t *testing.T) {
	pulltest.Through(t, Double, pulltest.ThroughOptions[int, int]{
		Want: func(in []int) (out []int) {
			for _, n := range in {
				out = append(out, 2*n)
			}
			return out
		},
	})
}

func TestRuns(t *testing.T) {
	pulltest.Through(t, Runs, pulltest.ThroughOptions[int, Run]{
		Value: func(i int) int { return i / 2 }, // 0, 0, 1, 1, 2, …
		Want: func(in []int) (runs []Run) {
			for i := 0; i < len(in); i += 2 {
				runs = append(runs, Run{Value: in[i], N: min(2, len(in)-i)})
			}
			return runs
		},
		ReadAhead: 1, // the value that shows that a run is over
	})
}

var errLongRecord = errors.New("record is longer than 1 KiB")

// Records cuts chunks into records, each of which a semicolon ends: values from
// chunks, however those are cut.
func Records(src pull.Source[[]byte]) pull.Source[string] {
	var rest []byte
	return through.New(src, func(ctx context.Context, src pull.Source[[]byte]) (string, error) {
		for {
			if record, after, ok := bytes.Cut(rest, []byte(";")); ok {
				rest = after
				return string(record), nil
			}
			if len(rest) > 1<<10 {
				return "", errLongRecord
			}
			chunk, err := src(ctx)
			if err == io.EOF && len(rest) > 0 {
				err = io.ErrUnexpectedEOF // a record was begun: no clean end
			}
			if err != nil {
				return "", err
			}
			rest = append(rest, chunk...)
		}
	})
}

// Chunks in, values out.
func ExampleNew_chunks() {
	chunks := pull.Values([]byte("ape;b"), []byte("ee"), []byte(";cat;dog"))
	fmt.Println(pull.Collect(context.Background(), Records(chunks)))
	// Output: [ape bee cat] unexpected EOF
}

func TestRecords(t *testing.T) {
	pulltest.Through(t, Records, pulltest.ThroughOptions[[]byte, string]{
		Value: func(i int) []byte { return fmt.Appendf(nil, "%d;", i) },
		Want: func(in [][]byte) (records []string) {
			for _, chunk := range in {
				records = append(records, string(bytes.TrimSuffix(chunk, []byte(";"))))
			}
			return records
		},
		Fail: func(src pull.Source[[]byte]) pull.Source[string] {
			return Records(through.Map(src, func([]byte) []byte { return make([]byte, 800) }))
		},
	})
}

// A stop that delivers what has been read: nothing more is read, and what waits
// for a batch to fill goes on.
func ExampleUntilDone() {
	ctx := context.Background()
	stop, interrupt := context.WithCancel(ctx) // signal.NotifyContext, in a program
	src := through.Tap(pull.Count(1_000_000), func(n int) {
		if n == 4 {
			interrupt()
		}
	}, func(err error) { fmt.Println("source:", err) })
	batches := through.Batch(through.UntilDone(src, stop), 3)
	fmt.Println(pull.Collect(ctx, batches))
	// Output:
	// source: pull: stopped
	// [[0 1 2] [3 4]] <nil>
}
