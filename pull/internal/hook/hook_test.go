package hook_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull/internal/hook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFiresOnlyDuringACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fired := 0
		h := hook.New(func(ctx context.Context) {
			assert.Error(t, ctx.Err())
			fired++
		})
		ctx, cancel := context.WithCancel(context.Background())
		h.Enter(ctx)
		require.False(t, h.Leave())
		cancel()
		synctest.Wait()
		require.Zero(t, fired, "cancelled between calls")

		ctx, cancel = context.WithCancel(context.Background())
		h.Enter(ctx)
		cancel()
		synctest.Wait()
		require.Equal(t, 1, fired)
		require.True(t, h.Leave())
		require.Equal(t, 1, fired)

		h.Enter(context.Background())
		require.False(t, h.Leave())
	})
}

func TestFiresWhenDoneBeforeTheCallIsMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fired := 0
		h := hook.New(func(context.Context) { fired++ })
		ctx, cancel := context.WithCancel(context.Background())
		h.Enter(ctx) // registers
		require.False(t, h.Leave())
		cancel()
		synctest.Wait() // the registration is spent
		h.Enter(ctx)
		require.Equal(t, 1, fired)
		require.True(t, h.Leave())
	})
}

func TestAReplacedContextDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fired := 0
		h := hook.New(func(context.Context) { fired++ })
		old, cancelOld := context.WithCancel(context.Background())
		h.Enter(old)
		require.False(t, h.Leave())
		other, cancel := context.WithCancel(context.Background())
		defer cancel()
		h.Enter(other)
		cancelOld()
		synctest.Wait()
		require.False(t, h.Leave())
		require.Zero(t, fired)
		h.Close()
	})
}

func TestOneRegistrationForAChannel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	h := hook.New(func(context.Context) {})
	h.Enter(ctx)
	h.Leave()
	type key struct{}
	same := context.WithValue(ctx, key{}, []int{1}) // an incomparable value
	require.Zero(t, testing.AllocsPerRun(100, func() {
		h.Enter(same)
		h.Leave()
		h.Enter(ctx)
		h.Leave()
	}))
	h.Close()
}

func TestLeaveWaitsForAFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := false
		h := hook.New(func(context.Context) {
			<-time.After(time.Second)
			over = true
		})
		ctx, cancel := context.WithCancel(context.Background())
		h.Enter(ctx)
		cancel()
		synctest.Wait()
		require.True(t, h.Leave())
		require.True(t, over)
	})
}

// A counting context knows how many functions wait for it to be done.
type counting struct {
	context.Context
	done    chan struct{}
	waiting *int
}

func newCounting() counting {
	return counting{context.Background(), make(chan struct{}), new(int)}
}

func (c counting) Done() <-chan struct{} { return c.done }

func (c counting) AfterFunc(func()) func() bool {
	*c.waiting++
	return func() bool { *c.waiting--; return true }
}

func TestLetsGoOfContexts(t *testing.T) {
	h := hook.New(func(context.Context) {})
	a, b := newCounting(), newCounting()
	h.Enter(a)
	h.Leave()
	require.Equal(t, 1, *a.waiting)
	h.Enter(b)
	h.Leave()
	require.Zero(t, *a.waiting)
	require.Equal(t, 1, *b.waiting)
	h.Close()
	require.Zero(t, *b.waiting)
	h.Close()
}

// Leave must wait for a fire that has begun, and none may begin after it: a
// late one would hit the next call.
func TestNoFireOutsideACall(t *testing.T) {
	var inCall, strays atomic.Int32
	h := hook.New(func(context.Context) {
		for range 100 {
			if inCall.Load() == 0 {
				strays.Add(1)
			}
		}
	})
	fired := 0
	for range 20_000 {
		ctx, cancel := context.WithCancel(context.Background())
		inCall.Store(1)
		h.Enter(ctx)
		go cancel()
		for range fired % 50 {
			_ = ctx.Err()
		}
		if h.Leave() {
			fired++
		}
		inCall.Store(0)
	}
	h.Close()
	require.Zero(t, strays.Load())
	t.Logf("fired %d of 20000", fired)
}
