package through_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// A blocked call ends cleanly at once, and its source is told why.
func TestUntilDoneWhileBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBroken)
		defer cancel()
		var causes []error
		src := through.UntilDone(pull.From(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, func(cause error) error { causes = append(causes, cause); return nil }), stop)
		start := time.Now()
		for range 2 {
			_, err := src(t.Context())
			assert.Equal(t, io.EOF, err)
		}
		assert.Equal(t, time.Second, time.Since(start))
		assert.Equal(t, []error{pull.ErrStopped}, causes)
	})
}

// A value that comes together with the stop is delivered, then the end.
func TestUntilDoneKeepsWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, cancel := context.WithCancel(t.Context())
		up := &root{n: 9}
		slow := through.TryMap(up.source(), func(_ context.Context, v int) (int, error) {
			if v == 2 {
				cancel()
				time.Sleep(time.Minute) // takes no notice
			}
			return v, nil
		})
		assert.Equal(t, []int{0, 1, 2}, collect(t, through.UntilDone(slow, stop)))
		assert.Equal(t, []error{pull.ErrStopped}, up.causes)
		assert.Equal(t, 3, up.pulled)
	})
}

// What is held behind it is delivered after the stop: nothing is lost.
func TestUntilDoneDeliversBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
		defer cancel()
		read := 0
		src := through.UntilDone(pull.From(func(ctx context.Context) (int, error) {
			if err := wait(ctx, time.Second); err != nil {
				return 0, err
			}
			read++
			return read, nil
		}, nil), stop)
		batches := through.Parallel(through.Batch(through.Buffer(src, 8), 3), 2,
			func(ctx context.Context, b []int) ([]int, error) { return b, wait(ctx, time.Hour) })
		assert.Equal(t, [][]int{{1, 2, 3}, {4, 5}}, collect(t, batches))
	})
}

// Whenever the stop comes: what the source has returned is what arrives.
func TestUntilDoneLosesNothing(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			stop, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(20)))
			defer cancel()
			returned := 0
			src := through.UntilDone(pull.From(func(ctx context.Context) (int, error) {
				deaf := random.IntN(3) == 0
				if deaf {
					time.Sleep(time.Duration(random.IntN(4)))
				} else if wait(ctx, time.Duration(random.IntN(4))) != nil {
					return 0, pull.Cause(ctx)
				}
				returned++
				return returned, nil
			}, nil), stop)
			got := collect(t, src)
			require.Len(t, got, returned, "seed %d", seed)
			require.Error(t, stop.Err())
		})
	}
}

// What a source makes of the stop, and what comes of it.
func TestUntilDoneAnswers(t *testing.T) {
	disk := errors.New("disk full")
	for name, c := range map[string]struct {
		answer, want error
		abort        error // the call's own context is done as well
	}{
		"the cause":           {pull.ErrStopped, io.EOF, nil},
		"the end":             {io.EOF, io.EOF, nil},
		"its context's error": {context.Canceled, io.EOF, nil},
		"the same, wrapped":   {fmt.Errorf("read: %w", context.Canceled), io.EOF, nil},
		"a failure":           {errBroken, errBroken, nil},
		"a failed release": {&pull.ReleaseError{Cause: pull.ErrStopped, Err: disk},
			&pull.ReleaseError{Cause: io.EOF, Err: disk}, nil},
		"the cause, aborted": {pull.ErrStopped, errBroken, errBroken},
		"a failed release, aborted": {&pull.ReleaseError{Cause: pull.ErrStopped, Err: disk},
			&pull.ReleaseError{Cause: errBroken, Err: disk}, errBroken},
		"a failure, aborted": {disk, disk, errBroken},
	} {
		stop, cancel := context.WithCancel(t.Context())
		ctx, abort := context.WithCancelCause(t.Context())
		src := through.UntilDone(func(ctx context.Context) (int, error) {
			cancel()
			<-ctx.Done()
			if c.abort != nil {
				abort(c.abort)
			}
			return 0, c.answer
		}, stop)
		_, err := src(ctx)
		assert.Equal(t, c.want, err, name)
		_, again := src(t.Context())
		assert.Equal(t, c.want, again, name)
		abort(nil)
	}
}

func TestUntilDoneTellsOfAFailedRelease(t *testing.T) {
	stop, cancel := context.WithCancel(t.Context())
	up := &root{n: 9, release: errBroken}
	src := through.UntilDone(up.source(), stop)
	_, err := src(t.Context())
	require.NoError(t, err)
	cancel()
	_, err = src(t.Context())
	assert.Equal(t, &pull.ReleaseError{Cause: io.EOF, Err: errBroken}, err)
}

// A listed is a context that cannot be compared.
type listed struct {
	context.Context
	_ []int
}

// Each call's context counts in its call, and only there, and its values pass.
func TestUntilDoneContexts(t *testing.T) {
	type key struct{}
	var seen []any
	src := through.UntilDone(func(ctx context.Context) (int, error) {
		seen = append(seen, ctx.Value(key{}))
		return 0, ctx.Err()
	}, context.Background())
	for i := range 3 {
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, i))
		for range 2 {
			_, err := src(ctx)
			require.NoError(t, err)
		}
		cancel()
		_, err := src(listed{context.WithValue(t.Context(), key{}, "listed"), nil})
		require.NoError(t, err)
		_, err = src(listed{t.Context(), nil})
		require.NoError(t, err)
	}
	one := func(i int) []any { return []any{i, i, "listed", nil} }
	assert.Equal(t, append(append(one(0), one(1)...), one(2)...), seen)
}

// A loose context can be compared, or cannot, as what is in it.
type loose struct {
	context.Context
	first, in any
}

// What can be compared is safe to compare with whatever comes next.
func TestUntilDoneComparesContexts(t *testing.T) {
	type key struct{}
	src := through.UntilDone(func(ctx context.Context) (any, error) {
		return ctx.Value(key{}), nil
	}, context.Background())
	var all []context.Context
	for _, first := range []any{1, []int{1}, nil} {
		for _, in := range []any{nil, 1, []int{1}, [1]any{1}, [1]any{[]int{1}},
			[2]any{1, []int{1}}, struct{ v any }{1}, struct{ v any }{[]int{1}}} {
			named := context.WithValue(t.Context(), key{}, len(all))
			all = append(all, loose{named, first, in}, loose{t.Context(), first, in})
		}
	}
	for _, ctx := range all {
		for _, then := range all {
			for _, c := range []context.Context{ctx, then} {
				v, err := src(c)
				require.NoError(t, err)
				require.Equal(t, c.Value(key{}), v)
			}
		}
	}
}

func TestUntilDoneAllocatesNothingAValue(t *testing.T) {
	stop, cancel := context.WithCancel(t.Context())
	defer cancel()
	src := through.UntilDone(pull.Count(1_000_000), stop)
	for _, ctx := range []context.Context{t.Context(), context.Background()} {
		assert.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = src(ctx) }))
	}
	require.NoError(t, pull.Abort(src, nil))
}

func BenchmarkUntilDone(b *testing.B) {
	stop, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	_ = pull.Drain(b.Context(), through.UntilDone(countSource(b.N), stop))
}
