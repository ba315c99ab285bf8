package through_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
)

// panicking is src, except that its fourth call panics.
func panicking(src pull.Source[int]) pull.Source[int] {
	calls := 0
	return func(ctx context.Context) (int, error) {
		if calls++; calls == 4 {
			panic("boom")
		}
		return src(ctx)
	}
}

func same[T any](in []T) []T { return in }

func bufferConforms(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 64} {
		pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
			return through.Buffer(src, n)
		}, pulltest.ThroughOptions[int, int]{
			Want: same[int], ReadAhead: max(n, 1), Goroutines: true,
			Panic: func(src pull.Source[int]) pull.Source[int] {
				return through.Buffer(panicking(src), n)
			},
		})
	}
}

func bufferDropConforms(t *testing.T) {
	pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
		return through.BufferDrop(src, 3, func(int) {})
	}, pulltest.ThroughOptions[int, int]{Want: same[int], ReadAhead: 3, Goroutines: true})
}

func unorderedConforms(t *testing.T) {
	for _, n := range []int{0, 1, 4} {
		parallel := func(f func(int) (int, error)) pull.Through[int, int] {
			return func(src pull.Source[int]) pull.Source[int] {
				return through.ParallelUnordered(src, n,
					func(_ context.Context, v int) (int, error) { return f(v) })
			}
		}
		pulltest.Through(t, parallel(func(v int) (int, error) { return triple(v), nil }),
			pulltest.ThroughOptions[int, int]{
				Want: mapped, Unordered: true, ReadAhead: 2*max(n, 1) - 1, Goroutines: true,
				Fail: parallel(func(v int) (int, error) {
					if v == 3 {
						return 0, errBroken
					}
					return v, nil
				}),
				Panic: parallel(func(v int) (int, error) { return panicAt3(v), nil }),
			})
	}
}

// sources makes the sources 0 → nothing, 1 → 1, 2 → 2 2, 3 → nothing, …
func sources(i int) pull.Source[int] { return pull.Values(lists(i)...) }

func flattenSourcesConforms(t *testing.T) {
	pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
		return through.FlattenSources(through.Map(src, sources))
	}, pulltest.ThroughOptions[int, int]{
		Want: func(in []int) (out []int) {
			for _, i := range in {
				out = append(out, lists(i)...)
			}
			return out
		},
		Fail: func(src pull.Source[int]) pull.Source[int] {
			return through.FlattenSources(through.Map(src, func(i int) pull.Source[int] {
				if i == 3 {
					return pull.Error[int](errBroken)
				}
				return sources(i)
			}))
		},
		Panic: func(src pull.Source[int]) pull.Source[int] {
			return through.FlattenSources(through.Map(src, func(i int) pull.Source[int] {
				return through.Map(pull.Values(i), panicAt3)
			}))
		},
	})
}

func flatMapConforms(t *testing.T) {
	for _, n := range []int{0, 1, 4} {
		pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
			return through.FlatMap(src, n, sources)
		}, pulltest.ThroughOptions[int, int]{
			Want: func(in []int) (out []int) {
				for _, i := range in {
					out = append(out, lists(i)...)
				}
				return out
			},
			Unordered: true, ReadAhead: 1000, Goroutines: true,
			Fail: func(src pull.Source[int]) pull.Source[int] {
				return through.FlatMap(src, n, func(i int) pull.Source[int] {
					if i == 3 {
						return pull.Error[int](errBroken)
					}
					return sources(i)
				})
			},
			Panic: func(src pull.Source[int]) pull.Source[int] {
				return through.FlatMap(src, n, func(i int) pull.Source[int] {
					return sources(panicAt3(i))
				})
			},
		})
	}
}

// row: I5
// rule: 1.1, 2.1
func TestBufferReadsAheadByNoMore(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 64} {
		synctest.Test(t, func(t *testing.T) {
			r := &root{n: 1000}
			src := through.Buffer(r.source(), n)
			most := 0
			for i := range 300 {
				v, err := src(t.Context())
				require.NoError(t, err)
				require.Equal(t, i, v)
				synctest.Wait()
				most = max(most, r.pulled-(i+1))
			}
			require.NoError(t, pull.Abort(src, nil))
			require.LessOrEqual(t, most, n)
			require.GreaterOrEqual(t, most, n/2)
		})
	}
}

// A source that stalls is left at once, and its value waits for nobody.
//
// row: A2, A16
// rule: 1.8
func TestBufferAbortWhileBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		released := 0
		stalls := pull.From(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, func(error) error { released++; return nil })
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBroken)
		defer cancel()
		start := time.Now()
		_, err := through.Buffer(stalls, 4)(ctx)
		require.Equal(t, errBroken, err)
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, 1, released)
	})
}

// Every value of the source is returned or given to drop, none both.
//
// rule: 2.8
func TestBufferDropAccountsForAll(t *testing.T) {
	for read := range 12 {
		synctest.Test(t, func(t *testing.T) {
			r := &root{n: 100}
			var seen []int
			src := through.BufferDrop(r.source(), 8, func(v int) { seen = append(seen, v) })
			var got []int
			for range read {
				v, err := src(t.Context())
				require.NoError(t, err)
				got = append(got, v)
			}
			synctest.Wait()
			require.Empty(t, seen)
			require.NoError(t, pull.Abort(src, nil))
			all := append(got, seen...)
			require.Len(t, all, r.pulled)
			for i, v := range all {
				require.Equal(t, i, v)
			}
		})
	}
}

// A result that is ready first comes first.
//
// row: D19
func TestParallelUnorderedByArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delays := pull.Values(3*time.Second, time.Second, 2*time.Second)
		src := through.ParallelUnordered(delays, 3,
			func(_ context.Context, d time.Duration) (time.Duration, error) {
				time.Sleep(d)
				return d / time.Second, nil
			})
		got, err := pull.Collect(t.Context(), src)
		require.NoError(t, err)
		require.Equal(t, []time.Duration{1, 2, 3}, got)
	})
}

// row: D19, D20
func TestParallelUnorderedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3
		running, most := 0, 0
		turn := make(chan struct{}, 1)
		count := func(by int) {
			turn <- struct{}{}
			running += by
			most = max(most, running)
			<-turn
		}
		pulled := 0
		counted := through.Map(pull.Count(20), func(v int) int { pulled++; return v })
		src := through.ParallelUnordered(counted, n, func(_ context.Context, v int) (int, error) {
			count(1)
			time.Sleep(time.Second)
			count(-1)
			return v, nil
		})
		_, err := src(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.LessOrEqual(t, pulled, 2*n)
		rest, err := pull.Collect(t.Context(), src)
		require.NoError(t, err)
		require.Len(t, rest, 19)
		require.Equal(t, n, most)
	})
}

// The last worker that fails aborts the source, and tells of its release.
//
// row: D14
func TestParallelUnorderedFailureAborts(t *testing.T) {
	for _, n := range []int{1, 3} {
		r := &root{n: 3, release: errors.New("release failed")}
		src := through.ParallelUnordered(r.source(), n,
			func(context.Context, int) (int, error) { return 0, errBroken })
		_, err := src(t.Context())
		require.ErrorIs(t, err, errBroken)
		require.Len(t, r.causes, 1)
		if r.causes[0] != io.EOF {
			require.ErrorIs(t, err, r.release)
		}
	}
	src := through.ParallelUnordered(pull.Count(3), 1,
		func(context.Context, int) (int, error) { return 0, io.EOF })
	_, err := src(t.Context())
	require.Equal(t, io.ErrUnexpectedEOF, err)
}

// A probe notes when it is aborted.
func noting(name string, log *[]string) pull.Source[int] {
	return pull.From(func(ctx context.Context) (int, error) {
		*log = append(*log, "read "+name)
		return 1, nil
	}, func(error) error {
		*log = append(*log, "end "+name)
		return nil
	})
}

// row: D17, F1
func TestFlattenSourcesEndsInnerThenOuter(t *testing.T) {
	var log []string
	queued := noting("queued", &log)
	i := 0
	outer := pull.From(func(context.Context) (pull.Source[int], error) {
		if i++; i > 1 {
			return queued, nil
		}
		return noting("inner", &log), nil
	}, func(error) error {
		log = append(log, "end outer")
		return nil
	})
	src := through.FlattenSources(outer)
	_, err := src(t.Context())
	require.NoError(t, err)
	require.NoError(t, pull.Abort(src, nil))
	require.Equal(t, []string{"read inner", "end inner", "end outer"}, log)
}

// row: D17
func TestFlattenSourcesBrokenInner(t *testing.T) {
	r := &root{n: 3}
	src := through.FlattenSources(through.Map(r.source(), func(i int) pull.Source[int] {
		if i == 1 {
			return pull.Error[int](errBroken)
		}
		return pull.Values(i)
	}))
	got, err := pull.Collect(t.Context(), src)
	require.Equal(t, errBroken, err)
	require.Equal(t, []int{0}, got)
	require.Equal(t, []error{errBroken}, r.causes)
}

// Nothing is opened by an abort that comes first.
//
// row: A10, D17
func TestFlattenSourcesAbortFirst(t *testing.T) {
	r := &root{n: 3}
	src := through.FlattenSources(through.Map(r.source(), func(int) pull.Source[int] {
		t.Error("opened")
		return nil
	}))
	_, err := src(dead())
	require.Equal(t, errBroken, err)
	require.Equal(t, []error{errBroken}, r.causes)
}

// row: D18, I1
// rule: 3.2, 3.3
func TestFlattenSourcesOfAMillionEmpties(t *testing.T) {
	src := through.FlattenSources(through.Map(pull.Count(1_000_000),
		func(int) pull.Source[int] { return pull.Empty[int]() }))
	got, err := pull.Collect(t.Context(), src)
	require.NoError(t, err)
	require.Empty(t, got)
}

// As many sources as asked for are open at once, and values come by arrival.
//
// row: D16
func TestFlatMapOpensNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3
		r := &root{n: 9}
		open, most := make(chan struct{}, 10), 0
		src := through.FlatMap(r.source(), n, func(i int) pull.Source[int] {
			first := true
			return pull.From(func(context.Context) (int, error) {
				if !first {
					return 0, io.EOF
				}
				first = false
				open <- struct{}{}
				time.Sleep(time.Duration(10-i) * time.Second)
				return i, nil
			}, func(error) error { <-open; return nil })
		})
		var got []int
		for {
			v, err := src(t.Context())
			if err != nil {
				require.Equal(t, io.EOF, err)
				break
			}
			most = max(most, len(open))
			got = append(got, v)
		}
		require.Equal(t, []int{2, 1, 0}, got[:3])
		slices.Sort(got)
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, got)
		require.LessOrEqual(t, most, n)
	})
}

// Sources that have not been read yet are ended like the others.
func TestFlatMapFailureEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		causes := make(chan error, 10)
		r := &root{n: 10}
		src := through.FlatMap(r.source(), 3, func(i int) pull.Source[int] {
			if i == 2 {
				return pull.Error[int](errBroken)
			}
			return pull.From(func(ctx context.Context) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			}, func(err error) error {
				causes <- err
				return nil
			})
		})
		_, err := src(t.Context())
		require.Equal(t, errBroken, err)
		require.Equal(t, []error{errBroken}, r.causes)
		require.Len(t, causes, 2)
		require.Equal(t, errBroken, <-causes)
	})
}

func BenchmarkBuffer(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			_ = pull.Drain(b.Context(), through.Buffer(pull.Count(b.N), n))
		})
	}
}

// BenchmarkBufferOfBatches runs batches of 64 through a Buffer against the same
// values one by one through a channel of 64, in turns.
func BenchmarkBufferOfBatches(b *testing.B) {
	const values, rounds = 64 * 2_000, 21
	batch := make([]int, 64)
	for i := range batch {
		batch[i] = i
	}
	buffered := func(n int) int {
		src := through.Buffer(through.Map(pull.Count(n/64), func(int) []int { return batch }), 4)
		sum, _ := pull.Reduce(context.Background(), src, 0, func(sum int, vs []int) int {
			for _, v := range vs {
				sum += v
			}
			return sum
		})
		return sum
	}
	channel := func(n int) (sum int) {
		ch := make(chan int, 64)
		go func() {
			defer close(ch)
			for i := range n {
				ch <- i % 64
			}
		}()
		for v := range ch {
			sum += v
		}
		return sum
	}
	require.Equal(b, channel(values), buffered(values))
	for b.Loop() {
		var ratios []float64
		for range rounds {
			ratios = append(ratios, timeOf(buffered, values)/timeOf(channel, values))
		}
		b.ReportMetric(median(ratios), "×chan")
	}
}

func ExampleBuffer() {
	fmt.Println(pull.Collect(context.Background(), through.Buffer(pull.Count(3), 64)))
	// Output: [0 1 2] <nil>
}

func ExampleBufferDrop() {
	closed := 0
	src := through.BufferDrop(pull.Count(100), 1, func(int) { closed++ })
	_, _ = src(context.Background())
	fmt.Println(pull.Abort(src, nil), closed <= 1)
	// Output: <nil> true
}

func ExampleParallelUnordered() {
	squares := through.ParallelUnordered(pull.Count(4), 2,
		func(_ context.Context, n int) (int, error) { return n * n, nil })
	fmt.Println(pull.Reduce(context.Background(), squares, 0, func(a, b int) int { return a + b }))
	// Output: 14 <nil>
}

func ExampleFlattenSources() {
	pages := through.Map(pull.Values(1, 2), func(page int) pull.Source[string] {
		return pull.Values(fmt.Sprint(page, "a"), fmt.Sprint(page, "b"))
	})
	fmt.Println(pull.Collect(context.Background(), through.FlattenSources(pages)))
	// Output: [1a 1b 2a 2b] <nil>
}

func ExampleFlatMap() {
	words := through.FlatMap(pull.Values("a b", "c d"), 2, func(line string) pull.Source[string] {
		return pull.Values(line[:1], line[2:])
	})
	got, err := pull.Collect(context.Background(), words)
	slices.Sort(got)
	fmt.Println(got, err)
	// Output: [a b c d] <nil>
}
