package through_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// wait sleeps for d, or less if ctx is cancelled.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// row: D23
func TestParallelKeepsOrderAndOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var active, most atomic.Int32
		src := through.Parallel(pull.Count(100), 10, func(ctx context.Context, n int) (int, error) {
			most.Store(max(most.Load(), active.Add(1)))
			defer active.Add(-1)
			return -n, wait(ctx, time.Duration(1+n%3)*time.Second)
		})
		got, err := pull.Collect(t.Context(), src)
		require.NoError(t, err)
		require.Len(t, got, 100)
		for i, v := range got {
			require.Equal(t, -i, v)
		}
		assert.Equal(t, int32(10), most.Load())
		assert.Less(t, time.Since(start), 40*time.Second, "one at a time takes 199 s")
	})
}

// row: D20, I5
// rule: 1.1, 2.1
func TestParallelWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &root{n: 100}
		src := through.Parallel(up.source(), 4, func(_ context.Context, n int) (int, error) {
			return n, nil
		})
		synctest.Wait()
		assert.Zero(t, up.pulled, "nothing before the first call")
		for delivered := 1; delivered <= 10; delivered++ {
			_, err := src(t.Context())
			require.NoError(t, err)
			synctest.Wait()
			assert.Equal(t, delivered+4, up.pulled, "four pulled and not yet delivered")
		}
		require.NoError(t, pull.Abort(src, errBroken))
		assert.Equal(t, []error{errBroken}, up.causes)
	})
}

func TestParallelFirstErrorInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &root{n: 1000}
		var cancelled atomic.Int32
		start := time.Now()
		src := through.Parallel(up.source(), 8, func(ctx context.Context, n int) (int, error) {
			switch {
			case n < 3:
				return n, wait(ctx, time.Second)
			case n == 3:
				return 0, errBroken // at once, long before the results before it
			}
			if wait(ctx, time.Hour) != nil {
				cancelled.Add(1)
			}
			return n, nil
		})
		got, err := pull.Collect(t.Context(), src)
		assert.Equal(t, []int{0, 1, 2}, got)
		assert.Equal(t, errBroken, err)
		assert.Equal(t, time.Second, time.Since(start))
		assert.Equal(t, []error{errBroken}, up.causes)
		assert.LessOrEqual(t, up.pulled, 8, "room that comes after a failure stays empty")
		assert.Equal(t, int32(up.pulled-4), cancelled.Load(), "all others were waited for")
		_, err = src(t.Context())
		assert.Equal(t, errBroken, err)
	})
}

func TestParallelSourceFails(t *testing.T) {
	up := &root{n: 20, end: errBroken}
	got, err := pull.Collect(t.Context(),
		through.Parallel(up.source(), 8, func(_ context.Context, n int) (int, error) {
			return n, nil
		}))
	assert.Len(t, got, 20, "what came before the failure")
	assert.Equal(t, errBroken, err)
	assert.Equal(t, []error{errBroken}, up.causes)
}

// A failure is no end, whatever f calls it.
func TestParallelEOFOfF(t *testing.T) {
	_, err := pull.Collect(t.Context(),
		through.Parallel(pull.Count(9), 2, func(context.Context, int) (int, error) {
			return 0, io.EOF
		}))
	assert.Equal(t, io.ErrUnexpectedEOF, err)
}

// row: D2
// rule: 1.4
func TestParallelCrashes(t *testing.T) {
	crashes := map[string]func(){
		"panic":  func() { panic(errBroken) },
		"Goexit": runtime.Goexit,
	}
	for name, crash := range crashes {
		for _, inSource := range []bool{false, true} {
			up := &root{n: 100}
			src := through.Map(up.source(), func(n int) int {
				if inSource && n == 3 {
					crash()
				}
				return n
			})
			out := through.Parallel(src, 4, func(_ context.Context, n int) (int, error) {
				if n == 3 {
					crash()
				}
				return n, nil
			})
			got, err := pull.Collect(t.Context(), out)
			assert.Equal(t, []int{0, 1, 2}, got, name)
			var cause *pull.PanicError
			require.ErrorAs(t, err, &cause, name)
			assert.Contains(t, string(cause.Stack), "parallel_test.go", "%s: where it happened", name)
			assert.Equal(t, name == "panic", errors.Is(err, errBroken))
			assert.Equal(t, []error{err}, up.causes, "aborted once, with the panic")
		}
	}
}

func TestParallelCancelledWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, release := range []error{nil, errors.New("disk full")} {
			up := &root{n: 100, release: release}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(errBroken) })
			src := through.Parallel(up.source(), 4, func(ctx context.Context, n int) (int, error) {
				return n, wait(ctx, time.Hour)
			})
			_, err := src(ctx)
			assert.Equal(t, []error{errBroken}, up.causes)
			if release == nil {
				assert.Equal(t, errBroken, err)
			} else {
				assert.Equal(t, &pull.ReleaseError{Cause: errBroken, Err: release}, err)
			}
		}
	})
}

// A source that is waiting inside a call is ended by that call, not once more;
// what that call says of its release is not lost.
func TestParallelCutsABlockedSource(t *testing.T) {
	disk := errors.New("disk full")
	for name, answer := range map[string]func(cause error) error{
		"release error": func(cause error) error {
			return &pull.ReleaseError{Cause: cause, Err: disk}
		},
		"wrapped": func(error) error { return fmt.Errorf("closing: %w", disk) },
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			in := func(ctx context.Context) (int, error) {
				if calls++; calls == 1 {
					return 0, nil
				}
				<-ctx.Done()
				return 0, answer(pull.Cause(ctx))
			}
			src := through.Parallel(in, 4,
				func(_ context.Context, n int) (int, error) { return n, nil })
			_, err := src(t.Context())
			require.NoError(t, err)
			assert.ErrorIs(t, pull.Abort(src, errBroken), disk, name)
			_, err = src(t.Context())
			assert.ErrorIs(t, err, errBroken, name)
			assert.Equal(t, 2, calls, name)
		})
	}
}

// A failure that src ended with by itself, and that nobody has heard of when
// the stream is aborted, is no failed release.
func TestParallelAbortedBeforeAFailureIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &root{n: 2, end: fmt.Errorf("reading: %w", errors.New("broken disk"))}
		src := through.Parallel(up.source(), 4,
			func(_ context.Context, n int) (int, error) { return n, nil })
		_, err := src(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		require.Len(t, up.causes, 1, "src has failed")
		assert.NoError(t, pull.Abort(src, errBroken))
		_, err = src(t.Context())
		assert.Equal(t, errBroken, err)
	})
}

// What goes on between calls lives under a context of its own.
func TestParallelContext(t *testing.T) {
	type key struct{}
	first, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "first"))
	var left atomic.Value
	src := through.Parallel(pull.Count(50), 4, func(ctx context.Context, n int) (any, error) {
		left.Store(ctx)
		return ctx.Value(key{}), ctx.Err()
	})
	_, err := src(first)
	require.NoError(t, err)
	cancel()
	rest, err := pull.Collect(t.Context(), src)
	require.NoError(t, err)
	require.Len(t, rest, 49)
	for _, v := range rest {
		require.Equal(t, "first", v)
	}
	assert.Error(t, left.Load().(context.Context).Err(), "cancelled at the end")
}

func TestParallelAbortBeforeTheFirstCall(t *testing.T) {
	up := &root{n: 9}
	src := through.Parallel(up.source(), 4, func(_ context.Context, n int) (int, error) {
		return n, nil
	})
	_, err := src(dead())
	assert.Equal(t, errBroken, err)
	assert.Equal(t, []error{errBroken}, up.causes)
	assert.Zero(t, up.pulled)
}

// An ended stream that somebody still has keeps no result alive.
func TestParallelLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var undelivered weak.Pointer[[64]byte]
		src := through.Parallel(pull.Count(2), 2,
			func(_ context.Context, n int) (*[64]byte, error) {
				v := new([64]byte)
				if n == 1 {
					undelivered = weak.Make(v)
				}
				return v, nil
			})
		_, err := src(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		require.NoError(t, pull.Abort(src, errBroken))
		runtime.GC()
		assert.Nil(t, undelivered.Value())
		runtime.KeepAlive(src)
	})
}
