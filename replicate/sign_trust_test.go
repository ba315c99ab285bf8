package replicate_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/frame"
)

// met runs a session of b with a, whose key b's channel has proved, to its end.
// What b holds is durable at once, if it has a tail.
func met(t *testing.T, a, b *replicate.Replica, proved ed25519.PublicKey, tail *replicate.Tail) {
	t.Helper()
	x := replicate.NewSession(a, replicate.SyncConfig{Once: true, Peer: publicOf(keyOfNo(0))})
	y := replicate.NewSession(b, replicate.SyncConfig{Peer: proved})
	x.Begin()
	y.Begin()
	defer x.End()
	defer y.End()
	exchange(t, x, y, func() {
		if tail == nil {
			return
		}
		if batch, ok := tail.Take(); ok {
			tail.Done(batch)
		}
	})
}

// A peer that is not on the list brings what those on it have signed, and its
// promises count for nothing: a lie costs nothing but that others send again.
func TestMarkerOfUntrustedPeer(t *testing.T) {
	key := keyOfNo(0)
	for _, proved := range []ed25519.PublicKey{nil, publicOf(keyOfNo(1))} {
		for _, journaled := range []bool{false, true} {
			author, ma := newReplica(replicate.Config{Key: key})
			require.NoError(t, ma.Set("x", 1))
			liar, _ := newReplica(replicate.Config{})
			require.NoError(t, liar.Write(t.Context(), author.Read(nil)))
			require.NoError(t, ma.Set("y", 2))
			liar.Lie(author.Clock())

			b, mb := newReplica(replicate.Config{Trust: only(key)})
			var tail *replicate.Tail
			if journaled {
				var err error
				tail, err = b.Attach()
				require.NoError(t, err)
			}
			met(t, liar, b, proved, tail)
			require.Equal(t, "x=1 ", dumpOf(mb))
			require.Empty(t, b.Clock())
			met(t, liar, b, proved, tail) // again: held, not verified, and not promised
			require.Empty(t, b.Clock())

			met(t, author, b, publicOf(key), tail)
			require.Equal(t, "x=1 y=2 ", dumpOf(mb))
			require.Equal(t, author.Clock(), b.Clock())
		}
	}
}

// What a peer that is not trusted is acknowledged is durable all the same.
func TestUntrustedPeerIsAcked(t *testing.T) {
	a, ma := newReplica(replicate.Config{Key: keyOfNo(0)})
	b, _ := newReplica(replicate.Config{Trust: only(keyOfNo(0))})
	tail, err := b.Attach()
	require.NoError(t, err)
	require.NoError(t, ma.Set("x", 1))
	x, y := pair(a, b, replicate.SyncConfig{})
	defer x.End()
	defer y.End()
	acks := func() (n int) {
		for range 10 {
			chunk, err := x.Next()
			require.NoError(t, err)
			require.NoError(t, y.Take(chunk))
			chunk, err = y.Next()
			require.NoError(t, err)
			require.NoError(t, x.Take(chunk))
			if replicate.IsAck(chunk) {
				n++
			}
		}
		return n
	}
	require.Zero(t, acks())
	batch, ok := tail.Take()
	require.True(t, ok)
	tail.Done(batch)
	require.Equal(t, 1, acks())
}

// A peer that is not trusted cannot have a session with another resume behind
// what was never received, neither by updates nor by a marker.
func TestUntrustedPeerLeavesNoToken(t *testing.T) {
	key, other := keyOfNo(0), keyOfNo(1)
	for _, marker := range []bool{false, true} {
		a, ma := newReplica(replicate.Config{Key: key})
		require.NoError(t, ma.Set("x", 1))
		thief, mt := newReplica(replicate.Config{ID: a.ID(), Key: other})
		thief.SetEpoch(a.Epoch())
		b, mb := newReplica(replicate.Config{Trust: only(key, other)})
		x, y := pair(thief, b, replicate.SyncConfig{})
		turn(t, x, y)
		turn(t, x, y) // both are empty, and stream
		if marker {
			// At the place of what a has written.
			require.NoError(t, y.Take(frame.Append(nil, []byte{4, 1, 1, 0, 0, 0})))
		} else {
			require.NoError(t, mt.Set("y", 2))
			chunk, err := x.Next()
			require.NoError(t, err)
			require.True(t, replicate.IsUpdates(chunk))
			require.NoError(t, y.Take(chunk))
		}
		x.End()
		y.End()
		met(t, a, b, publicOf(key), nil)
		require.Contains(t, dumpOf(mb), "x=1 ")
	}
}

// turn moves what each of two sessions has to say next.
func turn(t *testing.T, x, y *replicate.Session) {
	t.Helper()
	for _, way := range [][2]*replicate.Session{{x, y}, {y, x}} {
		chunk, err := way[0].Next()
		require.NoError(t, err)
		require.NoError(t, way[1].Take(chunk))
	}
}

// R1 with keys: the author is the key's, and nobody else's is adopted.
func TestAuthorsOfAKey(t *testing.T) {
	key, other := keyOfNo(0), keyOfNo(1)
	signed := func(key ed25519.PrivateKey) *replicate.Replica {
		r, _ := newReplica(replicate.Config{Key: key, ID: replicate.ReplicaID{1}})
		return r
	}
	a, b, plain := signed(key), signed(key), signed(nil)
	require.NotEqual(t, a.Author(), b.Author(), "two incarnations")
	require.True(t, b.Owns(a.Author()))
	require.NoError(t, b.Adopt(a.Author()))
	require.Equal(t, a.Author(), b.Author())
	for _, r := range []*replicate.Replica{signed(other), plain} {
		require.False(t, r.Owns(a.Author()))
		require.Error(t, r.Adopt(a.Author()))
	}
	require.False(t, a.Owns(plain.Author()), "it is its own, but unsigned")
	require.Error(t, a.Adopt(plain.Author()))
	require.False(t, a.Owns("short"))
	require.Panics(t, func() { replicate.New(replicate.Config{Key: key[:32]}) })
}

// One key may be at work in two places, but not as one author.
func TestForkOfSigned(t *testing.T) {
	key := keyOfNo(0)
	a, ma := newReplica(replicate.Config{Key: key})
	b, mb := newReplica(replicate.Config{Key: key, Trust: only(key)})
	require.NoError(t, ma.Set("x", 1))
	require.NoError(t, mb.Set("y", 2))
	met(t, a, b, publicOf(key), nil)
	require.Equal(t, "x=1 y=2 ", dumpOf(mb))

	c, mc := newReplica(replicate.Config{Key: key})
	d, md := newReplica(replicate.Config{Key: key})
	require.NoError(t, d.Adopt(c.Author()))
	require.NoError(t, mc.Set("x", 1))
	require.NoError(t, md.Set("x", 2))
	both(t, c, d, replicate.ErrForked)
	require.NotEqual(t, c.Author(), d.Author())
	require.NotContains(t, d.Clock(), d.Author(), "both write as others from here on")
	require.NotContains(t, c.Clock(), c.Author())
}

// A restored backup is told by who has later writes of the same author.
func TestRestoredSigned(t *testing.T) {
	key := keyOfNo(0)
	a, ma := newReplica(replicate.Config{Key: key})
	require.NoError(t, ma.Set("x", 1))
	restored, mr := newReplica(replicate.Config{Key: key, ID: a.ID()})
	require.NoError(t, restored.Write(t.Context(), a.Read(nil)))
	require.NoError(t, restored.Adopt(a.Author()))
	before := restored.Author()
	require.NoError(t, ma.Set("y", 2))
	b, _ := newReplica(replicate.Config{})
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	met(t, b, restored, nil, nil)
	require.NotEqual(t, before, restored.Author())
	require.True(t, restored.Owns(restored.Author()))
	require.NoError(t, mr.Set("z", 3))
	met(t, b, restored, nil, nil)
	require.Equal(t, "x=1 y=2 z=3 ", dumpOf(mr))
}

// A peer that is not trusted can claim what it likes of one's own writes: that
// costs an author, which is never wrong.
func TestUntrustedClaim(t *testing.T) {
	key := keyOfNo(0)
	b, mb := newReplica(replicate.Config{Key: key, Trust: only(key)})
	require.NoError(t, mb.Set("x", 1))
	clock := b.Clock()
	liar, _ := newReplica(replicate.Config{})
	first := b.Author()
	liar.Lie(replicate.Clock{first: clock[first] + 1000})
	met(t, liar, b, nil, nil) // in its position
	second := b.Author()
	require.NotEqual(t, first, second)
	require.Equal(t, clock, b.Clock())

	require.NoError(t, mb.Set("y", 1))
	clock = b.Clock()
	x, y := pair(liar, b, replicate.SyncConfig{})
	defer x.End()
	defer y.End()
	for range 10 {
		turn(t, x, y)
	}
	require.Equal(t, second, b.Author())
	liar.Lie(replicate.Clock{second: clock[second] + 1000})
	chunk, err := x.Next()
	require.NoError(t, err)
	require.True(t, replicate.IsMarker(chunk))
	require.NoError(t, y.Take(chunk))
	require.NotEqual(t, second, b.Author())
	require.Equal(t, clock, b.Clock())
}
