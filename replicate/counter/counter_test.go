package counter_test

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/counter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, cfg replicate.Config) (*replicate.Replica, *counter.Counter) {
	cfg.Types = []replicate.Type{counter.Type}
	r := replicate.New(cfg)
	c, err := counter.Open(r, "")
	require.NoError(t, err)
	return r, c
}

func exchange(t testing.TB, a, b *replicate.Replica) {
	require.NoError(t, a.Write(context.Background(), b.Read(nil)))
	require.NoError(t, b.Write(context.Background(), a.Read(nil)))
}

func TestAdd(t *testing.T) {
	r, c := open(t, replicate.Config{})
	require.Zero(t, c.Value())
	require.NoError(t, c.Add(0))
	require.Zero(t, r.Head(), "nothing was written")
	for _, n := range []int64{5, -7, 3} {
		require.NoError(t, c.Add(n))
	}
	require.Equal(t, int64(1), c.Value())
	require.Equal(t, 1, r.Len(), "older totals are gone")
	_, err := counter.Open(replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)
}

func TestConcurrentAdditionsAddUp(t *testing.T) {
	a, c := open(t, replicate.Config{})
	b, d := open(t, replicate.Config{})
	for range 100 {
		require.NoError(t, c.Add(3))
		require.NoError(t, d.Add(-1))
	}
	for range 3 {
		exchange(t, a, b)
	}
	require.Equal(t, int64(200), c.Value())
	require.Equal(t, int64(200), d.Value())
	require.Equal(t, 2, a.Len())
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

func TestInTransaction(t *testing.T) {
	r, c := open(t, replicate.Config{})
	tx := r.Begin()
	require.NoError(t, c.In(tx).Add(2))
	require.NoError(t, c.In(tx).Add(3))
	require.Zero(t, c.Value())
	_, err := tx.Commit()
	require.NoError(t, err)
	require.Equal(t, int64(5), c.Value())

	tx = r.Begin()
	require.NoError(t, c.In(tx).Add(math.MaxInt64-6))
	require.NoError(t, c.In(tx).Add(2))
	_, err = tx.Commit()
	require.ErrorIs(t, err, counter.ErrOverflow)
	require.Equal(t, int64(5), c.Value(), "all or nothing")
}

func TestOverflow(t *testing.T) {
	a, c := open(t, replicate.Config{})
	b, d := open(t, replicate.Config{})
	require.NoError(t, c.Add(math.MaxInt64))
	err := c.Add(1)
	require.Equal(t, &counter.OverflowError{Value: math.MaxInt64, Add: 1}, err)
	require.ErrorIs(t, err, counter.ErrOverflow)
	require.Equal(t, int64(math.MaxInt64), c.Value())

	// Together they get beyond it: nobody is asked, nothing is lost.
	require.NoError(t, d.Add(10))
	exchange(t, a, b)
	for _, x := range []*counter.Counter{c, d} {
		require.Equal(t, int64(math.MaxInt64), x.Value())
		require.ErrorIs(t, x.Add(1), counter.ErrOverflow)
	}
	require.NoError(t, d.Add(-4)) // still beyond
	require.Equal(t, int64(math.MaxInt64), d.Value())
	require.NoError(t, d.Add(-7))
	exchange(t, a, b)
	require.Equal(t, int64(math.MaxInt64-1), c.Value())

	_, e := open(t, replicate.Config{})
	require.NoError(t, e.Add(math.MinInt64))
	require.Equal(t, int64(math.MinInt64), e.Value())
	require.ErrorIs(t, e.Add(-1), counter.ErrOverflow)
	// What one author has added and taken is bounded too.
	require.NoError(t, e.Add(math.MaxInt64))
	require.NoError(t, e.Add(math.MinInt64+1))
	require.NoError(t, e.Add(math.MaxInt64))
	require.ErrorIs(t, e.Add(-1), counter.ErrOverflow, "2⁶⁴−1 are taken")
	require.Equal(t, int64(-1), e.Value())
	require.NoError(t, e.Add(1))
}

// W0 x; clone; W0 x′; Wclone x″: two copies under one author. One total is lost,
// everybody agrees on the rest, and when the copies meet they notice: both write
// under new authors from then on, and nothing more is lost.
func TestCloneCounterTotal(t *testing.T) {
	now := time.UnixMilli(1e12)
	clone := func(own byte) (*replicate.Replica, *counter.Counter) {
		return open(t, replicate.Config{
			ID: replicate.ReplicaID{1}, Now: func() time.Time { return now },
			// The epoch is the opening's own, the incarnation is not.
			Rand: io.MultiReader(strings.NewReader(strings.Repeat(string(own), 8)+"the same"),
				rand.NewChaCha8([32]byte{own})),
		})
	}
	a, c := clone('a')
	b, d := clone('b')
	require.Equal(t, a.Author(), b.Author())
	require.NoError(t, c.Add(1)) // the same write, of both,
	require.NoError(t, d.Add(1)) // as if the second had been copied now
	require.Equal(t, a.Fingerprint(), b.Fingerprint())

	now = now.Add(time.Second)
	require.NoError(t, c.Add(10))
	now = now.Add(time.Second)
	require.NoError(t, d.Add(100))
	other, e := open(t, replicate.Config{Now: func() time.Time { return now }})
	require.NoError(t, other.Write(t.Context(), b.Read(nil)))
	require.NoError(t, other.Write(t.Context(), a.Read(nil)))
	require.Equal(t, int64(101), e.Value(), "the newer total is the author's: 10 are lost")

	author := a.Author()
	synctest.Test(t, func(t *testing.T) {
		x, y := duplex.Pair[[]byte, []byte]()
		done := make(chan error, 1)
		go func() {
			done <- replicate.NewSession(b, replicate.SyncConfig{}).Run(context.Background(), y)
		}()
		once := replicate.SyncConfig{Once: true}
		require.ErrorIs(t, replicate.NewSession(a, once).Run(context.Background(), x), replicate.ErrForked)
		require.ErrorIs(t, <-done, replicate.ErrForked)
	})
	require.NotEqual(t, author, a.Author())
	require.NotEqual(t, author, b.Author())
	require.NotEqual(t, a.Author(), b.Author())
	require.NoError(t, c.Add(1000))
	require.NoError(t, d.Add(10000))
	for range 2 {
		exchange(t, a, other)
		exchange(t, b, other)
	}
	for _, x := range []*counter.Counter{c, d, e} {
		require.Equal(t, int64(11101), x.Value())
	}
}

// Of two updates with one timestamp the originals kept what arrived last.
func TestD1EqualStamps(t *testing.T) {
	at := replicate.Config{Now: func() time.Time { return time.UnixMilli(1e12) }}
	a, c := open(t, at)
	b, d := open(t, at)
	require.NoError(t, c.Add(1))
	require.NoError(t, d.Add(2))
	exchange(t, a, b)
	require.Equal(t, int64(3), c.Value())
	require.Equal(t, int64(3), d.Value())
}

// The originals dropped what was written after the clock had stepped back.
func TestD3ClockStepsBack(t *testing.T) {
	now := time.UnixMilli(1e12)
	clock := replicate.Config{Now: func() time.Time { return now }}
	a, c := open(t, clock)
	b, d := open(t, clock)
	require.NoError(t, c.Add(1))
	exchange(t, a, b)
	now = now.Add(-time.Hour)
	require.NoError(t, c.Add(1))
	now = now.Add(time.Hour)
	exchange(t, a, b)
	require.Equal(t, int64(2), d.Value())
}

// A malformed update took the originals' process down.
func TestD7MalformedOp(t *testing.T) {
	for _, op := range []string{"", "\x00", "\x00\x00\x00", "\x80\x00\x00", "\xff",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00"} {
		evil := replicate.New(replicate.Config{Types: []replicate.Type{{Tag: counter.Type.Tag, New: deaf}}})
		h, err := evil.Open(replicate.ObjectName{Type: counter.Type.Tag})
		require.NoError(t, err)
		_, err = h.Write(op)
		require.NoError(t, err)
		r, c := open(t, replicate.Config{})
		require.ErrorIs(t, r.Write(t.Context(), evil.Read(nil)), replicate.ErrCorrupt, "%q", op)
		require.Zero(t, c.Value())
	}
}

// deaf is the state of a replica that checks nothing.
func deaf() replicate.Object { return nothing{} }

type nothing struct{}

func (nothing) Apply(*replicate.Update, func(*replicate.Update)) {}
