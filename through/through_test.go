package through_test

import (
	"context"
	"errors"
	"io"
	"math"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// row: D6, D8
// rule: 1.6, 2.6
func TestTakeReleasesWithItsLastValue(t *testing.T) {
	up := &root{n: 9}
	src := through.Take(up.source(), 2)
	_, err := src(t.Context())
	require.NoError(t, err)
	assert.Empty(t, up.causes)
	v, err := src(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, v)
	assert.Equal(t, []error{pull.ErrStopped}, up.causes, "released before the value is returned")
	_, err = src(t.Context())
	assert.Equal(t, io.EOF, err)
	assert.Equal(t, 2, up.pulled)
}

func TestTakeTellsOfAFailedRelease(t *testing.T) {
	for name, c := range map[string]struct {
		ctx   context.Context
		cause error
	}{
		"next call":     {t.Context(), io.EOF},
		"next is abort": {dead(), errBroken},
	} {
		disk := errors.New("disk full")
		up := &root{n: 9, release: disk}
		src := through.Take(up.source(), 1)
		_, err := src(t.Context())
		require.NoError(t, err, name)
		_, err = src(c.ctx)
		require.Equal(t, &pull.ReleaseError{Cause: c.cause, Err: disk}, err, name)
		assert.NotErrorIs(t, err, pull.ErrStopped, "nobody may take it for a mere stop")
		_, again := src(t.Context())
		assert.Same(t, err, again, name)
	}
}

// row: D9
// rule: 3.9
func TestTakeNothing(t *testing.T) {
	for _, n := range []int{0, -1} {
		up := &root{n: 9, release: errBroken}
		src := through.Take(up.source(), n)
		assert.Empty(t, up.causes, "nothing before the first call")
		_, err := src(t.Context())
		assert.ErrorIs(t, err, errBroken)
		assert.Zero(t, up.pulled)
		assert.Equal(t, []error{pull.ErrStopped}, up.causes)
	}
	_, err := through.Take(pull.Count(9), 0)(t.Context())
	assert.Equal(t, io.EOF, err)
}

// An abort that overtakes an end nobody has heard of wins.
func TestAbortBeforeTheEndIsTold(t *testing.T) {
	src := through.Take(pull.Count(9), 1)
	_, err := src(t.Context())
	require.NoError(t, err)
	_, err = src(dead())
	assert.Equal(t, errBroken, err)
}

// row: D1, D2
// rule: 2.13
func TestPanicLeavesAnError(t *testing.T) {
	boom := func(n int) bool {
		if n == 2 {
			panic("boom")
		}
		return true
	}
	for name, op := range map[string]func(pull.Source[int]) pull.Source[int]{
		"Map": func(src pull.Source[int]) pull.Source[int] {
			return through.Map(src, func(n int) int { boom(n); return n })
		},
		"Filter": func(src pull.Source[int]) pull.Source[int] {
			return through.Filter(src, boom)
		},
	} {
		up := &root{n: 9}
		src := op(up.source())
		for range 2 {
			_, err := src(t.Context())
			require.NoError(t, err, name)
		}
		require.PanicsWithValue(t, "boom", func() { _, _ = src(t.Context()) })
		assert.Empty(t, up.causes, "the panic leaves the abort to the next call")
		_, err := src(t.Context())
		require.Error(t, err)
		assert.NotErrorIs(t, err, io.EOF)
		assert.Equal(t, []error{err}, up.causes)
		_, again := src(t.Context())
		assert.Equal(t, err, again)

		up = &root{n: 9}
		src = op(up.source())
		require.Panics(t, func() { _ = pull.Drain(t.Context(), src) })
		require.Len(t, up.causes, 1, "the sink aborts on its way out")
		var cause *pull.PanicError
		assert.ErrorAs(t, up.causes[0], &cause)
	}
}

// row: D18, I1
// rule: 3.3
func TestFlattenMillionEmpties(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(256 << 10))
	left := 1_000_000
	src := pull.From(func(context.Context) ([]int, error) {
		if left--; left > 0 {
			return nil, nil
		}
		if left == 0 {
			return []int{7, 8}, nil
		}
		return nil, io.EOF
	}, nil)
	got, err := pull.Collect(t.Context(), through.Flatten(src))
	require.NoError(t, err)
	assert.Equal(t, []int{7, 8}, got)
}

func TestBatch(t *testing.T) {
	for name, c := range map[string]struct {
		up   root
		n    int
		want [][]int
	}{
		"partial at the end":       {root{n: 5}, 2, [][]int{{0, 1}, {2, 3}, {4}}},
		"partial before a failure": {root{n: 3, end: errBroken}, 2, [][]int{{0, 1}, {2}}},
		"exact":                    {root{n: 4}, 2, [][]int{{0, 1}, {2, 3}}},
		"nothing":                  {root{}, 2, nil},
		"at least one":             {root{n: 2}, 0, [][]int{{0}, {1}}},
		"huge":                     {root{n: 2}, math.MaxInt, [][]int{{0, 1}}},
	} {
		got, err := pull.Collect(t.Context(), through.Batch(c.up.source(), c.n))
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, c.up.end, err, name)
	}
}

// Who cancels wants no more, so the abort is answered at once.
func TestBatchCancelledWhileItWaits(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	pulled := 0
	src := through.Batch(pull.From(func(ctx context.Context) (int, error) {
		if pulled++; pulled == 2 {
			cancel(errBroken)
		}
		return pulled, ctx.Err()
	}, nil), 3)
	_, err := src(ctx)
	assert.Equal(t, errBroken, err)
}

func TestBatchesBelongToTheReceiver(t *testing.T) {
	src := through.Batch(pull.Count(4), 2)
	first, err := src(t.Context())
	require.NoError(t, err)
	second, err := src(t.Context())
	require.NoError(t, err)
	_ = append(first, 99)
	assert.Equal(t, []int{0, 1}, first)
	assert.Equal(t, []int{2, 3}, second)
}

func TestUnbatchUndoesBatch(t *testing.T) {
	got, err := pull.Collect(t.Context(), through.Unbatch(through.Batch(pull.Count(7), 3)))
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6}, got)
}
