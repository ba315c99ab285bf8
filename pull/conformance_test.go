package pull_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

var errConformance = errors.New("conformance: failed")

// TestConformance runs every source and sink of the package through pulltest.
// A subtest is named after what it checks; pulltest's own tests fail when one
// is missing.
// row: A5, A11, A15, I3
// rule: 1.2, 1.5, 1.7, 1.9, 3.5, 3.6, 3.7, 3.12
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

// row: A1, A6, A9, E5
// rule: 2.6, 2.9, 2.10, 2.13
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

// TestConformanceSmall has the sources that are made of others.
func TestConformanceSmall(t *testing.T) {
	t.Run("Once", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[*int] { return pull.Once[*int](nil) },
			pulltest.SourceOptions[*int]{Want: []*int{nil}})
	})
	t.Run("Forever", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[int] { return pull.Forever(counter()) },
			pulltest.SourceOptions[int]{Want: []int{0, 1, 2}, Endless: true,
				Panic: func() pull.Source[int] {
					return pull.Forever(func() int { panic("forever") })
				}})
	})
	pair := pull.KeyValue[string, int]{Key: "a", Value: 1}
	pairs := pulltest.SourceOptions[pull.KeyValue[string, int]]{
		Want: []pull.KeyValue[string, int]{pair}}
	t.Run("FromSeq2", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[pull.KeyValue[string, int]] {
			return pull.FromSeq2(func(yield func(string, int) bool) { yield("a", 1) })
		}, pairs)
	})
	t.Run("Keys", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[string] { return pull.Keys(map[string]int{"a": 1}) },
			pulltest.SourceOptions[string]{Want: []string{"a"}})
	})
	t.Run("Entries", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[pull.KeyValue[string, int]] {
			return pull.Entries(map[string]int{"a": 1})
		}, pairs)
	})
	t.Run("Ticker", func(t *testing.T) {
		ticks := func(every time.Duration) func() pull.Source[int] {
			return func() pull.Source[int] {
				i, tick := -1, pull.Ticker(every)
				return func(ctx context.Context) (int, error) {
					if _, err := tick(ctx); err != nil {
						return 0, err
					}
					i++
					return i, nil
				}
			}
		}
		pulltest.Source(t, ticks(time.Second), pulltest.SourceOptions[int]{
			Want: []int{0, 1, 2}, Endless: true, Quick: ticks(time.Millisecond)})
	})
	t.Run("Late", lateConforms)
	t.Run("Repeat", repeatConforms)
	t.Run("Pushable.Source", pushableConforms)
}

// counter counts its calls, from 0.
func counter() func() int {
	i := -1
	return func() int { i++; return i }
}

// opening opens something that ends as last says, after the values 0, 1, 2.
func opening(
	held *int, last func(context.Context) error,
) func(context.Context) (pull.Source[int], error) {
	return func(context.Context) (pull.Source[int], error) {
		*held++
		i := -1
		return pull.From(func(ctx context.Context) (int, error) {
			if i++; i == 3 {
				return 0, last(ctx)
			}
			return i, nil
		}, func(error) error { *held--; return nil }), nil
	}
}

func atEnd(context.Context) error { return io.EOF }

func lateConforms(t *testing.T) {
	held := 0
	late := func(last func(context.Context) error) func() pull.Source[int] {
		return func() pull.Source[int] { return pull.Late(opening(&held, last)) }
	}
	opts := pulltest.SourceOptions[int]{Want: []int{0, 1, 2}, Held: func() int { return held }}
	opts.Panic = func() pull.Source[int] {
		return pull.Late(func(context.Context) (pull.Source[int], error) { panic("late") })
	}
	pulltest.Source(t, late(atEnd), opts)
	opts.Stalls = true
	pulltest.Source(t, late(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}), opts)
	pulltest.Source(t, func() pull.Source[int] {
		return pull.Late(func(context.Context) (pull.Source[int], error) {
			return nil, errConformance
		})
	}, pulltest.SourceOptions[int]{End: errConformance})
	pulltest.Source(t, func() pull.Source[int] {
		return pull.Late(func(ctx context.Context) (pull.Source[int], error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
	}, pulltest.SourceOptions[int]{Stalls: true})
}

func repeatConforms(t *testing.T) {
	held := 0
	opts := pulltest.SourceOptions[int]{
		Want: []int{0, 1, 2, 0, 1, 2}, Held: func() int { return held }}
	opts.Panic = func() pull.Source[int] {
		open := opening(&held, atEnd)
		return pull.Repeat(func(ctx context.Context) (pull.Source[int], error) {
			defer func() { open = nil }() // the second time panics
			return open(ctx)
		}, 2)
	}
	pulltest.Source(t, func() pull.Source[int] {
		return pull.Repeat(opening(&held, atEnd), 2)
	}, opts)
	opts.Endless = true
	pulltest.Source(t, func() pull.Source[int] {
		return pull.Repeat(opening(&held, atEnd), math.MaxInt)
	}, opts)
	empty := func(context.Context) (pull.Source[int], error) { return pull.Empty[int](), nil }
	pulltest.Source(t, func() pull.Source[int] { return pull.Repeat(empty, 1000) },
		pulltest.SourceOptions[int]{})
}

func pushableConforms(t *testing.T) {
	fresh := func(last func(*pull.Pushable[int])) func() pull.Source[int] {
		return func() pull.Source[int] {
			p := pull.NewPushable[int](5, nil)
			for i := range 5 {
				_, _ = p.TryPush(i)
			}
			last(p)
			return p.Source()
		}
	}
	opts := pulltest.SourceOptions[int]{Want: []int{0, 1, 2, 3, 4}}
	pulltest.Source(t, fresh((*pull.Pushable[int]).End), opts)
	opts.End = errConformance
	pulltest.Source(t, fresh(func(p *pull.Pushable[int]) { p.Fail(errConformance) }), opts)
	opts.End, opts.Stalls, opts.Token = nil, true, true
	pulltest.Source(t, fresh(func(*pull.Pushable[int]) {}), opts)
}

// sinkOf makes a sink of what returns more than an error.
func sinkOf(f func(context.Context, pull.Source[int]) error) pull.Sink[int] { return f }

func TestConformanceMoreSinks(t *testing.T) {
	t.Run("Find", func(t *testing.T) {
		find := func(pred func(int) bool) pull.Sink[int] {
			return sinkOf(func(ctx context.Context, src pull.Source[int]) error {
				_, _, err := pull.Find(ctx, src, pred)
				return err
			})
		}
		pulltest.Sink(t, find(func(v int) bool { return v == 2 }), pulltest.SinkOptions[int]{
			Early: true, Panic: find(func(int) bool { panic("find") })})
	})
	t.Run("Last", func(t *testing.T) {
		pulltest.Sink(t, func(ctx context.Context, src pull.Source[int]) error {
			_, _, err := pull.Last(ctx, src)
			return err
		}, pulltest.SinkOptions[int]{})
	})
	t.Run("Len", func(t *testing.T) {
		pulltest.Sink(t, func(ctx context.Context, src pull.Source[int]) error {
			_, err := pull.Len(ctx, src)
			return err
		}, pulltest.SinkOptions[int]{})
	})
	t.Run("CollectN", func(t *testing.T) {
		collect := func(max int) pull.Sink[int] {
			return func(ctx context.Context, src pull.Source[int]) error {
				_, err := pull.CollectN(ctx, src, max)
				return err
			}
		}
		pulltest.Sink(t, collect(math.MaxInt), pulltest.SinkOptions[int]{Fail: collect(2)})
	})
	t.Run("Group", func(t *testing.T) {
		group := func(max int, key func(int) bool) pull.Sink[int] {
			return func(ctx context.Context, src pull.Source[int]) error {
				_, err := pull.Group(ctx, src, max, key)
				return err
			}
		}
		odd := func(v int) bool { return v%2 == 1 }
		pulltest.Sink(t, group(math.MaxInt, odd), pulltest.SinkOptions[int]{
			Fail: group(2, odd), Panic: group(2, func(int) bool { panic("group") })})
	})
	t.Run("ToMap", func(t *testing.T) {
		toMap := func(entry func(int) (int, int)) pull.Sink[int] {
			return func(ctx context.Context, src pull.Source[int]) error {
				_, err := pull.ToMap(ctx, src, entry)
				return err
			}
		}
		pulltest.Sink(t, toMap(func(v int) (int, int) { return v, v }), pulltest.SinkOptions[int]{
			Panic: toMap(func(int) (int, int) { panic("map") })})
	})
}

func TestConformanceGoroutines(t *testing.T) {
	t.Run("ToChan", func(t *testing.T) {
		pulltest.Sink(t, func(ctx context.Context, src pull.Source[int]) error {
			return pull.ToChan(ctx, src, make(chan int, 2000))
		}, pulltest.SinkOptions[int]{Stall: func(ctx context.Context, src pull.Source[int]) error {
			return pull.ToChan(ctx, src, make(chan int))
		}})
	})
	t.Run("Chan", func(t *testing.T) {
		pulltest.Sink(t, func(ctx context.Context, src pull.Source[int]) error {
			ch, stop := pull.Chan(ctx, src)
			for range ch {
				continue
			}
			return stop()
		}, pulltest.SinkOptions[int]{
			Goroutines: true,
			Stall: func(ctx context.Context, src pull.Source[int]) error {
				_, stop := pull.Chan(ctx, src)
				<-ctx.Done()
				return stop()
			}})
	})
	t.Run("NewReader", func(t *testing.T) {
		pulltest.Sink(t, func(ctx context.Context, src pull.Source[[]byte]) error {
			r := pull.NewReader(ctx, src)
			defer r.Close()
			_, err := io.Copy(io.Discard, r)
			return err
		}, pulltest.SinkOptions[[]byte]{})
	})
	t.Run("Tee", teeConforms)
}

func teeConforms(t *testing.T) {
	drain := pull.Sink[int](pull.Drain[int])
	with := func(f func(ctx context.Context, v int) error) pull.Sink[int] {
		return pull.Tee(drain, func(ctx context.Context, src pull.Source[int]) error {
			return pull.Each(ctx, src, func(v int) error { return f(ctx, v) })
		}, drain)
	}
	pulltest.Sink(t, pull.Tee(drain, drain), pulltest.SinkOptions[int]{
		Goroutines: true,
		Fail:       with(func(context.Context, int) error { return errConformance }),
		Panic:      with(func(context.Context, int) error { panic("tee") }),
		Stall: with(func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}),
	})
	take := func(ctx context.Context, src pull.Source[int]) error {
		_, _, err := pull.Find(ctx, src, func(v int) bool { return v == 2 })
		return err
	}
	pulltest.Sink(t, pull.Tee(take, take), pulltest.SinkOptions[int]{Goroutines: true, Early: true})
	pulltest.Sink(t, pull.Tee(take, drain), pulltest.SinkOptions[int]{Goroutines: true})
}
