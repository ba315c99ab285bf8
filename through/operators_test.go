package through_test

import (
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

func self[T any](v T) T { return v }

func collect[T any](t *testing.T, src pull.Source[T]) []T {
	t.Helper()
	got, err := pull.Collect(t.Context(), src)
	require.NoError(t, err)
	return got
}

// row: D12
func TestTryMapKeepsOrder(t *testing.T) {
	got := collect(t, through.TryMap(pull.Count(21),
		func(ctx context.Context, n int) (int, error) { return -n, ctx.Err() }))
	for i, n := range got {
		assert.Equal(t, -i, n)
	}
	assert.Len(t, got, 21)
}

// row: D14
func TestTryMapFails(t *testing.T) {
	for given, want := range map[error]error{errBroken: errBroken, io.EOF: io.ErrUnexpectedEOF} {
		up := &root{n: 9}
		got, err := pull.Collect(t.Context(), through.TryMap(up.source(),
			func(_ context.Context, n int) (int, error) {
				if n == 2 {
					return 0, given
				}
				return n, nil
			}))
		assert.Equal(t, []int{0, 1}, got)
		assert.Equal(t, want, err)
		assert.Equal(t, []error{want}, up.causes, "the source is told why")
		assert.Equal(t, 3, up.pulled)
	}
}

// row: D13
func TestTryMapAborted(t *testing.T) {
	up := &root{n: 9}
	never := func(context.Context, int) (int, error) { panic("called") }
	_, err := through.TryMap(up.source(), never)(dead())
	assert.Equal(t, errBroken, err, "before f ran")
	assert.Equal(t, []error{errBroken}, up.causes)

	up = &root{n: 9, release: errors.New("disk full")}
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err = through.TryMap(up.source(), func(ctx context.Context, _ int) (int, error) {
		cancel(errBroken)
		<-ctx.Done()
		return 0, ctx.Err()
	})(ctx)
	assert.Equal(t, &pull.ReleaseError{Cause: errBroken, Err: up.release}, err, "while f runs")
	assert.Equal(t, []error{errBroken}, up.causes)
}

// row: D4
func TestFilters(t *testing.T) {
	has7 := func(n int) bool { return strings.Contains("7 17 27 37 47 57 67 77", string(rune('0'+n%10))) }
	yes := collect(t, through.Filter(pull.Count(100), has7))
	no := collect(t, through.FilterNot(pull.Count(100), has7))
	all := slices.Concat(yes, no)
	slices.Sort(all)
	assert.Equal(t, collect(t, pull.Count(100)), all)
	halves := collect(t, through.FilterMap(pull.Count(6), func(n int) (float64, bool) {
		return float64(n) / 2, n%3 == 0
	}))
	assert.Equal(t, []float64{0, 1.5}, halves)
}

// row: D7, H3, D8
// rule: 2.6
func TestTakeWhileAndUntil(t *testing.T) {
	for name, c := range map[string]struct {
		op   func(pull.Source[int], func(int) bool) pull.Source[int]
		want []int
	}{
		"without the last": {func(src pull.Source[int], hit func(int) bool) pull.Source[int] {
			return through.TakeWhile(src, func(n int) bool { return !hit(n) })
		}, []int{0, 1}},
		"with the last": {through.TakeUntil[int], []int{0, 1, 2}},
	} {
		up, asked := &root{n: 9}, 0
		src := c.op(up.source(), func(n int) bool { asked++; return n == 2 })
		for _, want := range c.want {
			assert.Empty(t, up.causes, name)
			v, err := src(t.Context())
			require.NoError(t, err, name)
			assert.Equal(t, want, v, name)
		}
		for range 2 {
			_, err := src(t.Context())
			assert.Equal(t, io.EOF, err, name)
		}
		assert.Equal(t, []error{pull.ErrStopped}, up.causes, name)
		assert.Equal(t, 3, up.pulled, name)
		assert.Equal(t, 3, asked, name)

		up = &root{n: 9, release: errBroken}
		_, err := pull.Collect(t.Context(), c.op(up.source(), func(n int) bool { return n == 2 }))
		assert.Equal(t, &pull.ReleaseError{Cause: io.EOF, Err: errBroken}, err, name)
	}
}

func TestTakeLast(t *testing.T) {
	up := &root{n: 9, end: errBroken}
	src := through.TakeLast(up.source(), 2)
	for _, want := range []int{7, 8} {
		v, err := src(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, v)
	}
	_, err := src(t.Context())
	assert.Equal(t, errBroken, err, "behind the last values before it")
	assert.Equal(t, []error{errBroken}, up.causes)

	src = through.TakeLast(pull.Count(9), 2)
	_, err = src(t.Context())
	require.NoError(t, err)
	assert.NoError(t, pull.Abort(src, errBroken))
	_, err = src(t.Context())
	assert.Equal(t, errBroken, err, "an abort overtakes what is held")
	assert.Equal(t, []int{0, 1}, collect(t, through.TakeLast(pull.Count(2), math.MaxInt)))
}

func TestTakeLastNothing(t *testing.T) {
	up := &root{n: 9}
	assert.Empty(t, collect(t, through.TakeLast(up.source(), 0)))
	assert.Zero(t, up.pulled)
	assert.Equal(t, []error{pull.ErrStopped}, up.causes)
}

func TestSkip(t *testing.T) {
	assert.Equal(t, []int{3, 4}, collect(t, through.Skip(pull.Count(5), 3)))
	assert.Empty(t, collect(t, through.Skip(pull.Count(5), 9)))
	assert.Len(t, collect(t, through.Skip(pull.Count(5), -1)), 5)
	asked := 0
	got := collect(t, through.SkipWhile(pull.Values(1, 2, 9, 1), func(n int) bool {
		asked++
		return n < 5
	}))
	assert.Equal(t, []int{9, 1}, got)
	assert.Equal(t, 3, asked, "not asked again")
}

// row: D5
func TestDistinctAndDuplicates(t *testing.T) {
	in := []int{1, 2, 2, 3, 4, 5, 6, 4, 0, 6, 7, 8, 3, 1, 2, 9, 0}
	first := collect(t, through.Distinct(pull.Values(in...), self))
	slices.Sort(first)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, first)
	again := collect(t, through.Duplicates(pull.Values(in...), self))
	slices.Sort(again)
	assert.Equal(t, []int{0, 1, 2, 2, 3, 4, 6}, again)
	keys := []any{1, "1", "constructor", "toString", 1.0}
	assert.Equal(t, keys, collect(t, through.Distinct(pull.Values(keys...), self)))
}

// row: B10
func TestStateBelongsToOnePipeline(t *testing.T) {
	unique := func(src pull.Source[int]) pull.Source[int] { return through.Distinct(src, self) }
	for range 2 {
		assert.Equal(t, []int{1, 2}, collect(t, unique(pull.Values(1, 2, 1))))
	}
}

func TestDistinctRecentForgets(t *testing.T) {
	got := collect(t, through.DistinctRecent(pull.Values(1, 2, 1, 3, 1, 2), 2, self))
	assert.Equal(t, []int{1, 2, 3, 1, 2}, got, "1 makes room for 3, then 2 for 1")
	assert.Equal(t, []int{1, 2, 1}, collect(t, through.DistinctRecent(pull.Values(1, 1, 2, 1), 0, self)))
	nan := math.NaN()
	floats := pull.Values(nan, 1, nan, 1, 2, 3, 1)
	assert.Len(t, collect(t, through.DistinctRecent(floats, 2, self)), 6, "a NaN equals nothing")
}

// heap is how many bytes are held while f's result is.
func heap(f func() any) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	held := f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(held)
	return after.HeapAlloc - min(after.HeapAlloc, before.HeapAlloc)
}

// row: I5
func TestWhatIsHeldIsBounded(t *testing.T) {
	const n = 300_000
	for name, op := range map[string]func(pull.Source[float64]) pull.Source[float64]{
		"DistinctRecent": func(src pull.Source[float64]) pull.Source[float64] {
			return through.DistinctRecent(src, 100, self)
		},
		"DistinctRecent of NaN": func(src pull.Source[float64]) pull.Source[float64] {
			nan := through.Map(src, func(float64) float64 { return math.NaN() })
			return through.DistinctRecent(nan, 100, self)
		},
		"TakeLast": func(src pull.Source[float64]) pull.Source[float64] {
			return through.TakeLast(src, 100)
		},
	} {
		bytes := heap(func() any {
			values := through.Map(pull.Count(n), func(n int) float64 { return float64(n) })
			src := op(values)
			for range 100 { // TakeLast reads all in its first call
				_, err := src(t.Context())
				require.NoError(t, err, name)
			}
			if name != "TakeLast" {
				for range n / 2 {
					_, _ = src(t.Context())
				}
			}
			return src
		})
		assert.Less(t, bytes, uint64(200_000), name)
	}
}

func TestChanged(t *testing.T) {
	got := collect(t, through.Changed(pull.Values(0, 0, 1, 1, 0), self))
	assert.Equal(t, []int{0, 1, 0}, got)
}

func TestKeysThatCannotBeCompared(t *testing.T) {
	up := &root{n: 3}
	src := through.Distinct(up.source(), func(int) any { return []int{1} })
	assert.Panics(t, func() { _, _ = src(t.Context()) })
	_, err := src(t.Context())
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
	assert.Equal(t, []error{err}, up.causes)
}

func TestScanAndPairwise(t *testing.T) {
	add := func(a, b int) int { return a + b }
	assert.Equal(t, []int{10, 11, 13}, collect(t, through.Scan(pull.Count(3), 10, add)))
	assert.Equal(t, [][2]int{{0, 1}, {1, 2}}, collect(t, through.Pairwise(pull.Count(3))))
	assert.Empty(t, collect(t, through.Pairwise(pull.Count(1))))
	up := &root{n: 1, end: errBroken}
	_, err := pull.Collect(t.Context(), through.Pairwise(up.source()))
	assert.Equal(t, errBroken, err, "half a pair is dropped")
}

// row: I1, D3
func TestAMillionDiscarded(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(256 << 10))
	none := func(int) bool { return false }
	for name, src := range map[string]pull.Source[int]{
		"Filter":     through.Filter(pull.Count(10_000_000), none),
		"FilterMap":  through.FilterMap(pull.Count(1_000_000), func(n int) (int, bool) { return n, false }),
		"Skip":       through.Skip(pull.Count(1_000_000), 1_000_000),
		"SkipWhile":  through.SkipWhile(pull.Count(1_000_000), func(int) bool { return true }),
		"Duplicates": through.Duplicates(pull.Count(100_000), self),
	} {
		_, err := src(t.Context())
		assert.Equal(t, io.EOF, err, name)
	}
	assert.Equal(t, []int{999_999}, collect(t, through.TakeLast(pull.Count(1_000_000), 1)))
	assert.Equal(t, []int{0}, collect(t, through.Changed(
		through.Map(pull.Count(1_000_000), func(int) int { return 0 }), self)))
}

// row: C10
func TestZeroValuesPass(t *testing.T) {
	zero := []any{nil, 0, "", nil}
	src := func() pull.Source[any] { return pull.Values(zero...) }
	for name, op := range map[string]pull.Source[any]{
		"TakeWhile": through.TakeWhile(src(), func(any) bool { return true }),
		"TakeLast":  through.TakeLast(src(), 9),
		"SkipWhile": through.SkipWhile(src(), func(any) bool { return false }),
		"Tap":       through.Tap(src(), nil, nil),
		"Recover":   through.Recover(src(), nil),
	} {
		assert.Equal(t, zero, collect(t, op), name)
	}
}

func TestFlatMapBoundsShortSources(t *testing.T) {
	for n := range 4 {
		synctest.Test(t, func(t *testing.T) {
			var pulled atomic.Int64
			counted := through.Map(pull.Count(1000), func(int) int64 { return pulled.Add(1) })
			src := through.FlatMap(counted, n,
				func(i int64) pull.Source[int64] { return pull.Values(i) })
			for got := range int64(50) {
				_, err := src(t.Context())
				require.NoError(t, err)
				synctest.Wait()
				require.LessOrEqual(t, pulled.Load()-got-1, int64(max(n, 1)), "not returned yet")
			}
			require.NoError(t, pull.Abort(src, nil))
		})
	}
}
