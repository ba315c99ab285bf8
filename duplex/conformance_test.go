package duplex_test

import (
	"cmp"
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// handover is a Pair as a through: its sink runs from the first call on.
func handover(src pull.Source[int]) pull.Source[int] {
	a, b := duplex.Pair[int, int]()
	return through(a, b, src)
}

// through is a connection as a through, from b to a.
func through[T any](a, b duplex.Duplex[T, T], src pull.Source[T]) pull.Source[T] {
	var once sync.Once
	var sent func() error
	var end error
	return func(ctx context.Context) (T, error) {
		once.Do(func() {
			own := context.WithoutCancel(ctx)
			sent = async(func() error { return b.Sink(own, src) })
		})
		v, err := a.Source(ctx)
		if err == nil || end != nil {
			return v, cmp.Or(end, err)
		}
		// A sink that comes after its reader ends src, and knows how that went.
		end = err
		if serr := sent(); serr != nil && errors.Is(serr, err) {
			end = serr
		}
		return v, end
	}
}

func TestPairIsAThrough(t *testing.T) {
	pulltest.Through(t, handover, pulltest.ThroughOptions[int, int]{
		Want: func(in []int) []int { return in },
	})
}

func TestPairSourceConforms(t *testing.T) {
	pulltest.Source(t, func() pull.Source[int] {
		a, b := duplex.Pair[int, int]()
		go func() { _ = b.Sink(context.Background(), pull.Count(5)) }()
		return a.Source
	}, pulltest.SourceOptions[int]{Want: []int{0, 1, 2, 3, 4}, Holds: true})
	pulltest.Source(t, func() pull.Source[int] {
		a, _ := duplex.Pair[int, int]() // nobody comes
		return a.Source
	}, pulltest.SourceOptions[int]{Stalls: true, Token: true})
}

// pairSink is a Pair's sink, read by read.
func pairSink(read func(ctx context.Context, src pull.Source[int]) error) pull.Sink[int] {
	return func(ctx context.Context, src pull.Source[int]) error {
		a, b := duplex.Pair[int, int]()
		own, cancel := context.WithCancel(context.Background())
		left := async(func() error {
			defer func() { _ = recover() }() // of src's panic, which both sides get
			return read(own, a.Source)
		})
		defer func() {
			cancel()
			_ = left()
		}()
		return b.Sink(ctx, src)
	}
}

func TestPairSinkConforms(t *testing.T) {
	pulltest.Sink(t, pairSink(func(_ context.Context, src pull.Source[int]) error {
		_, err := pull.Collect(context.Background(), src)
		return err
	}), pulltest.SinkOptions[int]{
		Fail: pairSink(func(_ context.Context, src pull.Source[int]) error {
			_, _ = src(context.Background())
			return pull.Abort(src, errBoom)
		}),
		Stall: pairSink(func(ctx context.Context, src pull.Source[int]) error {
			_, _ = src(context.Background())
			<-ctx.Done()
			return pull.Abort(src, errBoom)
		}),
	})
}

// pipes replaces a standard file for as long as Stdio needs to see it.
func pipes(t *testing.T, std **os.File) (r, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	old := *std
	t.Cleanup(func() { *std = old })
	*std = r
	if std == &os.Stdout {
		*std = w
	}
	return r, w
}

func TestStdioSourceConforms(t *testing.T) {
	for name, open := range map[string]bool{"stalls": true, "ends": false} {
		t.Run(name, func(t *testing.T) {
			pulltest.Source(t, func() pull.Source[[]byte] {
				_, in := pipes(t, &os.Stdin)
				_, _ = in.WriteString("hello")
				if !open {
					_ = in.Close()
				}
				return duplex.Stdio().Source
			}, pulltest.SourceOptions[[]byte]{
				Want: [][]byte{[]byte("hello")}, Stalls: open, Token: true, RealTime: true,
			})
		})
	}
}

func TestStdioSinkConforms(t *testing.T) {
	run := func(read func(out *os.File)) pull.Sink[[]byte] {
		return func(ctx context.Context, src pull.Source[[]byte]) error {
			out, _ := pipes(t, &os.Stdout)
			d := duplex.Stdio()
			read(out)
			return d.Sink(ctx, src)
		}
	}
	pulltest.Sink(t, run(func(out *os.File) {
		go func() { _, _ = out.WriteTo(discard{}) }()
	}), pulltest.SinkOptions[[]byte]{
		Fail:      run(func(out *os.File) { _ = out.Close() }),
		Stall:     run(func(*os.File) {}),
		Value:     func(int) []byte { return make([]byte, 32<<10) },
		ReadAhead: 2, // 2 in the pipe, then one in the write, waiting, and not fitting
		RealTime:  true,
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
