package chaos_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
)

const ms = time.Millisecond

// async runs f beside the test and returns what waits for its result.
func async(f func() error) (result func() error) {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return func() error { return <-c }
}

func second[T any](_ T, err error) error { return err }

// pair is a Pair that is closed with the test.
func pair(t testing.TB, cfg chaos.Config) (a, b *chaos.Conn) {
	a, b = chaos.Pair(cfg)
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
	})
	return a, b
}

// An arrival is a read and when it returned.
type arrival struct {
	at time.Duration
	n  int
}

// arrivals reads c to its end.
func arrivals(c io.Reader, start time.Time) (all []arrival) {
	buf := make([]byte, 1<<20)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return all
		}
		all = append(all, arrival{time.Since(start), n})
	}
}

func TestLatencyIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Config{Out: chaos.Link{Latency: 25 * ms}, In: chaos.Link{Latency: 7 * ms}})
		start := time.Now()
		for range 3 {
			require.NoError(t, second(a.Write([]byte("hello"))))
			time.Sleep(10 * ms) // virtual
		}
		assert.Equal(t, 30*ms, time.Since(start), "a write does not wait")
		require.NoError(t, a.CloseWrite())
		assert.Equal(t, []arrival{{30 * ms, 5}, {35 * ms, 5}, {45 * ms, 5}}, arrivals(b, start))
		assert.Equal(t, 55*ms, time.Since(start), "the end travels, too")
		start = time.Now()
		require.NoError(t, second(b.Write([]byte("back"))))
		require.NoError(t, b.CloseWrite())
		assert.Equal(t, []arrival{{7 * ms, 4}}, arrivals(a, start))
	})
}

func TestLatencyDoesNotLimitThroughput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Symmetric(chaos.Link{Latency: 25 * ms}))
		start := time.Now()
		data := make([]byte, 16<<20) // the buffer 64 times
		_, _ = rand.NewChaCha8([32]byte{}).Read(data)
		require.NoError(t, second(a.Write(data)))
		assert.Zero(t, time.Since(start), "all of it is under way")
		require.NoError(t, a.Close())
		got, err := io.ReadAll(b)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(data, got))
		assert.Equal(t, 25*ms, time.Since(start))
	})
}

func TestHeldBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for latency, most := range map[time.Duration]int64{0: 256 << 10, time.Second: 64 << 20} {
			a, _ := pair(t, chaos.Config{Out: chaos.Link{Latency: latency}})
			require.NoError(t, a.SetWriteDeadline(time.Now().Add(ms)))
			n, err := a.Write(make([]byte, 65<<20))
			require.Error(t, err)
			assert.EqualValues(t, most, n)
			assert.Equal(t, most, a.Out().Written())
		}
	})
}

func TestRateIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Config{Out: chaos.Link{Rate: 12_500_000, Latency: 10 * ms}})
		start := time.Now()
		sent := async(func() error {
			_, err := a.Write(make([]byte, 12_500_000))
			assert.GreaterOrEqual(t, time.Since(start), time.Second-22*ms, "256 KiB wait, no more")
			_ = a.CloseWrite()
			return err
		})
		got := arrivals(b, start)
		require.NoError(t, sent())
		require.Len(t, got, 1000, "a millisecond each")
		for i, r := range got {
			assert.Equal(t, arrival{time.Duration(i+1)*ms + 10*ms, 12_500}, r)
		}
	})
}

func TestRateDoesNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Config{Out: chaos.Link{Rate: 700_001, Buffer: 1460}})
		start := time.Now()
		sent := async(func() error {
			_, err := a.Write(make([]byte, 7_000_010))
			_ = a.CloseWrite()
			return err
		})
		got := arrivals(b, start)
		require.NoError(t, sent())
		assert.Equal(t, 10*time.Second, got[len(got)-1].at)
		require.NoError(t, second(b.Write([]byte("x"))), "the other direction has no rate")
	})
}

func TestRateAfterAPauseStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Config{Out: chaos.Link{Rate: 1000}})
		start := time.Now()
		for range 2 {
			require.NoError(t, second(a.Write(make([]byte, 100))))
			time.Sleep(time.Second)
		}
		require.NoError(t, a.CloseWrite())
		assert.Equal(t, []arrival{{2 * time.Second, 200}}, arrivals(b, start))
		assert.Equal(t, 2*time.Second, time.Since(start), "nothing was saved up or left over")
	})
}

func TestSmallBufferSlowsTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, chaos.Config{Out: chaos.Link{Rate: 1000, Buffer: 10}})
		start := time.Now()
		sent := async(func() error {
			n, err := a.Write(make([]byte, 100))
			assert.Equal(t, 100, n)
			assert.Equal(t, 90*ms, time.Since(start), "the last ten wait")
			_ = a.CloseWrite()
			return err
		})
		got := arrivals(b, start)
		assert.Len(t, got, 10)
		assert.Equal(t, arrival{100 * ms, 10}, got[9])
		require.NoError(t, sent())
	})
}

// jittered says when 50 single bytes arrive that were written at once.
func jittered(t *testing.T, seed uint64) (times []time.Duration, got []byte) {
	a, b := pair(t, chaos.Config{Seed: seed, Out: chaos.Link{Latency: 10 * ms, Jitter: 5 * ms}})
	start := time.Now()
	sent := async(func() error {
		for i := range 50 {
			_, _ = a.Write([]byte{byte(i)})
			time.Sleep(ms)
		}
		return a.CloseWrite()
	})
	buf := make([]byte, 1)
	for second(b.Read(buf)) == nil {
		times, got = append(times, time.Since(start)), append(got, buf[0])
	}
	require.NoError(t, sent())
	return times, got
}

func TestJitterIsBoundedOrderedAndRepeatable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times, got := jittered(t, 1)
		late := map[time.Duration]int{}
		for i := range times {
			assert.EqualValues(t, i, got[i])
			assert.GreaterOrEqual(t, times[i], time.Duration(i)*ms+10*ms)
			assert.LessOrEqual(t, times[i], time.Duration(i)*ms+15*ms)
			late[times[i]-time.Duration(i)*ms]++
		}
		assert.Greater(t, len(late), 20, "they differ")
		again, _ := jittered(t, 1)
		assert.Equal(t, times, again)
		other, _ := jittered(t, 2)
		assert.NotEqual(t, times, other)
	})
}
