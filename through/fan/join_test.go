package fan_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/fan"
)

// A journal is what a history is of: what happens is written, then told to
// whoever is subscribed at that moment.
type journal struct {
	seed uint64

	mu      sync.Mutex
	written []int
	follows int
	subs    []*pull.Pushable[int]
}

// write writes and tells one number after the other until ctx is done.
func (j *journal) write(ctx context.Context) {
	random := j.random(0)
	for n := 0; ctx.Err() == nil; n++ {
		j.mu.Lock()
		j.written = append(j.written, n)
		told := slices.Clone(j.subs)
		j.mu.Unlock()
		for _, sub := range told {
			pause(random)
			_ = sub.Push(ctx, n) // or it has left
		}
		pause(random)
	}
}

// follow subscribes.
func (j *journal) follow() source {
	sub := pull.NewPushable[int](4, nil)
	j.mu.Lock()
	j.follows++
	random := j.random(-j.follows)
	j.mu.Unlock()
	pause(random)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.subs = append(j.subs, sub)
	return pull.From(sub.Source(), func(cause error) error {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.subs = slices.DeleteFunc(j.subs, func(s *pull.Pushable[int]) bool { return s == sub })
		return pull.Abort(sub.Source(), cause)
	})
}

// history is what has been written when it is first read.
func (j *journal) history() source {
	return pull.Late(func(context.Context) (source, error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		return pull.Values(slices.Clone(j.written)...), nil
	})
}

// random is one for each goroutine, by its number.
func (j *journal) random(n int) *rand.Rand { return rand.New(rand.NewPCG(j.seed, uint64(n))) }

// pause lets others run, for a random while.
func pause(random *rand.Rand) {
	if d := random.IntN(4); d > 0 {
		time.Sleep(time.Duration(d-1) * time.Microsecond)
		return
	}
	runtime.Gosched()
}

// Readers that join at any moment get every number, by history or live.
//
// row: F11
func TestJoinLeavesNoGap(t *testing.T) {
	const joiners, joins = 20, 100
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		j := &journal{seed: seed}
		hub := fan.NewHub(j.follow, fan.HubOptions{Ahead: 3})
		var writing, reading sync.WaitGroup
		writing.Go(func() { j.write(ctx) })
		for i := range joiners {
			reading.Go(func() {
				random := j.random(1 + i)
				for range joins {
					pause(random)
					reader, err := hub.Join(ctx)
					if !assert.NoError(t, err) ||
						!assert.NoError(t, whole(ctx, t, j, reader, random)) {
						return
					}
				}
			})
		}
		reading.Wait()
		stop()
		writing.Wait()
		require.NotEmpty(t, j.written)
		require.Empty(t, j.subs, "a hub without readers holds nothing")
	})
}

// whole reads history and some of what follows it, and wants no number missing.
func whole(
	ctx context.Context, t *testing.T, j *journal, reader *fan.Reader[int], random *rand.Rand,
) error {
	src := fan.Live(j.history(), reader.Next, 3)
	next, more := 0, -1
	for more != 0 {
		m, err := src(ctx)
		switch {
		case err != nil:
			return err
		case m.Now:
			more = 1 + random.IntN(5)
			continue
		case m.Value < next: // history had it
			continue
		case !assert.Equal(t, next, m.Value):
			return errors.Join(io.ErrUnexpectedEOF, pull.Abort(src, nil))
		}
		next++
		if more > 0 {
			more--
		}
	}
	return pull.Abort(src, nil)
}

// Join waits for open, and gives up when told to; nothing is left then.
func TestJoinWaitsForOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := 0
		hub := fan.NewHub(func() source {
			time.Sleep(time.Second)
			held++
			return pull.From((&root{n: 2}).source(), func(error) error { held--; return errRelease })
		}, fan.HubOptions{})

		_, err := hub.Join(dead())
		require.Equal(t, errBroken, err)
		require.Zero(t, held)

		start := time.Now()
		reader, err := hub.Join(t.Context())
		require.NoError(t, err)
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, 1, held)
		time.Sleep(time.Hour)
		v, err := reader.Next(t.Context())
		require.NoError(t, err)
		require.Zero(t, v, "nothing was missed")
		require.ErrorIs(t, pull.Abort(reader.Next, nil), errRelease)

		impatient, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errBroken)
		defer cancel()
		_, err = hub.Join(impatient)
		require.ErrorIs(t, err, errBroken)
		require.Zero(t, held)
	})
}

// Where open panics, the reader tells.
func TestJoinOfNothing(t *testing.T) {
	hub := fan.NewHub(func() source { panic("boom") }, fan.HubOptions{})
	reader, err := hub.Join(t.Context())
	require.NoError(t, err)
	_, err = reader.Next(t.Context())
	var asError *pull.PanicError
	require.ErrorAs(t, err, &asError)
}
