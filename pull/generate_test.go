package pull_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

func TestGenerateStartsAtTheFirstCall(t *testing.T) {
	type key struct{}
	started := false
	src := pull.Generate(func(ctx context.Context, yield func(any) bool) error {
		started = true
		yield(ctx.Value(key{}))
		return errBoom
	})
	require.False(t, started)
	ctx := context.WithValue(context.Background(), key{}, 5)
	v, err := src(ctx)
	require.NoError(t, err)
	require.Equal(t, 5, v)
	for range 2 {
		_, err = src(context.Background())
		require.Equal(t, errBoom, err)
	}
}

func TestGenerateAbortedBeforeItStarts(t *testing.T) {
	src := pull.Generate(func(context.Context, func(int) bool) error {
		t.Error("f runs")
		return nil
	})
	_, err := src(dead(errBoom))
	require.Equal(t, errBoom, err)
}

func TestGenerateItsContextOutlivesTheCalls(t *testing.T) {
	var own context.Context
	src := pull.Generate(func(ctx context.Context, yield func(int) bool) error {
		own = ctx
		for i := 0; yield(i); i++ {
			continue
		}
		return context.Cause(ctx)
	})
	for i := range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		v, err := src(ctx)
		cancel()
		require.NoError(t, err)
		require.Equal(t, i, v)
		require.NoError(t, own.Err())
	}
	_, hasDeadline := own.Deadline()
	require.False(t, hasDeadline)
	_, err := src(dead(errBoom))
	require.Equal(t, errBoom, err)
	require.Equal(t, errBoom, context.Cause(own))
}

func TestGenerateInterrupted(t *testing.T) {
	returns := map[string]func(ctx context.Context, yield func(int) bool) error{
		"its context's error": func(ctx context.Context, _ func(int) bool) error { return ctx.Err() },
		"the cause": func(ctx context.Context, _ func(int) bool) error {
			return context.Cause(ctx)
		},
		"nil": func(context.Context, func(int) bool) error { return nil },
		"a value nobody takes": func(_ context.Context, yield func(int) bool) error {
			require.False(t, yield(9))
			require.False(t, yield(10))
			return nil
		},
	}
	for name, after := range returns {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := pull.Generate(func(ctx context.Context, yield func(int) bool) error {
					yield(0)
					<-ctx.Done()
					return after(ctx, yield)
				})
				ctx, cancel := context.WithCancelCause(context.Background())
				_, err := src(ctx)
				require.NoError(t, err)
				time.AfterFunc(time.Second, func() { cancel(errBoom) })
				_, err = src(ctx)
				require.Equal(t, errBoom, err)
				_, err = src(context.Background())
				require.Equal(t, errBoom, err)
			})
		})
	}
}

func TestGenerateReleaseFailures(t *testing.T) {
	cleanup := func(ctx context.Context, yield func(int) bool) error {
		for yield(1) {
			continue
		}
		return errors.Join(ctx.Err(), errClose)
	}
	t.Run("between calls", func(t *testing.T) {
		src := pull.Generate(cleanup)
		_, err := src(context.Background())
		require.NoError(t, err)
		err = pull.Abort(src, errBoom)
		require.ErrorIs(t, err, errClose)
		require.ErrorIs(t, err, errBoom)
	})
	t.Run("during a call", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			src := pull.Generate(func(ctx context.Context, _ func(int) bool) error {
				<-ctx.Done()
				return errClose
			})
			ctx, cancel := context.WithTimeoutCause(context.Background(), time.Second, errBoom)
			defer cancel()
			_, err := src(ctx)
			require.ErrorIs(t, err, errClose)
			require.ErrorIs(t, err, errBoom)
		})
	})
}

func TestGenerateIgnoringYieldIsWaitedFor(t *testing.T) {
	left := 100
	src := pull.Generate(func(_ context.Context, yield func(int) bool) error {
		for ; left > 0; left-- {
			yield(left)
		}
		return nil
	})
	v, err := src(context.Background())
	require.NoError(t, err)
	require.Equal(t, 100, v)
	require.NoError(t, pull.Abort(src, errBoom))
	require.Zero(t, left)
}

func TestGenerateCancelledWithAValueOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		var own context.Context
		returned := 0
		src := pull.Generate(func(ctx context.Context, yield func(int) bool) error {
			defer func() { returned++ }()
			own = ctx
			cancel(errBoom)
			yield(1) // the hook may or may not have run yet
			return nil
		})
		_, err := src(ctx)
		if err == nil && own.Err() == nil {
			_, err = src(ctx)
		} else if err == nil {
			_, err = src(context.Background()) // cannot be revived
		}
		require.Equal(t, errBoom, err)
		require.Equal(t, 1, returned)
	})
}

func TestGeneratePanicWhileItIsStopped(t *testing.T) {
	src := pull.Generate(func(_ context.Context, yield func(int) bool) error {
		yield(1)
		panic("cleanup")
	})
	_, err := src(context.Background())
	require.NoError(t, err)
	require.PanicsWithValue(t, "cleanup", func() { _ = pull.Abort(src, errBoom) })
	_, err = src(context.Background())
	require.Equal(t, errBoom, err)
}

func TestGenerateReusesItsHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := pull.Generate(func(ctx context.Context, yield func(int) bool) error {
			for i := 0; ; i++ {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Second):
				}
				if !yield(i) {
					return nil
				}
			}
		})
		first, cancelFirst := context.WithCancel(context.Background())
		second, cancelSecond := context.WithTimeoutCause(context.Background(), time.Minute, errBoom)
		defer cancelSecond()
		for _, ctx := range []context.Context{first, first, second, context.Background(), first} {
			_, err := src(ctx)
			require.NoError(t, err)
		}
		cancelFirst()
		synctest.Wait()
		for {
			_, err := src(second)
			if err != nil {
				require.Equal(t, errBoom, err)
				return
			}
		}
	})
}

func TestGenerateEndIsClean(t *testing.T) {
	for _, end := range []error{nil, io.EOF} {
		src := pull.Generate(func(context.Context, func(int) bool) error { return end })
		for range 2 {
			_, err := src(context.Background())
			require.Equal(t, io.EOF, err)
		}
	}
}

func TestGenerateInterruptedIsNeverACleanEnd(t *testing.T) {
	for range 5_000 {
		src := pull.Generate(func(_ context.Context, yield func(int) bool) error {
			for yield(1) {
				continue
			}
			return nil
		})
		ctx, cancel := context.WithCancelCause(context.Background())
		go cancel(errBoom)
		var err error
		for err == nil && ctx.Err() == nil {
			_, err = src(ctx)
		}
		// A value may have been on its way out when the hook ran.
		if _, err = src(context.Background()); err == nil {
			_, err = src(dead(errBoom))
		}
		require.Equal(t, errBoom, err)
	}
}
