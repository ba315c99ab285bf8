package replicate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/frame"
)

// 0 and 1 hold all x's of 3, and 1 has a y of 3 that 0 wants too. That 0
// promises the x's up to there does not say that it has y.
func TestMarkerUnderFilterSaysLess(t *testing.T) {
	w := newWorld(t, 4, 51, false)
	w.write(3, "y")
	w.write(3, "x")
	w.wants(0, keys("x"))
	w.pass(3, 0)
	w.wants(0, replicate.Filter{})
	w.pass(3, 1)
	w.kill(3)
	w.write(0, "x")
	w.write(0, "x2")
	w.wants(1, replicate.Filter{})
	w.wants(1, keys("x"))
	w.connect(0, 1)
	for w.move(0, 1) != nil { // to the marker, before 1 says anything
	}
	w.settleBetween(0, 1)
	require.Equal(t, "x=2 x2=3 y=0 ", dumpOf(w.nodes[0].m))
	w.settle()
	w.convergedInPart()
}

// Frames of the handshake that do not follow from one another are refused.
func TestTermsRefused(t *testing.T) {
	x := string(keys("x").Code())
	terms := frame.Append(nil, append(append([]byte{8, byte(len(x))}, x...), 0))
	agreed := frame.Append(nil, append(append([]byte{2, byte(len(x))}, x...), 0, 0, 0, 0))
	other := frame.Append(nil, []byte{2, 0, 0, 0, 0, 0})

	// meet has 1 know who 0 is, and 0's greeting say that filters hold.
	meet := func(f replicate.Filter) *replicate.Session {
		w := newWorld(t, 2, 52, false)
		w.write(1, "x")
		w.nodes[0].want = f
		w.dial(0, 1, replicate.SyncConfig{})
		w.move(0, 1)
		s := w.links[pairOf(0, 1)].ends[1]
		for range 2 {
			_, err := s.Next()
			require.NoError(t, err)
		}
		return s
	}
	s := meet(keys("x"))
	require.ErrorContains(t, s.Take(agreed), "out of turn")
	require.NoError(t, s.Take(terms))
	require.ErrorContains(t, s.Take(terms), "out of turn")
	require.ErrorContains(t, s.Take(other), "under everything, agreed was model/json:/x*")
	require.NoError(t, s.Take(agreed))
	require.ErrorContains(t, meet(replicate.Filter{}).Take(terms), "out of turn")
	require.ErrorContains(t, meet(replicate.Filter{}).Take(agreed), "agreed was everything")
	require.ErrorIs(t, meet(keys("x")).Take(frame.Append(nil, []byte{8, 1})), replicate.ErrCorrupt)
}

// A promise that was found broken is mended by an exchange of everything: a
// partial session that comes between does not use that up.
func TestSuspicionOutlivesPartialSession(t *testing.T) {
	for _, both := range []bool{true, false} {
		w := newWorld(t, 4, 53, false)
		w.write(0, "y")
		w.write(3, "z")
		w.connect(3, 1)
		w.move(3, 1) // with z above its clock, no fingerprint gives the lie away
		w.kill(3)
		w.nodes[1].r.Lie(w.nodes[0].r.Clock())
		w.nodes[1].r.Suspect()
		if w.wants(2, keys("x")); both {
			w.nodes[1].allow = keys("x")
		}
		w.pass(1, 2)
		w.nodes[1].allow = replicate.Filter{}
		w.connect(0, 1)
		w.settleBetween(0, 1)
		require.Equal(t, "y=0 z=1 ", dumpOf(w.nodes[1].m))
	}
}
