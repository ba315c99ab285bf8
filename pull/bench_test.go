package pull_test

import (
	"context"
	"io"
	"iter"
	"slices"
	"testing"

	"github.com/weir-go/weir/pull"
)

// One operation of every benchmark here is one value. Loop, Seq and SeqPull
// are the floors: a plain loop behind a call that is not inlined, an iter.Seq,
// and one read through iter.Pull.

var sum int

//go:noinline
func add(v int) { sum += v }

func BenchmarkLoop(b *testing.B) {
	for i := range b.N {
		add(i)
	}
}

//go:noinline
func countSeq(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n && yield(i); i++ {
			continue
		}
	}
}

func BenchmarkSeq(b *testing.B) {
	for v := range countSeq(b.N) {
		add(v)
	}
}

func BenchmarkSeqPull(b *testing.B) {
	next, stop := iter.Pull(countSeq(b.N))
	defer stop()
	for v, ok := next(); ok; v, ok = next() {
		add(v)
	}
}

func benchSource(b *testing.B, src pull.Source[int]) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.ReportAllocs()
	b.ResetTimer()
	for {
		v, err := src(ctx)
		if err != nil {
			if err != io.EOF {
				b.Fatal(err)
			}
			return
		}
		add(v)
	}
}

func BenchmarkCount(b *testing.B) { benchSource(b, pull.Count(b.N)) }

func BenchmarkValues(b *testing.B) { benchSource(b, pull.Values(make([]int, b.N)...)) }

func BenchmarkFrom(b *testing.B) { benchSource(b, pull.From(pull.Count(b.N), nil)) }

func BenchmarkFromSeq(b *testing.B) {
	benchSource(b, pull.FromSeq(slices.Values(make([]int, b.N))))
}

func BenchmarkFromChan(b *testing.B) {
	ch := make(chan int, b.N)
	for i := range b.N {
		ch <- i
	}
	close(ch)
	benchSource(b, pull.FromChan(ch))
}

func BenchmarkGenerate(b *testing.B) {
	n := b.N
	benchSource(b, pull.Generate(func(_ context.Context, yield func(int) bool) error {
		for i := 0; i < n && yield(i); i++ {
			continue
		}
		return nil
	}))
}

func BenchmarkSinks(b *testing.B) {
	ctx := context.Background()
	b.Run("Each", func(b *testing.B) {
		b.ReportAllocs()
		_ = pull.Each(ctx, pull.Count(b.N), func(v int) error { add(v); return nil })
	})
	b.Run("Reduce", func(b *testing.B) {
		b.ReportAllocs()
		_, _ = pull.Reduce(ctx, pull.Count(b.N), 0, func(a, v int) int { return a + v })
	})
	b.Run("Drain", func(b *testing.B) {
		b.ReportAllocs()
		_ = pull.Drain(ctx, pull.Count(b.N))
	})
	b.Run("All", func(b *testing.B) {
		b.ReportAllocs()
		for v := range pull.Count(b.N).All(ctx) {
			add(v)
		}
	})
}

func BenchmarkAbort(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		_ = pull.Abort(pull.Count(1), nil)
	}
}

// Here an operation is a chunk of 32 KiB.
func BenchmarkReaderWriter(b *testing.B) {
	const chunk = 32 << 10
	b.ReportAllocs()
	b.SetBytes(chunk)
	full := readFunc(func(b []byte) (int, error) { return len(b), nil })
	src := pull.Reader(io.LimitReader(full, int64(b.N)*chunk))
	if err := pull.Writer(io.Discard)(context.Background(), src); err != nil {
		b.Fatal(err)
	}
}
