package doc

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
)

// Defects of the originals, by their numbers in our list, that are not ours.

// Of a row in a set and a sequence the removal never reached the peer: that it
// leaves them was an update too, and sent in its stead.
//
// row: 27 rm
func TestD4RemovalOfARowInASequence(t *testing.T) {
	a, b, x, y, _ := two(t)
	connect(t, a, b)
	todo, other := listed(t, x), listed(t, y)
	set, err := y.Where("list", "todo")
	require.NoError(t, err)
	beer, wine := push(t, todo, "beer"), push(t, todo, "wine")
	until(t, y, func() bool { return other.Len() == 2 && set.Len() == 2 })
	remove(t, x, beer)
	until(t, y, func() bool { return !y.Has(beer) })
	contains(t, other, wine)
	contains(t, set, wine)
	contains(t, todo, wine)
}

// A removal did not last: who was away kept the row.
func TestD5RemovalReachesWhoWasAway(t *testing.T) {
	a, b, x, y, now := two(t)
	id := push(t, listed(t, x), "beer")
	exchange(t, a, b)
	remove(t, x, id)
	*now = now.Add(time.Hour)

	// By way of a third that never saw the row, and of a restart.
	c, z := at(t, now)
	require.NoError(t, c.Write(t.Context(), a.Read(nil)))
	require.Zero(t, z.Len())
	require.NoError(t, b.Write(t.Context(), c.Read(b.Clock())))
	require.Nil(t, fields(t, y, id))
	require.Zero(t, listed(t, y).Len())
	require.Equal(t, 1, b.Len(), "the tombstone is all that is left")
	exchange(t, a, b, c)
}

// A malformed update took the peer down.
func TestD7NonsenseEndsTheSessionOnly(t *testing.T) {
	careless := replicate.Type{Tag: JSON.Tag, New: func() replicate.Object { return keep{} }}
	evil := replicate.New(replicate.Config{Types: []replicate.Type{careless}})
	h, err := evil.Open(replicate.ObjectName{Type: JSON.Tag})
	require.NoError(t, err)
	_, err = h.Write("\x01\x01r\x00\x01fnull garbage")
	require.NoError(t, err)
	r, d := open[any](t)
	require.NoError(t, d.Set("r", m{"f": 1}))
	require.ErrorIs(t, r.Write(t.Context(), evil.Read(nil)), replicate.ErrCorrupt)
	require.Equal(t, m{"f": 1.0}, fields(t, d, "r"))
}

// keep is a state that takes everything.
type keep struct{}

func (keep) Apply(*replicate.Update, func(*replicate.Update)) {}
