package through_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
)

// dropping are both operators with a drop.
var dropping = map[string]func(
	src ints, n int, f func(context.Context, int) (int, error), drop func(int),
) ints{
	"ParallelDrop":          through.ParallelDrop[int, int],
	"ParallelUnorderedDrop": through.ParallelUnorderedDrop[int, int],
}

func tripled(_ context.Context, v int) (int, error) { return triple(v), nil }

func parallelDropConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.ParallelDrop(src, 4, tripled, func(int) {})
	}, pulltest.ThroughOptions[int, int]{Want: mapped, ReadAhead: 4, Goroutines: true})
}

func unorderedDropConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.ParallelUnorderedDrop(src, 4, tripled, func(int) {})
	}, pulltest.ThroughOptions[int, int]{
		Want: mapped, Unordered: true, ReadAhead: 7, Goroutines: true,
	})
}

// Whatever is pulled reaches f, and whatever f returns is delivered or dropped,
// once, however the stream ends.
//
// row: D24
func TestNoResultIsLost(t *testing.T) {
	for name, op := range dropping {
		for fail := range 4 {
			for stop := range 5 {
				synctest.Test(t, func(t *testing.T) {
					accounted(t, name, op, 3*fail, 3*stop)
				})
			}
		}
	}
}

// accounted runs op, whose function fails at a value unless that is 0, and is
// aborted after some values.
func accounted(t *testing.T, name string, op func(
	src ints, n int, f func(context.Context, int) (int, error), drop func(int),
) ints, fail, stop int) {
	var mu sync.Mutex
	var made, gone []int
	up := &root{n: 12}
	src := op(up.source(), 4, func(_ context.Context, v int) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if v == fail && fail > 0 {
			return 0, errBroken
		}
		made = append(made, v)
		return v, nil
	}, func(v int) {
		assert.Len(t, up.causes, 1, "the source has ended")
		gone = append(gone, v)
	})
	for range stop {
		v, err := src(t.Context())
		if err != nil {
			break
		}
		gone = append(gone, v)
		synctest.Wait() // all that can be made ahead is there
	}
	_ = pull.Abort(src, nil)
	assert.ElementsMatch(t, made, gone, "%s: fails at %d, stopped after %d", name, fail, stop)
}

func TestDropInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dropped []int
		src := through.ParallelDrop(pull.Count(100), 5, tripled,
			func(v int) { dropped = append(dropped, v) })
		for range 7 {
			_, err := src(t.Context())
			require.NoError(t, err)
		}
		synctest.Wait()
		require.NoError(t, pull.Abort(src, nil))
		assert.Equal(t, []int{21, 24, 27, 30, 33}, dropped)
	})
}

func TestDropPanics(t *testing.T) {
	for name, op := range dropping {
		synctest.Test(t, func(t *testing.T) {
			up := &root{n: 9}
			src := op(up.source(), 2, tripled, func(int) { panic("boom") })
			_, err := src(t.Context())
			require.NoError(t, err)
			synctest.Wait()
			assert.PanicsWithValue(t, "boom", func() { _ = pull.Abort(src, nil) }, name)
			_, err = src(t.Context())
			assert.Error(t, err, name)
			assert.False(t, errors.Is(err, pull.ErrStopped), name)
			assert.Equal(t, []error{pull.ErrStopped}, up.causes, name)
		})
	}
}
