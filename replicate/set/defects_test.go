package set_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/set"
)

// Defects of the originals, by their numbers in our list, that are not ours.

// Of two updates with one timestamp the originals kept what arrived last.
func TestD1EqualStamps(t *testing.T) {
	at := replicate.Config{Now: func() time.Time { return time.UnixMilli(1e12) }}
	a, s := open[int](t, at)
	b, u := open[int](t, at)
	require.NoError(t, s.Add(1))
	require.NoError(t, u.Add(1))
	exchange(t, a, b)
	remove(t, s, 1)
	require.NoError(t, u.Add(1))
	require.Equal(t, a.Clock()[a.Author()], b.Clock()[b.Author()], "one time, two authors")
	exchange(t, a, b)
	require.True(t, s.Has(1))
	require.True(t, u.Has(1))
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

// The originals dropped what was written after the clock had stepped back.
func TestD3ClockStepsBack(t *testing.T) {
	now := time.UnixMilli(1e12)
	clock := replicate.Config{Now: func() time.Time { return now }}
	a, s := open[int](t, clock)
	b, u := open[int](t, clock)
	require.NoError(t, s.Add(1))
	exchange(t, a, b)
	now = now.Add(-time.Minute)
	remove(t, u, 1)
	exchange(t, a, b)
	require.False(t, s.Has(1))
}

// A row that was taken out of a set and deleted stayed with every peer (D4), and
// a deletion never reached a peer that was away (D5).
func TestD5RemovalReachesWhoWasAway(t *testing.T) {
	a, s := open[int](t, replicate.Config{})
	b, u := open[int](t, replicate.Config{})
	require.NoError(t, s.Add(1))
	require.NoError(t, s.Add(2))
	exchange(t, a, b)
	remove(t, s, 1)
	require.NoError(t, s.Add(3))
	remove(t, s, 3)
	exchange(t, a, b)
	require.Equal(t, []int{2}, all(t, u))
	require.Equal(t, a.Fingerprint(), b.Fingerprint())

	// Nor does the peer bring it back to one that never had it.
	c, v := open[int](t, replicate.Config{})
	exchange(t, b, c)
	require.Equal(t, []int{2}, all(t, v))
}

// A malformed update, or the removal of something unknown, took the originals'
// process down.
func TestD7MalformedOp(t *testing.T) {
	for tag, ops := range map[string][]string{
		set.JSON.Tag: {"", "\x00", "\x001", "\x02", "\x021", "\x01{", "\x03\x18aaa1",
			"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x011", "\x80"},
		set.GrowJSON.Tag: {"", "\x00", "\x02" + "1", "\x01", "\x01{"},
	} {
		for _, op := range ops {
			evil := replicate.New(replicate.Config{Types: []replicate.Type{{Tag: tag, New: deaf}}})
			h, err := evil.Open(replicate.ObjectName{Type: tag})
			require.NoError(t, err)
			_, err = h.Write(op)
			require.NoError(t, err)
			r := newReplica(replicate.Config{})
			require.ErrorIs(t, r.Write(t.Context(), evil.Read(nil)), replicate.ErrCorrupt, "%q", op)
			require.Zero(t, r.Len())
		}
	}
	a, s := open[int](t, replicate.Config{})
	h, err := a.Open(replicate.ObjectName{Type: set.JSON.Tag})
	require.NoError(t, err)
	_, err = h.Write("\x02\x00\x051") // a removal of 1 that nobody has added
	require.NoError(t, err)
	require.NoError(t, s.Add(1))
	require.True(t, s.Has(1))
}

// deaf is the state of a replica that checks nothing.
func deaf() replicate.Object { return nothing{} }

type nothing struct{}

func (nothing) Apply(*replicate.Update, func(*replicate.Update)) {}

// The originals' append-only lists were in the order of arrival, which differs.
func TestD15SameOrderEverywhere(t *testing.T) {
	a, s := open[int](t, replicate.Config{})
	b, u := open[int](t, replicate.Config{})
	for i := range 9 {
		require.NoError(t, s.Add(i))
		require.NoError(t, u.Add(9-i))
	}
	exchange(t, a, b)
	require.Equal(t, all(t, s), all(t, u))
	require.Equal(t, a.Clock(), b.Clock())
}

// Objects share nothing beyond their name: the originals kept the state of an
// edit in a global variable.
func TestD16TwoSetsDoNotMeet(t *testing.T) {
	r := newReplica(replicate.Config{})
	s, err := set.Open[int](r, "one")
	require.NoError(t, err)
	u, err := set.Open[int](r, "two")
	require.NoError(t, err)
	require.NoError(t, s.Add(1))
	require.False(t, u.Has(1))
	remove(t, s, 1)
	require.NoError(t, u.Add(1))
	require.False(t, s.Has(1))
	again, err := set.Open[int](r, "two")
	require.NoError(t, err)
	require.True(t, again.Has(1))
}
