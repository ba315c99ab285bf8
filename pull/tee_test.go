package pull_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// into collects what a sink is given.
func into(vs *[]int) pull.Sink[int] {
	return func(ctx context.Context, src pull.Source[int]) (err error) {
		*vs, err = pull.Collect(ctx, src)
		return err
	}
}

// upTo reads n values and then leaves.
func upTo(n int, vs *[]int) pull.Sink[int] {
	return func(ctx context.Context, src pull.Source[int]) error {
		return pull.Each(ctx, src, func(v int) error {
			if *vs = append(*vs, v); len(*vs) == n {
				return pull.ErrStopped
			}
			return nil
		})
	}
}

func TestTeeGivesAllToAll(t *testing.T) {
	for _, end := range []error{nil, errBoom} {
		var a, b, c []int
		p := &probe{n: 100, end: end}
		err := pull.Tee(into(&a), into(&b), into(&c))(context.Background(), p.source())
		require.Equal(t, end, err)
		require.Len(t, a, 100)
		require.Equal(t, a, b)
		require.Equal(t, a, c)
		require.Len(t, p.causes, 1)
	}
}

// rule: 2.6
func TestTeeGoesOnForThoseWhoStay(t *testing.T) {
	var a, b []int
	p := &probe{n: 5}
	require.NoError(t, pull.Tee(upTo(2, &a), into(&b))(context.Background(), p.source()))
	require.Equal(t, []int{0, 1}, a)
	require.Equal(t, []int{0, 1, 2, 3, 4}, b)

	a, b = nil, nil
	p = &probe{n: 9, close: errClose}
	err := pull.Tee(upTo(2, &a), upTo(4, &b))(context.Background(), p.source())
	require.ErrorIs(t, err, errClose)
	require.Equal(t, 4, p.calls)
	p.released(t, pull.ErrStopped)

	p = &probe{n: 9}
	require.NoError(t, pull.Tee[int]()(context.Background(), p.source()))
	require.Zero(t, p.calls)
	p.released(t, pull.ErrStopped)
}

func TestTeeTheSlowestSetsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a []int
		p := &probe{n: 5}
		slow := func(ctx context.Context, src pull.Source[int]) error {
			return pull.Each(ctx, src, func(v int) error {
				time.Sleep(time.Second)
				synctest.Wait()
				assert.Equal(t, v+1, p.calls, "nothing is read ahead")
				return nil
			})
		}
		require.NoError(t, pull.Tee(into(&a), slow)(context.Background(), p.source()))
		require.Len(t, a, 5)
	})
}

func TestTeeASinkThatFails(t *testing.T) {
	wrapped := fmt.Errorf("disk: %w", errBoom)
	for _, fail := range []error{errBoom, wrapped} {
		synctest.Test(t, func(t *testing.T) {
			p := &probe{n: 9}
			var other error
			err := pull.Tee(func(ctx context.Context, src pull.Source[int]) error {
				return pull.Each(ctx, src, func(v int) error {
					if v == 1 {
						return fail
					}
					return nil
				})
			}, func(ctx context.Context, src pull.Source[int]) error {
				other = pull.Drain(ctx, src)
				return other
			})(context.Background(), p.source())
			require.Equal(t, fail, err)
			require.Equal(t, fail, other)
			p.released(t, fail)
		})
	}
}

func TestTeeASinkThatFailsAtItsEnd(t *testing.T) {
	p := &probe{n: 3}
	drained := make(chan struct{})
	err := pull.Tee(func(ctx context.Context, src pull.Source[int]) error {
		assert.NoError(t, pull.Drain(ctx, src))
		<-drained
		return errBoom
	}, func(ctx context.Context, src pull.Source[int]) error {
		assert.NoError(t, pull.Drain(ctx, src))
		close(drained)
		<-ctx.Done() // writes on, until the other one has failed
		return pull.Cause(ctx)
	})(context.Background(), p.source())
	require.Equal(t, errBoom, err)
	p.released(t, io.EOF)
}

func TestTeeASinkThatPanics(t *testing.T) {
	p := &probe{n: 3}
	var a []int
	err := pull.Tee(into(&a), func(context.Context, pull.Source[int]) error {
		panic("sink")
	})(context.Background(), p.source())
	var perr *pull.PanicError
	require.ErrorAs(t, err, &perr)
	require.Equal(t, "sink", perr.Value)
	require.Len(t, p.causes, 1)
	require.ErrorAs(t, p.causes[0], &perr)
}

func TestTeeOfAPanickingSource(t *testing.T) {
	var causes, ends []error
	i := 0
	src := pull.From(func(context.Context) (int, error) {
		if i++; i == 3 {
			panic("source")
		}
		return i, nil
	}, func(cause error) error { causes = append(causes, cause); return nil })
	require.PanicsWithValue(t, "source", func() {
		_ = pull.Tee(func(ctx context.Context, src pull.Source[int]) error {
			err := pull.Drain(ctx, src)
			ends = append(ends, err)
			return err
		})(context.Background(), src)
	})
	require.Len(t, causes, 1)
	var perr *pull.PanicError
	require.ErrorAs(t, causes[0], &perr)
	require.Len(t, ends, 1)
	require.ErrorAs(t, ends[0], &perr)
}

// A sink may give up its source and be busy for long after that.
func TestTeeDoesNotWaitForThoseWhoHaveLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a []int
		busy := func(ctx context.Context, src pull.Source[int]) error {
			short, cancel := context.WithTimeoutCause(ctx, time.Second, errClose)
			defer cancel()
			assert.Equal(t, errClose, pull.Drain(short, src))
			time.Sleep(time.Hour)
			_, err := src(ctx)
			assert.Equal(t, errClose, err, "final")
			return nil
		}
		start := time.Now()
		src := pull.Generate(func(_ context.Context, yield func(int) bool) error {
			for i := range 5 {
				time.Sleep(3 * time.Second)
				yield(i)
			}
			return nil
		})
		require.NoError(t, pull.Tee(busy, into(&a))(context.Background(), src))
		require.Equal(t, time.Hour+time.Second, time.Since(start))
		require.Equal(t, []int{0, 1, 2, 3, 4}, a)
	})
}

// With the last reader goes the reading, also where that is blocked.
func TestTeeAbortsABlockedSourceWithTheLastReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var causes []error
		src := pull.From(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, func(cause error) error { causes = append(causes, cause); return nil })
		leave := func(after time.Duration) pull.Sink[int] {
			return func(ctx context.Context, src pull.Source[int]) error {
				ctx, cancel := context.WithTimeoutCause(ctx, after, errClose)
				defer cancel()
				_ = pull.Drain(ctx, src)
				return nil
			}
		}
		start := time.Now()
		require.NoError(t, pull.Tee(leave(time.Second), leave(time.Minute))(context.Background(), src))
		require.Equal(t, time.Minute, time.Since(start))
		require.Equal(t, []error{errClose}, causes)
	})
}

func TestTeeCancelled(t *testing.T) {
	for _, cause := range []error{errBoom, pull.ErrStopped} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			var causes []error
			src := pull.From(func(ctx context.Context) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			}, func(cause error) error { causes = append(causes, cause); return nil })
			var a, b []int
			require.Equal(t, cause, pull.Tee(into(&a), into(&b))(ctx, src))
			require.Equal(t, []error{cause}, causes)
		})
	}
}

// No sink is given more once another has panicked, however long that one takes
// to come to its end.
func TestTeePanicStopsTheOthersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, src pull.Source[int]) error {
			defer func() { <-ctx.Done() }()
			return pull.Each(ctx, src, func(int) error { panic("boom") })
		}
		p := &probe{n: 10}
		err := pull.Tee(slow, pull.Drain[int])(t.Context(), p.source())
		var perr *pull.PanicError
		require.ErrorAs(t, err, &perr)
		require.Len(t, p.causes, 1)
		require.ErrorAs(t, p.causes[0], &perr)
		require.Equal(t, 1, p.calls)
	})
}
