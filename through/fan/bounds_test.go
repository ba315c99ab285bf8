package fan_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/fan"
)

// ahead are what reads ahead by up to 4, or what its doc says, for one reader.
var ahead = map[string]struct {
	most int
	op   pull.Through[int, int]
}{
	"Tee":       {0, func(src source) source { return alone(fan.Tee(src, 2)) }},
	"Broadcast": {4, func(src source) source { return alone(fan.Broadcast(src, 2, 4)) }},
	"Merge":     {4, func(src source) source { return fan.Merge(sources{src}, 4) }},
	"Route": {4, func(src source) source {
		return fan.Route(src, 1, 4, func(int) int { return 0 })[0]
	}},
	"Hub": {4, func(src source) source {
		open := func() source { return src }
		return fan.NewHub(open, fan.HubOptions{Ahead: 4}).Subscribe().Next
	}},
	"MergeSorted": {1, func(src source) source {
		return fan.MergeSorted(sources{src}, func(a, b int) int { return a - b })
	}},
	"Live": {4, func(src source) source {
		return values(fan.Live(pull.Empty[int](), src, 4))
	}},
	"CombineLatest": {2, func(src source) source { return firsts(fan.CombineLatestAll(src)) }},
}

// values leaves out the marker.
func values(src pull.Source[fan.Moment[int]]) source {
	return pull.From(func(ctx context.Context) (int, error) {
		m, err := src(ctx)
		if err == nil && m.Now {
			m, err = src(ctx)
		}
		return m.Value, err
	}, func(cause error) error { return pull.Abort(src, cause) })
}

func firsts(src pull.Source[[]int]) source {
	return through.Map(src, func(vs []int) int { return vs[0] })
}

// row: I5
func TestReadingAheadIsBounded(t *testing.T) {
	for name, c := range ahead {
		synctest.Test(t, func(t *testing.T) {
			r := &root{n: 1000}
			src := c.op(r.source())
			most := 0
			for n := range 200 {
				_, err := src(t.Context())
				require.NoError(t, err, name)
				synctest.Wait()
				most = max(most, r.pulled-n-1)
			}
			assert.LessOrEqual(t, most, c.most, name)
			require.NoError(t, pull.Abort(src, nil))
		})
	}
}

// A hub holds twice what it replays, a reader that may miss values its n.
//
// row: I5
func TestWhatIsHeldIsBounded(t *testing.T) {
	const kib = 1 << 10
	empty := heap()
	large := func() pull.Source[*[kib]byte] {
		return through.Map(pull.Count(20_000), func(int) *[kib]byte { return new([kib]byte) })
	}
	hub := fan.NewHub(large, fan.HubOptions{Ahead: 1, Replay: 100}).Subscribe()
	for range 19_000 {
		_, err := hub.Next(t.Context())
		require.NoError(t, err)
	}
	assert.Less(t, heap(), empty+400*kib, "Hub")
	require.NoError(t, pull.Abort(hub.Next, nil))

	synctest.Test(t, func(t *testing.T) {
		lossy := fan.BroadcastLossy(large(), 2, 100)
		_, err := lossy[0].Next(t.Context())
		require.NoError(t, err)
		synctest.Wait() // until the source is read to its end
		assert.Less(t, heap(), empty+500*kib, "BroadcastLossy")
		for _, r := range lossy {
			require.NoError(t, pull.Abort(r.Next, nil))
		}
	})
}

// heap is what is in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
