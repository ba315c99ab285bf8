package pull_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

var errConformance = errors.New("conformance: failed")

// TestConformance runs every source and sink of the package through pulltest.
// A subtest is named after what it checks; pulltest's own tests fail when one
// is missing.
func TestConformance(t *testing.T) {
	digits := []int{0, 1, 2, 3, 4}
	t.Run("Values", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[int] { return pull.Values(digits...) },
			pulltest.SourceOptions[int]{Want: digits})
		pulltest.Source(t, func() pull.Source[int] { return pull.Values[int]() },
			pulltest.SourceOptions[int]{})
	})
	t.Run("Count", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[int] { return pull.Count(5) },
			pulltest.SourceOptions[int]{Want: digits})
	})
	t.Run("Empty", func(t *testing.T) {
		pulltest.Source(t, pull.Empty[string], pulltest.SourceOptions[string]{})
	})
	t.Run("Error", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[int] { return pull.Error[int](errConformance) },
			pulltest.SourceOptions[int]{End: errConformance})
	})
	t.Run("FromSeq", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[int] { return pull.FromSeq(slices.Values(digits)) },
			pulltest.SourceOptions[int]{Want: digits, Panic: func() pull.Source[int] {
				return pull.FromSeq(func(yield func(int) bool) {
					yield(0)
					panic("seq")
				})
			}})
	})
}

// TestConformanceHolding has the sources that wait or hold something.
func TestConformanceHolding(t *testing.T) {
	t.Run("FromChan", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[int] { return pull.FromChan(filled(true)) },
			pulltest.SourceOptions[int]{Want: []int{0, 1, 2}})
		pulltest.Source(t, func() pull.Source[int] { return pull.FromChan(filled(false)) },
			pulltest.SourceOptions[int]{Want: []int{0, 1, 2}, Stalls: true})
	})
	t.Run("From", fromConforms)
	t.Run("Generate", generateConforms)
	t.Run("Reader", readerConforms)
}

func filled(closed bool) <-chan int {
	ch := make(chan int, 3)
	for i := range 3 {
		ch <- i
	}
	if closed {
		close(ch)
	}
	return ch
}

// fromConforms has From open something at its first value.
func fromConforms(t *testing.T) {
	held := 0
	fresh := func(last func(context.Context) error) func() pull.Source[int] {
		return func() pull.Source[int] {
			i, open := 0, false
			return pull.From(func(ctx context.Context) (int, error) {
				if !open {
					open = true
					held++
				}
				if i++; i > 3 {
					return 0, last(ctx)
				}
				return i, nil
			}, func(error) error {
				if open {
					held--
				}
				return nil
			})
		}
	}
	opts := pulltest.SourceOptions[int]{Want: []int{1, 2, 3}, Held: func() int { return held }}
	opts.Panic = fresh(func(context.Context) error { panic("from") })
	pulltest.Source(t, fresh(func(context.Context) error { return io.EOF }), opts)
	opts.Stalls = true
	pulltest.Source(t, fresh(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}), opts)
	opts.Stalls, opts.End = false, errConformance
	pulltest.Source(t, fresh(func(context.Context) error { return errConformance }), opts)
}

func generateConforms(t *testing.T) {
	held := 0
	fresh := func(last func(context.Context) error) func() pull.Source[int] {
		return func() pull.Source[int] {
			return pull.Generate(func(ctx context.Context, yield func(int) bool) error {
				held++
				defer func() { held-- }()
				for i := range 3 {
					if !yield(i) {
						return nil
					}
				}
				return last(ctx)
			})
		}
	}
	opts := pulltest.SourceOptions[int]{Want: []int{0, 1, 2}, Held: func() int { return held }}
	opts.Panic = fresh(func(context.Context) error { panic("generate") })
	pulltest.Source(t, fresh(func(context.Context) error { return nil }), opts)
	opts.Stalls = true
	pulltest.Source(t, fresh(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}), opts)
	opts.Stalls, opts.End = false, errConformance
	pulltest.Source(t, fresh(func(context.Context) error { return errConformance }), opts)
}

func readerConforms(t *testing.T) {
	pulltest.Source(t, func() pull.Source[[]byte] {
		return pull.Reader(bytes.NewReader([]byte("chunk")))
	}, pulltest.SourceOptions[[]byte]{Want: [][]byte{[]byte("chunk")}})
	pulltest.Source(t, func() pull.Source[[]byte] {
		near, far := net.Pipe()
		go func() { _, _ = far.Write([]byte("chunk")) }()
		return pull.From(pull.Reader(near), func(error) error { return near.Close() })
	}, pulltest.SourceOptions[[]byte]{
		Want: [][]byte{[]byte("chunk")}, Stalls: true, Holds: true})
}

func TestConformanceSinks(t *testing.T) {
	t.Run("Each", func(t *testing.T) {
		seen := func(f func(int) error) func(context.Context, pull.Source[int]) error {
			return func(ctx context.Context, src pull.Source[int]) error {
				return pull.Each(ctx, src, f)
			}
		}
		pulltest.Sink(t, seen(func(int) error { return nil }), pulltest.SinkOptions[int]{
			Fail:  seen(func(int) error { return errConformance }),
			Panic: seen(func(int) error { panic("each") }),
		})
		pulltest.Sink(t, seen(func(v int) error {
			if v < 2 {
				return nil
			}
			return pull.ErrStopped
		}), pulltest.SinkOptions[int]{Early: true})
	})
	t.Run("Collect", func(t *testing.T) {
		pulltest.Sink(t, func(ctx context.Context, src pull.Source[int]) error {
			_, err := pull.Collect(ctx, src)
			return err
		}, pulltest.SinkOptions[int]{})
	})
	t.Run("Reduce", func(t *testing.T) {
		fold := func(f func(int, int) int) func(context.Context, pull.Source[int]) error {
			return func(ctx context.Context, src pull.Source[int]) error {
				_, err := pull.Reduce(ctx, src, 0, f)
				return err
			}
		}
		pulltest.Sink(t, fold(func(a, v int) int { return a + v }), pulltest.SinkOptions[int]{
			Panic: fold(func(int, int) int { panic("reduce") })})
	})
	t.Run("Drain", func(t *testing.T) {
		pulltest.Sink(t, pull.Drain[int], pulltest.SinkOptions[int]{})
	})
	t.Run("All", allConforms)
	t.Run("Writer", writerConforms)
}

// allConforms ranges over All: leaving the loop is an early stop, and hides
// what went wrong in releasing.
func allConforms(t *testing.T) {
	loop := func(f func(int)) func(context.Context, pull.Source[int]) error {
		return func(ctx context.Context, src pull.Source[int]) error {
			for v, err := range src.All(ctx) {
				if err != nil {
					return err
				}
				f(v)
			}
			return nil
		}
	}
	pulltest.Sink(t, loop(func(int) {}), pulltest.SinkOptions[int]{
		Panic: loop(func(int) { panic("body") })})
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errConformance
	}
	return len(p), nil
}

type panickingWriter struct{}

func (panickingWriter) Write([]byte) (int, error) { panic("writer") }

func writerConforms(t *testing.T) {
	into := func(w func() io.Writer) pull.Sink[[]byte] {
		return func(ctx context.Context, src pull.Source[[]byte]) error {
			return pull.Writer(w())(ctx, src)
		}
	}
	pulltest.Sink(t, into(func() io.Writer { return io.Discard }), pulltest.SinkOptions[[]byte]{
		Fail:  into(func() io.Writer { return &failingWriter{left: 2} }),
		Panic: into(func() io.Writer { return panickingWriter{} }),
		Stall: into(func() io.Writer {
			near, _ := net.Pipe()
			return near
		}),
	})
}

func TestConformanceAhead(t *testing.T) {
	t.Run("NewAhead", aheadConforms)
	t.Run("Ahead.Add", aheadAddConforms)
}
