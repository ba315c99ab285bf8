package duplex_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
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

// pairSink is the sink of a Pair's end, wrapped by wrap, whose other end is read
// by read.
func pairSink[T any](
	wrap func(duplex.Duplex[T, T]) duplex.Duplex[T, T],
	read func(ctx context.Context, src pull.Source[T]) error,
) pull.Sink[T] {
	return func(ctx context.Context, src pull.Source[T]) error {
		a, b := duplex.Pair[T, T]()
		own, cancel := context.WithCancel(context.Background())
		left := async(func() error {
			defer func() { _ = recover() }() // of src's panic, which both sides get
			return read(own, a.Source)
		})
		defer func() {
			cancel()
			_ = left()
		}()
		return wrap(b).Sink(ctx, src)
	}
}

// bare leaves a duplex as it is.
func bare(d duplex.Duplex[int, int]) duplex.Duplex[int, int] { return d }

func TestPairSinkConforms(t *testing.T) {
	pulltest.Sink(t, pairSink(bare, func(_ context.Context, src pull.Source[int]) error {
		_, err := pull.Collect(context.Background(), src)
		return err
	}), pulltest.SinkOptions[int]{
		Fail: pairSink(bare, func(_ context.Context, src pull.Source[int]) error {
			_, _ = src(context.Background())
			return pull.Abort(src, errBoom)
		}),
		Stall: pairSink(bare, func(ctx context.Context, src pull.Source[int]) error {
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

type chunks = duplex.Duplex[[]byte, []byte]

// same is a through that does nothing.
func same(src pull.Source[[]byte]) pull.Source[[]byte] { return src }

func TestMapConforms(t *testing.T) {
	combinatorConforms(t, func(d chunks) chunks { return duplex.Map(d, same, same) }, nil)
}

func TestLimitConforms(t *testing.T) {
	combinatorConforms(t, func(d chunks) chunks {
		return duplex.Limit(d, duplex.Cap[[]byte]{Items: 1e9, Bytes: 1e9}, duplex.Cap[[]byte]{Items: 1e9})
	}, func(d chunks) chunks {
		return duplex.Limit(d, duplex.Cap[[]byte]{Items: 3}, duplex.Cap[[]byte]{})
	})
}

func TestMeterConforms(t *testing.T) {
	combinatorConforms(t, func(d chunks) chunks {
		d, _ = duplex.Meter(d)
		return d
	}, nil)
}

func TestRecordConforms(t *testing.T) {
	combinatorConforms(t, func(d chunks) chunks { return duplex.Record(d, io.Discard) },
		func(d chunks) chunks { return duplex.Record(d, &shortLog{lines: 3}) })
}

// shortLog takes a few lines, then it is full.
type shortLog struct{ lines int }

func (l *shortLog) Write(p []byte) (int, error) {
	if l.lines--; l.lines < 0 {
		return 0, errBoom
	}
	return len(p), nil
}

// combinatorConforms checks one that leaves the values alone. fail is it where
// it fails; nil means that it cannot.
func combinatorConforms(t *testing.T, wrap, fail func(chunks) chunks) {
	t.Run("both halves", func(t *testing.T) {
		opts := pulltest.ThroughOptions[[]byte, []byte]{
			Want: func(in [][]byte) [][]byte { return in },
		}
		if fail != nil {
			opts.Fail = func(src pull.Source[[]byte]) pull.Source[[]byte] {
				a, b := duplex.Pair[[]byte, []byte]()
				return through(fail(a), b, src)
			}
		}
		pulltest.Through(t, func(src pull.Source[[]byte]) pull.Source[[]byte] {
			a, b := duplex.Pair[[]byte, []byte]()
			return through(wrap(a), wrap(b), src)
		}, opts)
	})
	// The writing half by itself, whose failures the peer must see.
	t.Run("sink", func(t *testing.T) {
		type reader = func(context.Context, pull.Source[[]byte]) error
		sink := func(read reader) pull.Sink[[]byte] { return pairSink(wrap, read) }
		pulltest.Sink(t, sink(func(_ context.Context, src pull.Source[[]byte]) error {
			return pull.Drain(context.Background(), src)
		}), pulltest.SinkOptions[[]byte]{
			Fail: sink(func(_ context.Context, src pull.Source[[]byte]) error {
				_, _ = src(context.Background())
				return pull.Abort(src, errBoom)
			}),
			Stall: sink(func(ctx context.Context, src pull.Source[[]byte]) error {
				_, _ = src(context.Background())
				<-ctx.Done()
				return pull.Abort(src, errBoom)
			}),
		})
	})
}

// read and sent are entries of a recording.
func read(chunk string) duplex.Entry { return duplex.Entry{Chunk: []byte(chunk)} }

func sent(chunk string) duplex.Entry {
	return duplex.Entry{Way: duplex.Out, Chunk: []byte(chunk)}
}

func TestReplaySourceConforms(t *testing.T) {
	pulltest.Source(t, func() pull.Source[[]byte] {
		return duplex.Replay([]duplex.Entry{read("one"), read("two"), {}}).Source
	}, pulltest.SourceOptions[[]byte]{Want: [][]byte{[]byte("one"), []byte("two")}})
	pulltest.Source(t, func() pull.Source[[]byte] {
		return duplex.Replay([]duplex.Entry{read("one"), sent("never"), read("two")}).Source
	}, pulltest.SourceOptions[[]byte]{Want: [][]byte{[]byte("one")}, Stalls: true})
}

func TestReplaySinkConforms(t *testing.T) {
	var all []duplex.Entry
	for i := range 1100 {
		all = append(all, sent(strconv.Itoa(i)))
	}
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[[]byte]) error {
		return duplex.Replay(all).Sink(ctx, src)
	}, pulltest.SinkOptions[[]byte]{
		Fail: func(ctx context.Context, src pull.Source[[]byte]) error {
			return duplex.Replay([]duplex.Entry{sent("0"), sent("X")}).Sink(ctx, src)
		},
	})
}
