package replicate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// Five replicas in a ring with two chords, written to by two goroutines each,
// over links that are cut at random and come back, with real sessions and the
// race detector: when the cuts stop, all are equal without another write.
func TestMeshUnderFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 5
		var reps []*replicate.Replica
		var maps []*model.Model[int]
		for range n {
			r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
			m, err := model.Open[int](r, "")
			require.NoError(t, err)
			reps, maps = append(reps, r), append(maps, m)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var links, writers sync.WaitGroup
		calm := make(chan struct{})
		for _, l := range [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 0}, {0, 2}, {1, 4}} {
			links.Go(func() { keepLinked(ctx, calm, reps[l[0]], reps[l[1]]) })
		}
		for i := range n {
			for w := range 2 {
				writers.Go(func() { writeFor(maps[i], uint64(i*2+w)) })
			}
		}
		writers.Wait()
		close(calm)
		time.Sleep(5 * time.Second) // virtual
		synctest.Wait()
		for i := range n {
			require.Equal(t, dumpOf(maps[0]), dumpOf(maps[i]))
			require.Equal(t, reps[0].Clock(), reps[i].Clock())
			require.Equal(t, reps[0].Fingerprint(), reps[i].Fingerprint())
		}
		require.Greater(t, maps[0].Len(), 20)
		cancel()
		links.Wait()
	})
}

var errCut = errors.New("the link was cut")

// keepLinked runs sessions between a and b until ctx is done; before calm they
// are cut after a random time.
func keepLinked(ctx context.Context, calm <-chan struct{}, a, b *replicate.Replica) {
	for ctx.Err() == nil {
		once, cut := context.WithCancelCause(ctx)
		timer := time.AfterFunc(time.Duration(rand.IntN(200))*time.Millisecond, func() {
			select {
			case <-calm:
			default:
				cut(errCut)
			}
		})
		x, y := duplex.Pair[[]byte, []byte]()
		var ends sync.WaitGroup
		ends.Go(func() { _ = replicate.NewSession(a, replicate.SyncConfig{}).Run(once, x) })
		ends.Go(func() { _ = replicate.NewSession(b, replicate.SyncConfig{}).Run(once, y) })
		ends.Wait()
		timer.Stop()
		cut(nil)
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	}
}

// writeFor writes for two seconds, some keys hot and some cold.
func writeFor(m *model.Model[int], seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	for i := range 400 {
		key := "hot"
		if rnd.IntN(3) > 0 {
			key = fmt.Sprint("key", rnd.IntN(30))
		}
		if rnd.IntN(10) == 0 {
			_, _ = m.Delete(key)
		} else {
			_ = m.Set(key, i)
		}
		time.Sleep(time.Duration(rnd.IntN(10)) * time.Millisecond)
	}
}
