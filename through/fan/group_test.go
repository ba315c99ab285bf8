package fan_test

import (
	"context"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/fan"
)

func mod3(v int) int { return v % 3 }

// sum adds up a group.
func sum(ctx context.Context, _ int, group source) (int, error) {
	return pull.Reduce(ctx, group, 0, func(a, b int) int { return a + b })
}

func TestGroupBy(t *testing.T) {
	var orders [3][]int
	src := fan.GroupBy(pull.Count(300), 3, mod3,
		func(ctx context.Context, key int, group source) (n int, err error) {
			orders[key], err = pull.Collect(ctx, group)
			return len(orders[key]), err
		})
	got, err := pull.Collect(t.Context(), src)
	require.NoError(t, err)
	require.Equal(t, []int{100, 100, 100}, got)
	for key, order := range orders {
		require.True(t, slices.IsSorted(order))
		require.Equal(t, key, order[0])
	}
}

// A group too many ends the stream, and the groups that are open.
func TestGroupByLimit(t *testing.T) {
	r := &root{n: 9, release: errRelease}
	src := fan.GroupBy(r.source(), 2, mod3, sum)
	_, err := pull.Collect(t.Context(), src)
	require.ErrorIs(t, err, fan.ErrTooManyGroups)
	require.ErrorIs(t, err, errRelease)
	require.Len(t, r.causes, 1)
	require.ErrorIs(t, r.causes[0], fan.ErrTooManyGroups)
}

// A group that has returned makes room, also for another one of its key.
func TestGroupByOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := make(chan int)
		src := fan.GroupBy(pull.FromChan(values), 1, mod3,
			func(ctx context.Context, _ int, group source) (int, error) {
				v, err := group(ctx)
				return v, err
			})
		go func() {
			for _, v := range []int{1, 4, 2} {
				values <- v
				synctest.Wait() // the group is closed
			}
			close(values)
		}()
		var got []int
		for {
			v, err := src(t.Context())
			if err != nil {
				require.Equal(t, io.EOF, err)
				break
			}
			got = append(got, v)
		}
		require.Equal(t, []int{1, 4, 2}, got)
	})
}

// What comes for a group that has aborted its source, and is still at work, is
// discarded.
func TestGroupByAbortedGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := fan.GroupBy(pull.Count(300), 3, mod3,
			func(ctx context.Context, key int, group source) (int, error) {
				if key > 0 {
					return sum(ctx, key, group)
				}
				err := pull.Abort(group, nil)
				<-ctx.Done()
				return 0, err
			})
		for range 2 {
			v, err := src(t.Context())
			require.NoError(t, err)
			require.Contains(t, []int{14950, 15050}, v)
		}
		require.NoError(t, pull.Abort(src, nil))
	})
}

// A group that does not read holds up src, which is never further ahead.
//
// row: I5
func TestGroupByIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &root{n: 1000}
		src := fan.GroupBy(r.source(), 3, mod3,
			func(ctx context.Context, key int, group source) (int, error) {
				if key > 0 {
					return sum(ctx, key, group)
				}
				<-ctx.Done()
				return 0, ctx.Err()
			})
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, err := src(ctx)
			done <- err
		}()
		synctest.Wait()
		require.LessOrEqual(t, r.pulled, 3*17+1)
		cancel(errBroken)
		require.Equal(t, errBroken, <-done)
		require.Equal(t, []error{errBroken}, r.causes)
	})
}

// A failure of src is what the groups see, and comes after their results.
func TestGroupByFailureOfSource(t *testing.T) {
	seen := make(chan error, 3)
	src := fan.GroupBy((&root{n: 6, end: errBroken}).source(), 3, mod3,
		func(ctx context.Context, _ int, group source) (int, error) {
			all, err := pull.Collect(ctx, group)
			seen <- err
			return len(all), nil
		})
	got, err := pull.Collect(t.Context(), src)
	require.Equal(t, errBroken, err)
	require.Equal(t, []int{2, 2, 2}, got)
	for range 3 {
		require.Equal(t, errBroken, <-seen)
	}
}

// A clean-looking failure of f is none.
func TestGroupByFails(t *testing.T) {
	r := &root{n: 3}
	src := fan.GroupBy(r.source(), 3, mod3,
		func(context.Context, int, source) (int, error) { return 1, io.EOF })
	_, err := src(t.Context())
	require.Equal(t, io.ErrUnexpectedEOF, err)
	require.Equal(t, []error{io.ErrUnexpectedEOF}, r.causes)
}

// A source of a group that has been closed says so.
func TestGroupByClosedGroup(t *testing.T) {
	var leaked source
	src := fan.GroupBy(pull.Count(1), 3, mod3,
		func(_ context.Context, _ int, group source) (int, error) {
			leaked = group
			return 0, nil
		})
	require.NoError(t, pull.Drain(t.Context(), src))
	_, err := leaked(t.Context())
	require.Error(t, err)
}
