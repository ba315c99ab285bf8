package duplex_test

import (
	"context"
	"io"
	"strconv"
	"testing"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

type chunks = duplex.Duplex[[]byte, []byte]

// same is a through that does nothing.
func same(src pull.Source[[]byte]) pull.Source[[]byte] { return src }

// around are the combinators that leave the values alone.
var around = map[string]func(d chunks) chunks{
	"Map": func(d chunks) chunks { return duplex.Map(d, same, same) },
	"Limit": func(d chunks) chunks {
		return duplex.Limit(d, duplex.Cap[[]byte]{Items: 1e9, Bytes: 1e9}, duplex.Cap[[]byte]{Items: 1e9})
	},
	"Meter": func(d chunks) chunks {
		d, _ = duplex.Meter(d)
		return d
	},
	"Record": func(d chunks) chunks { return duplex.Record(d, io.Discard) },
}

// failing are those that can fail.
var failing = map[string]func(d chunks) chunks{
	"Limit": func(d chunks) chunks {
		return duplex.Limit(d, duplex.Cap[[]byte]{Items: 3}, duplex.Cap[[]byte]{})
	},
	"Record": func(d chunks) chunks { return duplex.Record(d, &shortLog{lines: 3}) },
}

// shortLog takes a few lines, then it is full.
type shortLog struct{ lines int }

func (l *shortLog) Write(p []byte) (int, error) {
	if l.lines--; l.lines < 0 {
		return 0, errBoom
	}
	return len(p), nil
}

// Both halves at once: from the sink of one end to the source of the other.
func TestCombinatorsConform(t *testing.T) {
	for name, wrap := range around {
		t.Run(name, func(t *testing.T) {
			opts := pulltest.ThroughOptions[[]byte, []byte]{
				Want: func(in [][]byte) [][]byte { return in },
			}
			if fail := failing[name]; fail != nil {
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
	}
}

// The writing half by itself, whose failures the peer must see.
func TestCombinatorSinksConform(t *testing.T) {
	for name, wrap := range around {
		t.Run(name, func(t *testing.T) {
			sink := func(read func(context.Context, pull.Source[[]byte]) error) pull.Sink[[]byte] {
				return func(ctx context.Context, src pull.Source[[]byte]) error {
					a, b := duplex.Pair[[]byte, []byte]()
					own, cancel := context.WithCancel(context.Background())
					left := async(func() error { return read(own, a.Source) })
					defer func() {
						cancel()
						_ = left()
					}()
					return wrap(b).Sink(ctx, src)
				}
			}
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
