package timed_test

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/timed"
)

const tick = time.Millisecond

// Each operator over bursts: what comes, and when, to a reader that is always
// there.
func TestWhatComesWhen(t *testing.T) {
	bursts := []int{0, 1, 2, 20, 21, 50}
	for name, c := range map[string]struct {
		op   pull.Through[int, int]
		want []seen
	}{
		"debounce": {func(src ints) ints { return timed.Debounce(src, 10*tick, nil) },
			[]seen{{2, 12}, {4, 31}, {5, 50}}},
		"debounce of nothing": {func(src ints) ints { return timed.Debounce(src, 0, nil) },
			[]seen{{0, 0}, {1, 1}, {2, 2}, {3, 20}, {4, 21}, {5, 50}}},
		"leading": {func(src ints) ints { return timed.Throttle(src, 10*tick, timed.Leading, nil) },
			[]seen{{0, 0}, {3, 20}, {5, 50}}},
		"trailing": {func(src ints) ints { return timed.Throttle(src, 10*tick, timed.Trailing, nil) },
			[]seen{{2, 10}, {4, 30}, {5, 50}}},
		"both": {func(src ints) ints {
			return timed.Throttle(src, 10*tick, timed.Leading|timed.Trailing, nil)
		}, []seen{{0, 0}, {2, 10}, {3, 20}, {4, 30}, {5, 50}}},
		"sample": {func(src ints) ints { return timed.Sample(src, 7*tick, nil) },
			[]seen{{2, 7}, {3, 21}, {4, 28}, {5, 50}}},
		"delay": {func(src ints) ints { return timed.Delay(src, 30*tick, 9, nil) },
			[]seen{{0, 30}, {1, 31}, {2, 32}, {3, 50}, {4, 51}, {5, 80}}},
	} {
		for _, end := range []error{io.EOF, errBroken} {
			synctest.Test(t, func(t *testing.T) {
				s := ms(bursts...)
				s.end = end
				got, err := watch(t, c.op(s.source()), 0)
				assert.Equal(t, c.want, got, "%s, %v", name, end)
				assert.Equal(t, end, err, name)
				assert.Equal(t, []error{end}, s.causes, name)
			})
		}
	}
}

// A slow reader gets the same values: times of arrival decide.
func TestASlowReaderGetsTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		op   pull.Through[int, int]
		want []int
	}{
		"debounce": {func(src ints) ints { return timed.Debounce(src, 10*tick, nil) }, []int{2, 4, 5}},
		"throttle": {func(src ints) ints {
			return timed.Throttle(src, 10*tick, timed.Leading, nil)
		}, []int{0, 3, 5}},
		"sample": {func(src ints) ints { return timed.Sample(src, 7*tick, nil) }, []int{2, 3, 4, 5}},
	} {
		synctest.Test(t, func(t *testing.T) {
			got, err := watch(t, c.op(ms(0, 1, 2, 20, 21, 50).source()), time.Second)
			assert.Equal(t, io.EOF, err)
			var values []int
			for _, s := range got {
				values = append(values, s.v)
			}
			assert.Equal(t, c.want, values, name)
		})
	}
}

// A period begins where one ends with a trailing value: a value that comes then
// is no leading one.
func TestThrottleAfterATrailingValue(t *testing.T) {
	for edge, want := range map[timed.Edge][]seen{
		timed.Leading | timed.Trailing: {{0, 0}, {1, 10}, {3, 20}, {4, 40}},
		timed.Trailing:                 {{1, 10}, {3, 20}, {4, 40}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := ms(0, 1, 12, 13, 40)
			got, err := watch(t, timed.Throttle(s.source(), 10*tick, edge, nil), 0)
			assert.Equal(t, io.EOF, err)
			assert.Equal(t, want, got)
		})
	}
}

// The end brings the last item, exactly once, and never a zero value.
func TestDebounceAtTheEnd(t *testing.T) {
	for n, want := range [][]seen{nil, {{0, 5}}, {{1, 6}}} {
		synctest.Test(t, func(t *testing.T) {
			s := ms([]int{5, 6}[:n]...)
			got, err := watch(t, timed.Debounce(s.source(), time.Hour, nil), 0)
			assert.Equal(t, io.EOF, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestDebounceOfAnEndlessBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []int
		for i := range 1000 {
			at = append(at, i)
		}
		dropped := 0
		src := timed.Debounce(ms(at...).source(), 2*tick, func(int) { dropped++ })
		got, err := watch(t, src, 0)
		assert.Equal(t, io.EOF, err)
		assert.Equal(t, []seen{{999, 999}}, got)
		assert.Equal(t, 999, dropped)
	})
}

// All values go somewhere: to the reader or to drop, exactly once.
func TestNothingIsLost(t *testing.T) {
	type op = func(src ints, drop func(int)) ints
	for name, op := range map[string]op{
		"debounce": func(src ints, drop func(int)) ints { return timed.Debounce(src, 3*tick, drop) },
		"leading": func(src ints, drop func(int)) ints {
			return timed.Throttle(src, 3*tick, timed.Leading, drop)
		},
		"trailing": func(src ints, drop func(int)) ints {
			return timed.Throttle(src, 3*tick, timed.Trailing, drop)
		},
		"sample": func(src ints, drop func(int)) ints { return timed.Sample(src, 3*tick, drop) },
		"delay":  func(src ints, drop func(int)) ints { return timed.Delay(src, 3*tick, 2, drop) },
		"latest": timed.Latest[int],
		"conflate": func(src ints, drop func(int)) ints {
			return timed.Conflate(src, 2, func(n int) int { return n % 5 }, drop)
		},
	} {
		for stop := range 8 {
			synctest.Test(t, func(t *testing.T) {
				s := ms(0, 0, 1, 4, 5, 9, 9, 9, 10, 10, 14, 30, 30, 31)
				counts := map[int]int{}
				var mu sync.Mutex // Conflate drops in its goroutine
				count := func(v int) {
					mu.Lock()
					defer mu.Unlock()
					counts[v]++
				}
				src := op(s.source(), count)
				ctx, cancel := context.WithCancelCause(t.Context())
				for range stop {
					v, err := src(ctx)
					if err != nil {
						break
					}
					count(v)
				}
				time.AfterFunc(2*tick, func() { cancel(errBroken) })
				for {
					v, err := src(ctx)
					if err != nil {
						break
					}
					count(v)
					_ = wait(t.Context(), tick)
				}
				assert.Len(t, counts, s.given, "%s, %d", name, stop)
				for v, n := range counts {
					assert.Equal(t, 1, n, "%s, %d: value %d", name, stop, v)
				}
				assert.Len(t, s.causes, 1)
			})
		}
	}
}

func TestADropThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ms(0, 1, 2, 100)
		src := timed.Debounce(s.source(), 10*tick, func(int) { panic("boom") })
		assert.PanicsWithValue(t, "boom", func() { _, _ = src(t.Context()) })
		assert.PanicsWithValue(t, "boom", func() { _ = pull.Abort(src, errBroken) })
		assert.Len(t, s.causes, 1, "the source has ended all the same")
		_, err := src(t.Context())
		require.Error(t, err)
		assert.NotErrorIs(t, err, io.EOF)
	})
}

// rule: 1.9
func TestNothingStartsBeforeTheFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ms(0)
		for _, src := range []ints{
			timed.Debounce(s.source(), tick, nil), timed.Throttle(s.source(), tick, 0, nil),
			timed.Sample(s.source(), tick, nil), timed.Delay(s.source(), tick, 1, nil),
			timed.Latest(s.source(), nil), timed.Timeout(s.source(), tick),
		} {
			_ = wait(t.Context(), time.Hour)
			assert.True(t, s.start.IsZero())
			assert.NoError(t, pull.Abort(src, errBroken))
		}
		assert.Len(t, s.causes, 6)
	})
}

// row: I5
func TestDelayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		given := 0
		src := timed.Delay(pull.From(func(context.Context) (int, error) {
			given++
			return given, nil
		}, nil), time.Second, 5, nil)
		for n := 1; n <= 30; n++ {
			v, err := src(t.Context())
			require.NoError(t, err)
			require.Equal(t, n, v)
			synctest.Wait()
			require.LessOrEqual(t, given, n+10)
		}
		require.NoError(t, pull.Abort(src, nil))
	})
}

// row: I5
func TestReadingAheadIsBounded(t *testing.T) {
	for name, op := range map[string]pull.Through[int, int]{
		"debounce": func(src ints) ints { return timed.Debounce(src, 0, nil) },
		"throttle": func(src ints) ints { return timed.Throttle(src, 0, timed.Leading, nil) },
		"sample":   func(src ints) ints { return timed.Sample(src, 0, nil) },
	} {
		synctest.Test(t, func(t *testing.T) {
			given := 0
			src := op(pull.From(func(context.Context) (int, error) {
				given++
				return given, nil
			}, nil))
			most := 0
			for n := 1; n <= 500; n++ {
				v, err := src(t.Context())
				require.NoError(t, err)
				require.Equal(t, n, v, name)
				synctest.Wait()
				most = max(most, given-n)
			}
			assert.LessOrEqual(t, most, 128, name)
			assert.Greater(t, most, 64, name)
			require.NoError(t, pull.Abort(src, nil))
		})
	}
}

func TestBatchByCountOrTime(t *testing.T) {
	for _, end := range []error{io.EOF, errBroken} {
		synctest.Test(t, func(t *testing.T) {
			s := ms(0, 1, 2, 3, 30, 31, 90, 91)
			s.end = end
			src := timed.Batch(s.source(), 3, 10*tick, nil)
			start := time.Now()
			var got [][]int
			var at []time.Duration
			for {
				batch, err := src(t.Context())
				if err != nil {
					assert.Equal(t, end, err)
					break
				}
				got, at = append(got, batch), append(at, time.Since(start))
			}
			assert.Equal(t, [][]int{{0, 1, 2}, {3}, {4, 5}, {6, 7}}, got)
			assert.Equal(t, []time.Duration{2 * tick, 13 * tick, 40 * tick, 91 * tick}, at)
		})
	}
}

func TestBatchAborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ms(0, 1, 100)
		var dropped []int
		src := timed.Batch(s.source(), 3, time.Hour, func(n int) { dropped = append(dropped, n) })
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(50*tick, func() { cancel(errBroken) })
		_, err := src(ctx)
		assert.Equal(t, errBroken, err)
		assert.Equal(t, []int{0, 1}, dropped)
		assert.Equal(t, []error{errBroken}, s.causes)
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ms(0, 9, 18, 27, 100)
		src := timed.Timeout(s.source(), 10*tick)
		got, err := watch(t, src, 0)
		assert.Equal(t, []seen{{0, 0}, {1, 9}, {2, 18}, {3, 27}}, got)
		assert.Equal(t, &timed.TimeoutError{After: 10 * tick}, err)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []error{err}, s.causes)
		_, again := src(t.Context())
		assert.Same(t, err, again)
	})
}

// The time a reader takes is not the source's.
func TestTimeoutIsForCallsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := timed.Timeout(pull.Count(5), tick)
		got, err := watch(t, src, time.Hour)
		assert.Equal(t, io.EOF, err)
		assert.Len(t, got, 5)
	})
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_ = wait(t.Context(), time.Hour)
		s := ms(0, 4, 8, 12)
		got, err := watch(t, timed.Deadline(s.source(), 10*tick), 0)
		assert.Equal(t, []seen{{0, 0}, {1, 4}, {2, 8}}, got)
		assert.Equal(t, &timed.TimeoutError{After: 10 * tick, Total: true}, err)
		assert.Equal(t, []error{err}, s.causes)

		got, err = watch(t, timed.Deadline(pull.Count(9), 10*tick), 4*tick)
		assert.Len(t, got, 3, "a slow reader's time counts")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestTimeoutIsNotTheCallersCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(tick, func() { cancel(errBroken) })
		s := ms(100)
		_, err := timed.Timeout(s.source(), 10*tick)(ctx)
		assert.Equal(t, errBroken, err)
	})
}

func TestTimeoutTellsOfAFailedRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := errors.New("disk full")
		src := timed.Timeout(pull.From(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, func(error) error { return disk }), tick)
		_, err := src(t.Context())
		assert.ErrorIs(t, err, disk)
		var late *timed.TimeoutError
		assert.ErrorAs(t, err, &late)
	})
}

// A slow reader is never behind, and never holds the source up.
func TestLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []int
		for i := range 1000 {
			at = append(at, i)
		}
		s := ms(at...)
		got, err := watch(t, timed.Latest(s.source(), nil), 100*tick+300*time.Microsecond)
		assert.Equal(t, io.EOF, err)
		want := []seen{{0, 0}}
		for n := 1; n < 10; n++ {
			now := n*100 + n*3/10
			want = append(want, seen{now, now})
		}
		assert.Equal(t, append(want, seen{999, 1003}), got)
	})
}

func TestConflate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ms(0, 1, 2, 3, 4, 5, 6, 7) // the key is the last bit
		src := timed.Conflate(s.source(), 9, func(n int) bool { return n%2 == 0 }, nil)
		got, err := watch(t, src, 4*tick+tick/2)
		assert.Equal(t, io.EOF, err)
		assert.Equal(t, []seen{{0, 0}, {3, 4}, {6, 9}, {7, 13}}, got)
	})
}

func TestConflateHoldsTheSourceUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ms(0, 0, 0, 0, 0, 0)
		src := timed.Conflate(s.source(), 2, func(n int) int { return n }, nil)
		for n := range 3 {
			v, err := src(t.Context())
			require.NoError(t, err)
			require.Equal(t, n, v)
			synctest.Wait()
			assert.Equal(t, n+4, s.given, "two wait, and the one that has no room")
		}
		require.NoError(t, pull.Abort(src, errBroken))
		assert.Equal(t, []error{errBroken}, s.causes)
	})
}

// A model is what Conflate should have waiting.
type model struct {
	sync.Mutex
	newest map[int]int
	order  []int
}

func modulo7(v int) int { return v * v % 7 }

func (m *model) put(v int) {
	m.Lock()
	defer m.Unlock()
	key := modulo7(v)
	if _, ok := m.newest[key]; !ok {
		m.order = append(m.order, key)
	}
	m.newest[key] = v
}

func (m *model) pop() int {
	m.Lock()
	defer m.Unlock()
	key := m.order[0]
	m.order = m.order[1:]
	defer delete(m.newest, key)
	return m.newest[key]
}

// Keys come and go in every pattern; nothing is lost, and the order is theirs.
func TestConflateKeepsItsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &model{newest: map[int]int{}}
		pauses, given := rand.New(rand.NewPCG(1, 2)), 0
		src := timed.Conflate(pull.From(func(ctx context.Context) (int, error) {
			if given++; given > 10_000 {
				return 0, io.EOF
			}
			err := wait(ctx, time.Duration(1+pauses.IntN(3))*tick)
			m.put(given)
			return given, err
		}, nil), 7, modulo7, nil)
		busy := rand.New(rand.NewPCG(3, 4))
		for {
			v, err := src(t.Context())
			if err != nil {
				assert.Equal(t, io.EOF, err)
				break
			}
			require.Equal(t, m.pop(), v)
			_ = wait(t.Context(), time.Duration(busy.IntN(9))*tick+tick/2)
			synctest.Wait()
		}
		assert.Empty(t, m.order)
	})
}

// row: I5
func TestConflateForgetsItsKeys(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	src := timed.Conflate(pull.Count(200_000), 4, func(int) float64 { return math.NaN() }, nil)
	for range 200_000 {
		_, err := src(t.Context())
		require.NoError(t, err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(200_000))
	_, err := src(t.Context())
	assert.Equal(t, io.EOF, err)
}

func BenchmarkDebounceOfNothing(b *testing.B) {
	b.ReportAllocs()
	_ = pull.Drain(b.Context(), timed.Debounce(pull.Count(b.N), 0, nil))
}

func BenchmarkTimeout(b *testing.B) {
	b.ReportAllocs()
	_ = pull.Drain(b.Context(), timed.Timeout(pull.Count(b.N), time.Hour))
}

func BenchmarkLatest(b *testing.B) {
	b.ReportAllocs()
	_ = pull.Drain(b.Context(), timed.Latest(pull.Count(b.N), nil))
}
