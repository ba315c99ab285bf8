package window_test

import (
	"context"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/window"
)

// row: D22
func TestByCount(t *testing.T) {
	for name, c := range map[string]struct {
		of   int
		op   func(ints) pull.Source[[]int]
		want [][]int
	}{
		"tumbling": {5, func(src ints) pull.Source[[]int] { return window.Tumbling(src, 2) },
			[][]int{{0, 1}, {2, 3}, {4}}},
		"overlapping": {5, func(src ints) pull.Source[[]int] { return window.Sliding(src, 3, 2) },
			[][]int{{0, 1, 2}, {2, 3, 4}}},
		"with a rest": {4, func(src ints) pull.Source[[]int] { return window.Sliding(src, 3, 2) },
			[][]int{{0, 1, 2}, {2, 3}}},
		"with gaps": {7, func(src ints) pull.Source[[]int] { return window.Sliding(src, 2, 3) },
			[][]int{{0, 1}, {3, 4}, {6}}},
		"ends in a gap": {6, func(src ints) pull.Source[[]int] { return window.Sliding(src, 2, 3) },
			[][]int{{0, 1}, {3, 4}}},
		"too few": {2, func(src ints) pull.Source[[]int] { return window.Sliding(src, 3, 1) },
			[][]int{{0, 1}}},
		"none":   {0, func(src ints) pull.Source[[]int] { return window.Sliding(src, 3, 1) }, nil},
		"of one": {2, func(src ints) pull.Source[[]int] { return window.Sliding(src, 0, 0) }, [][]int{{0}, {1}}},
		"huge": {2, func(src ints) pull.Source[[]int] {
			return window.Sliding(src, math.MaxInt, math.MaxInt)
		}, [][]int{{0, 1}}},
	} {
		for _, end := range ends {
			got, err := pull.Collect(t.Context(), c.op(counted(c.of, end)))
			assert.Equal(t, c.want, got, name)
			if end == io.EOF {
				end = nil
			}
			assert.Equal(t, end, err, name)
		}
	}
}

// Who cancels wants no more, so an abort is answered at once.
func TestCancelledWhileAWindowFills(t *testing.T) {
	for name, call := range map[string]func(context.Context, ints) error{
		"sliding": func(ctx context.Context, src ints) error {
			_, err := window.Sliding(src, 9, 1)(ctx)
			return err
		},
		"reduce": func(ctx context.Context, src ints) error {
			_, err := window.Reduce(src, 9, 0, sum)(ctx)
			return err
		},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		given := 0
		err := call(ctx, pull.From(func(context.Context) (int, error) {
			if given++; given == 3 {
				cancel(errBroken)
			}
			return given, nil
		}, nil))
		assert.Equal(t, errBroken, err, name)
		assert.Equal(t, 3, given, name)
	}
}

func TestNegativeDurations(t *testing.T) {
	for w, err := range window.Every(pull.Count(2), -time.Hour, 9, nil).All(t.Context()) {
		require.NoError(t, err)
		assert.Len(t, w.Values, 1)
		assert.Equal(t, w.From, w.To)
	}
}

func TestWindowsBelongToTheReceiver(t *testing.T) {
	src := window.Sliding(pull.Count(4), 3, 1)
	first, err := src(t.Context())
	require.NoError(t, err)
	_ = append(first[:1], 99, 99, 99)
	second, err := src(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 3}, second)
}

func TestReduce(t *testing.T) {
	join := func(s string, n int) string { return s + string(rune('0'+n)) }
	for n, want := range map[int][]string{
		0: {"<0", "<1", "<2", "<3"}, 3: {"<012", "<123"}, 4: {"<0123"}, 9: {"<0123"},
	} {
		got, err := pull.Collect(t.Context(), window.Reduce(counted(4, errBroken), n, "<", join))
		assert.Equal(t, want, got)
		assert.Equal(t, errBroken, err)
	}
}

// A panic in the last window is not followed by a clean end.
func TestReducePanicsAtTheEnd(t *testing.T) {
	src := window.Reduce(pull.Count(2), 3, 0, func(int, int) int { panic("boom") })
	assert.Panics(t, func() { _, _ = src(t.Context()) })
	_, err := src(t.Context())
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
}

// A span is a window as milliseconds after the first call.
type span struct {
	from, to, came int
	values         []int
}

func watch(t *testing.T, src pull.Source[window.Window[int]], busy time.Duration) ([]span, error) {
	var all []span
	start := time.Now()
	ms := func(at time.Time) int { return int(at.Sub(start) / time.Millisecond) }
	for {
		w, err := src(t.Context())
		if err != nil {
			return all, err
		}
		all = append(all, span{ms(w.From), ms(w.To), ms(time.Now()), w.Values})
		_ = wait(t.Context(), busy)
	}
}

func TestByTime(t *testing.T) {
	const tick = time.Millisecond
	for name, c := range map[string]struct {
		op   func(ints) pull.Source[window.Window[int]]
		want []span
	}{
		"every": {func(src ints) pull.Source[window.Window[int]] {
			return window.Every(src, 10*tick, 99, nil)
		}, []span{{0, 10, 10, []int{0, 1}}, {10, 20, 20, []int{2, 3}}, {50, 60, 51, []int{4, 5}}}},
		"every, bounded": {func(src ints) pull.Source[window.Window[int]] {
			return window.Every(src, 100*tick, 4, nil)
		}, []span{{0, 100, 12, []int{0, 1, 2, 3}}, {0, 100, 51, []int{4, 5}}}},
		"session": {func(src ints) pull.Source[window.Window[int]] {
			return window.Session(src, 20*tick, 99, nil)
		}, []span{{0, 12, 32, []int{0, 1, 2, 3}}, {50, 51, 51, []int{4, 5}}}},
		"session, bounded": {func(src ints) pull.Source[window.Window[int]] {
			return window.Session(src, 20*tick, 3, nil)
		}, []span{{0, 10, 10, []int{0, 1, 2}}, {12, 12, 32, []int{3}}, {50, 51, 51, []int{4, 5}}}},
	} {
		for _, end := range ends {
			synctest.Test(t, func(t *testing.T) {
				got, err := watch(t, c.op(at(end, 0, 9, 10, 12, 50, 51)), 0)
				assert.Equal(t, c.want, got, name)
				assert.Equal(t, end, err, name)
			})
			synctest.Test(t, func(t *testing.T) {
				got, err := watch(t, c.op(at(end, 0, 9, 10, 12, 50, 51)), time.Hour)
				for i := range got {
					got[i].came = c.want[i].came
				}
				assert.Equal(t, c.want, got, "%s, a slow reader", name)
				assert.Equal(t, end, err, name)
			})
		}
	}
}

func TestAbortDiscardsTheOpenWindow(t *testing.T) {
	for name, op := range map[string]func(ints, time.Duration, int, func(int)) pull.Source[window.Window[int]]{
		"every": window.Every[int], "session": window.Session[int],
	} {
		synctest.Test(t, func(t *testing.T) {
			var dropped []int
			src := op(at(io.EOF, 0, 1, 99), time.Second, 9, func(n int) { dropped = append(dropped, n) })
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(50*time.Millisecond, func() { cancel(errBroken) })
			_, err := src(ctx)
			assert.Equal(t, errBroken, err, name)
			assert.Equal(t, []int{0, 1}, dropped, name)
		})
	}
}
