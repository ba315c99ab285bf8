package through_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// double and big are throughs that somebody keeps for later.
func double(src pull.Source[int]) pull.Source[int] {
	return through.Map(src, func(v int) int { return 2 * v })
}

func big(src pull.Source[int]) pull.Source[int] {
	return through.Filter(src, func(v int) bool { return v > 4 })
}

// row: B1, B3, B4, B5
func TestPartsMakeTheWhole(t *testing.T) {
	var whole, parts []int
	note := func(to *[]int) func(int) error {
		return func(v int) error { *to = append(*to, v); return nil }
	}
	require.NoError(t, pull.Each(t.Context(),
		through.Take(big(double(pull.Count(9))), 3), note(&whole)))

	both := func(src pull.Source[int]) pull.Source[int] { return big(double(src)) }
	var middle pull.Through[int, int] = both
	var sink pull.Sink[int] = func(ctx context.Context, src pull.Source[int]) error {
		return pull.Each(ctx, through.Take(middle(src), 3), note(&parts))
	}
	require.NoError(t, sink(t.Context(), pull.Count(9)))
	assert.Equal(t, []int{6, 8, 10}, whole)
	assert.Equal(t, whole, parts)
}

// row: B9
func TestAMissingStageIsNotSkipped(t *testing.T) {
	var src pull.Source[int]
	assert.Panics(t, func() { _ = pull.Drain(t.Context(), double(src)) })
}

// row: C11, D26
func TestNotToCallIsToPause(t *testing.T) {
	up := &root{n: 100}
	src := double(up.source())
	var got []int
	for pause := 1; pause <= 10; pause++ {
		for range 10 {
			v, err := src(t.Context())
			require.NoError(t, err)
			got = append(got, v)
		}
		assert.Equal(t, 10*pause, up.pulled, "exactly what was asked for")
	}
	for i, v := range got {
		require.Equal(t, 2*i, v)
	}
	_, err := src(t.Context())
	assert.Equal(t, io.EOF, err)
}

// row: C12
// rule: 1.7
func TestAFailedFunctionIsNotCalledAgain(t *testing.T) {
	calls := 0
	src := pull.From(func(context.Context) (int, error) { calls++; return 0, errBroken }, nil)
	for range 3 {
		_, err := double(src)(t.Context())
		assert.Equal(t, errBroken, err)
	}
	assert.Equal(t, 1, calls)
}

// row: D21
func TestBatchOfEverySize(t *testing.T) {
	for _, size := range []int{1, 10, 100} {
		for _, n := range []int{0, 1, 4, 8, 16, 32} {
			got, err := pull.Collect(t.Context(), through.Batch(pull.Count(n), size))
			require.NoError(t, err)
			require.Len(t, got, (n+size-1)/size)
			var flat []int
			for i, batch := range got {
				flat = append(flat, batch...)
				assert.True(t, len(batch) == size || i == len(got)-1, "full, but for the last")
			}
			want, err := pull.Collect(t.Context(), pull.Count(n))
			require.NoError(t, err)
			assert.Equal(t, want, flat)
		}
	}
}

// row: D24
func TestTheEndWaitsForWorkUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		src := through.ParallelUnordered(pull.Count(3), 4,
			func(ctx context.Context, v int) (int, error) { return v, wait(ctx, time.Hour) })
		odd := through.FilterNot(src, func(v int) bool { return v%2 == 0 })
		got, err := pull.Collect(t.Context(), odd)
		require.NoError(t, err)
		assert.Equal(t, []int{1}, got)
		assert.Equal(t, time.Hour, time.Since(start))
	})
}

// row: A14, D10
func TestTakeOfAFailureAtItsLastValue(t *testing.T) {
	up := &root{n: 4, end: errBroken}
	got, err := pull.Collect(t.Context(), through.Take(up.source(), 5))
	assert.Equal(t, []int{0, 1, 2, 3}, got)
	assert.Equal(t, errBroken, err)
	assert.Equal(t, []error{errBroken}, up.causes)
}

// row: E5, F12
// rule: 2.3, 4.2
func TestAFailureIsToldOnceAndAsItIs(t *testing.T) {
	for _, stages := range []int{2, 3, 10} {
		up := &root{n: 3, end: errBroken}
		told := 0
		src := up.source()
		for range stages {
			src = double(src)
		}
		src = through.Finally(src, func(cause error) error {
			told++
			assert.Equal(t, errBroken, cause)
			return nil
		})
		err := pull.Drain(t.Context(), src)
		assert.Equal(t, errBroken, err)
		assert.Equal(t, []error{errBroken}, up.causes)
		assert.Equal(t, 1, told)
	}
}

// row: G10
func TestAllInOneAndGlued(t *testing.T) {
	words := func() pull.Source[string] { return pull.Values("a", "", "b") }
	all, err := pull.Reduce(t.Context(), words(), "", func(a, b string) string { return a + b })
	require.NoError(t, err)
	assert.Equal(t, "ab", all)
	vs, err := pull.Collect(t.Context(), words())
	require.NoError(t, err)
	assert.Equal(t, "a,,b", strings.Join(vs, ","))
}

// row: I2
// rule: 3.2
func TestTenThousandStages(t *testing.T) {
	up := &root{n: 5}
	src := up.source()
	for range 10_000 {
		src = through.Map(src, func(v int) int { return v + 1 })
	}
	for i := range 3 {
		v, err := src(t.Context())
		require.NoError(t, err)
		require.Equal(t, 10_000+i, v)
	}
	require.NoError(t, pull.Abort(src, errBroken))
	assert.Equal(t, []error{errBroken}, up.causes)
}
