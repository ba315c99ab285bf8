package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/retry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// A try is what one opened source gives: values 0 … n-1, then end; or, with
// n < 0, end is what opening fails with.
type try struct {
	n   int
	end error
}

// A line opens one try after the other, and notes what became of them.
type line struct {
	tries  []try
	opened []time.Time
	held   int
}

func (l *line) open(context.Context) (pull.Source[int], error) {
	this := l.tries[min(len(l.opened), len(l.tries)-1)]
	l.opened = append(l.opened, time.Now())
	if this.n < 0 {
		return nil, this.end
	}
	l.held++
	given := -1
	return pull.From(func(context.Context) (int, error) {
		if given++; given == this.n {
			return 0, this.end
		}
		return given, nil
	}, func(error) error { l.held--; return nil }), nil
}

// waits are the times between openings, in milliseconds.
func (l *line) waits() (all []int) {
	for i := 1; i < len(l.opened); i++ {
		all = append(all, int(l.opened[i].Sub(l.opened[i-1])/time.Millisecond))
	}
	return all
}

// doubling waits 1, 2, 4 … times as long as at first, without chance.
func doubling(first time.Duration) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: first, Multiplier: 2, MaxInterval: time.Minute,
	}
}

func TestTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{tries: []try{{2, errBroken}, {-1, io.EOF}, {0, errBroken}, {3, io.EOF}}}
		var told []error
		src := retry.Source(l.open, retry.Options{
			Backoff: doubling(time.Second),
			Notify:  func(err error, _ time.Duration) { told = append(told, err) },
		})
		got, err := pull.Collect(t.Context(), src)
		assert.NoError(t, err)
		assert.Equal(t, []int{0, 1, 0, 1, 2}, got)
		assert.Equal(t, []int{1000, 2000, 4000}, l.waits())
		assert.Equal(t, []error{errBroken, io.EOF, errBroken}, told)
		assert.Zero(t, l.held)
	})
}

func TestAValueResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{tries: []try{{0, errBroken}, {0, errBroken}, {1, errBroken}, {0, errBroken}, {0, io.EOF}}}
		src := retry.Source(l.open, retry.Options{Backoff: doubling(time.Second), Tries: 3})
		got, err := pull.Collect(t.Context(), src)
		assert.NoError(t, err)
		assert.Equal(t, []int{0}, got)
		assert.Equal(t, []int{1000, 2000, 1000, 2000}, l.waits())
	})
}

func TestGivesUp(t *testing.T) {
	never := func(error) bool { return false }
	permanent := backoff.Permanent(errBroken)
	wrapped := fmt.Errorf("reading: %w", permanent)
	for name, c := range map[string]struct {
		fails error
		o     retry.Options
		want  error
		tries int
	}{
		"tries":             {errBroken, retry.Options{Tries: 4, Backoff: &backoff.ZeroBackOff{}}, errBroken, 4},
		"one try":           {errBroken, retry.Options{Tries: 1}, errBroken, 1},
		"backoff":           {errBroken, retry.Options{Backoff: &backoff.StopBackOff{}}, errBroken, 1},
		"not worth it":      {errBroken, retry.Options{Retry: never}, errBroken, 1},
		"permanent":         {permanent, retry.Options{}, errBroken, 1},
		"wrapped permanent": {wrapped, retry.Options{}, wrapped, 1},
		"permanent end":     {backoff.Permanent(io.EOF), retry.Options{}, io.ErrUnexpectedEOF, 1},
	} {
		for _, n := range []int{-1, 0} {
			l := &line{tries: []try{{n, c.fails}}}
			src := retry.Source(l.open, c.o)
			for range 2 {
				_, err := src(t.Context())
				assert.Equal(t, c.want, err, name)
			}
			assert.Len(t, l.opened, c.tries, name)
			assert.Zero(t, l.held, name)
		}
	}
	l := &line{tries: []try{{-1, io.EOF}}}
	_, err := retry.Source(l.open, retry.Options{Tries: 1})(t.Context())
	assert.Equal(t, io.ErrUnexpectedEOF, err, "a failure to open is no clean end")
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{tries: []try{{0, errBroken}, {-1, backoff.RetryAfter(30)}, {0, errBroken}, {1, io.EOF}}}
		_, err := pull.Collect(t.Context(), retry.Source(l.open, retry.Options{Backoff: doubling(time.Second)}))
		assert.NoError(t, err)
		assert.Equal(t, []int{1000, 30000, 1000}, l.waits(), "it resets the backoff")
	})
}

// A source that gave all it had is not read again because closing it failed.
func TestAFailedReleaseIsNoFailure(t *testing.T) {
	opened := 0
	src := retry.Source(func(context.Context) (pull.Source[int], error) {
		opened++
		return through.Finally(pull.Count(2), func(error) error { return errBroken }), nil
	}, retry.Options{})
	got, err := pull.Collect(t.Context(), src)
	assert.Equal(t, []int{0, 1}, got)
	assert.Equal(t, &pull.ReleaseError{Cause: io.EOF, Err: errBroken}, err)
	assert.Equal(t, 1, opened)
}

func TestAborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		abortIn := func(d time.Duration) context.Context {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(d, func() { cancel(errBroken) })
			return ctx
		}
		l := &line{tries: []try{{0, io.ErrNoProgress}}}
		src := retry.Source(l.open, retry.Options{Backoff: doubling(time.Second)})
		_, err := src(abortIn(2500 * time.Millisecond))
		assert.Equal(t, errBroken, err, "while it waits")
		assert.Len(t, l.opened, 2)

		src = retry.Source(func(ctx context.Context) (pull.Source[int], error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, retry.Options{})
		_, err = src(abortIn(time.Second))
		assert.Equal(t, errBroken, err, "while it opens")

		l = &line{tries: []try{{9, io.EOF}}}
		src = retry.Source(l.open, retry.Options{})
		require.NoError(t, pull.Abort(src, errBroken))
		assert.Empty(t, l.opened, "before the first call")

		src = retry.Source(l.open, retry.Options{})
		_, err = src(t.Context())
		require.NoError(t, err)
		require.NoError(t, pull.Abort(src, errBroken))
		assert.Zero(t, l.held)
		_, err = src(t.Context())
		assert.Equal(t, errBroken, err)
	})
}

func TestPanics(t *testing.T) {
	l := &line{tries: []try{{9, io.EOF}}}
	fails := func(context.Context) (pull.Source[int], error) { return nil, errBroken }
	for name, src := range map[string]pull.Source[int]{
		"open": retry.Source(func(context.Context) (pull.Source[int], error) { panic("boom") },
			retry.Options{}),
		"Retry":  retry.Source(fails, retry.Options{Retry: func(error) bool { panic("boom") }}),
		"Notify": retry.Source(fails, retry.Options{Notify: func(error, time.Duration) { panic("boom") }}),
		"source": retry.Source(func(ctx context.Context) (pull.Source[int], error) {
			src, err := l.open(ctx)
			return through.Map(src, func(int) int { panic("boom") }), err
		}, retry.Options{}),
	} {
		assert.PanicsWithValue(t, "boom", func() { _, _ = src(t.Context()) }, name)
		_, err := src(t.Context())
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, io.EOF, name)
		_, again := src(t.Context())
		assert.Equal(t, err, again, name)
	}
	assert.Len(t, l.opened, 1, "what panicked is not tried again")
	assert.Zero(t, l.held)
}

// rule: 3.2
func TestAMillionTries(t *testing.T) {
	left := 1_000_000
	src := retry.Source(func(context.Context) (pull.Source[int], error) {
		if left--; left > 0 {
			return nil, errBroken
		}
		return pull.Values(7), nil
	}, retry.Options{Backoff: &backoff.ZeroBackOff{}})
	got, err := pull.Collect(t.Context(), src)
	require.NoError(t, err)
	assert.Equal(t, []int{7}, got)
}
