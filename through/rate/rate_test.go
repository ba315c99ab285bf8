package rate_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	xrate "golang.org/x/time/rate"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/rate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// watch reads src to its end, and notes when, in milliseconds, values came.
func watch(t *testing.T, src ints) (at []int, took time.Duration, end error) {
	start := time.Now()
	for {
		_, err := src(t.Context())
		took = time.Since(start)
		if err != nil {
			return at, took, err
		}
		at = append(at, int(took/time.Millisecond))
	}
}

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, took, err := watch(t, rate.Limit(pull.Count(6), xrate.NewLimiter(10, 2)))
		assert.Equal(t, []int{0, 0, 100, 200, 300, 400}, at)
		assert.Equal(t, io.EOF, err)
		assert.Equal(t, 400*time.Millisecond, took, "the end is not delayed")
	})
}

func TestLimitByBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sizes := pull.Values(100, 50, 0, -1, 350) // the last is above the burst
		at, _, err := watch(t, rate.LimitBy(sizes, xrate.NewLimiter(1000, 100),
			func(n int) int { return n }))
		assert.Equal(t, []int{0, 50, 50, 50, 400}, at)
		assert.Equal(t, io.EOF, err)
	})
}

func TestOneLimiterForSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := xrate.NewLimiter(10, 1)
		a, b := rate.Limit(pull.Count(9), l), rate.Limit(pull.Count(9), l)
		start := time.Now()
		for range 5 {
			_, err := a(t.Context())
			require.NoError(t, err)
			_, err = b(t.Context())
			require.NoError(t, err)
		}
		assert.Equal(t, 900*time.Millisecond, time.Since(start))
		require.NoError(t, pull.Abort(a, nil))
		require.NoError(t, pull.Abort(b, nil))
	})
}

func TestAbortGivesTokensBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := xrate.NewLimiter(1, 1)
		var causes []error
		src := rate.Limit(pull.From(func(context.Context) (int, error) { return 1, nil },
			func(cause error) error { causes = append(causes, cause); return nil }), l)
		_, err := src(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second/2, func() { cancel(errBroken) })
		_, err = src(ctx)
		assert.Equal(t, errBroken, err)
		assert.Equal(t, []error{errBroken}, causes)
		assert.InDelta(t, 0.5, l.Tokens(), 0.001, "what has grown since, and no debt")
	})
}

// A deadline that comes before the tokens is an abort like any other.
func TestDeadlineBeforeTheTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := rate.Limit(pull.Count(9), xrate.NewLimiter(xrate.Every(time.Hour), 1))
		_, err := src(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBroken)
		defer cancel()
		_, err = src(ctx)
		assert.Equal(t, errBroken, err)
	})
}

func TestLimitersThatNeverOrAlwaysGive(t *testing.T) {
	_, err := rate.Limit(pull.Count(9), xrate.NewLimiter(10, 0))(t.Context())
	assert.Equal(t, rate.ErrNoBurst, err)
	got, err := pull.Collect(t.Context(), rate.Limit(pull.Count(9), xrate.NewLimiter(xrate.Inf, 0)))
	assert.Len(t, got, 9)
	assert.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		src := rate.Limit(pull.Count(9), xrate.NewLimiter(0, 1))
		_, err := src(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1000*time.Hour, errBroken)
		defer cancel()
		_, err = src(ctx)
		assert.Equal(t, errBroken, err)
	})
}
