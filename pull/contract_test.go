package pull_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

func TestSourcesKeepTheContract(t *testing.T) {
	three := []int{0, 1, 2}
	opts := map[string]pulltest.SourceOptions[int]{
		"FromSeq": {Want: three, Panic: func() pull.Source[int] {
			return pull.FromSeq(func(func(int) bool) { panic("seq") })
		}},
		"Generate": {Want: three, Panic: func() pull.Source[int] {
			return pull.Generate(func(context.Context, func(int) bool) error { panic("gen") })
		}},
		"From": {Want: three, Panic: func() pull.Source[int] {
			return pull.From(func(context.Context) (int, error) { panic("from") }, nil)
		}},
	}
	for name, fresh := range small() {
		o, ok := opts[name]
		if !ok {
			o.Want = three
		}
		t.Run(name, func(t *testing.T) { pulltest.Source(t, fresh, o) })
	}
	t.Run("Empty", func(t *testing.T) {
		pulltest.Source(t, pull.Empty[int], pulltest.SourceOptions[int]{})
	})
	t.Run("Error", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[int] { return pull.Error[int](errBoom) },
			pulltest.SourceOptions[int]{End: errBoom})
	})
}

func TestStallingSourcesKeepTheContract(t *testing.T) {
	t.Run("FromChan", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[int] {
			ch := make(chan int, 2)
			ch <- 0
			ch <- 1
			return pull.FromChan(ch)
		}, pulltest.SourceOptions[int]{Want: []int{0, 1}, Stalls: true})
	})
	t.Run("Generate", func(t *testing.T) {
		held := 0
		pulltest.Source(t, func() pull.Source[int] {
			return pull.Generate(func(ctx context.Context, yield func(int) bool) error {
				held++
				defer func() { held-- }()
				if yield(0) && yield(1) {
					<-ctx.Done()
				}
				return ctx.Err()
			})
		}, pulltest.SourceOptions[int]{
			Want: []int{0, 1}, Stalls: true, Held: func() int { return held },
		})
	})
	t.Run("Reader", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[[]byte] {
			a, b := net.Pipe()
			return pull.From(pull.Reader(a), func(error) error {
				_ = a.Close()
				return b.Close()
			})
		}, pulltest.SourceOptions[[]byte]{Stalls: true})
	})
}

func TestReaderKeepsTheContract(t *testing.T) {
	pulltest.Source(t, func() pull.Source[[]byte] {
		return pull.Reader(bytes.NewReader([]byte("hello")))
	}, pulltest.SourceOptions[[]byte]{Want: [][]byte{[]byte("hello")}})
}

func TestSinksKeepTheContract(t *testing.T) {
	opts := map[string]pulltest.SinkOptions[int]{
		"Each": {
			Fail: func(ctx context.Context, src pull.Source[int]) error {
				return pull.Each(ctx, src, func(int) error { return errBoom })
			},
			Panic: func(ctx context.Context, src pull.Source[int]) error {
				return pull.Each(ctx, src, func(int) error { panic("each") })
			},
		},
		"Reduce": {Panic: func(ctx context.Context, src pull.Source[int]) error {
			_, err := pull.Reduce(ctx, src, 0, func(int, int) int { panic("reduce") })
			return err
		}},
		"All": {Panic: func(ctx context.Context, src pull.Source[int]) error {
			for range src.All(ctx) {
				panic("loop")
			}
			return nil
		}},
	}
	for name, sink := range sinks() {
		t.Run(name, func(t *testing.T) { pulltest.Sink(t, sink, opts[name]) })
	}
}

func TestWriterKeepsTheContract(t *testing.T) {
	fresh := func(write writeFunc) pull.Sink[[]byte] {
		return func(ctx context.Context, src pull.Source[[]byte]) error {
			return pull.Writer(write)(ctx, src)
		}
	}
	pulltest.Sink(t, fresh(io.Discard.Write), pulltest.SinkOptions[[]byte]{
		Value: func(i int) []byte { return []byte{byte(i)} },
		Fail:  fresh(func([]byte) (int, error) { return 0, errBoom }),
		Panic: fresh(func([]byte) (int, error) { panic("write") }),
		Stall: func(ctx context.Context, src pull.Source[[]byte]) error {
			a, b := net.Pipe()
			defer func() { _, _ = a.Close(), b.Close() }()
			return pull.Writer(a)(ctx, src)
		},
	})
}
