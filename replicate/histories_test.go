package replicate_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// The histories below broke systems that lack one rule each. Notation: W0 x is
// "replica 0 writes x", 0>1 x is "1 receives x from 0", M is a marker. Replicas
// are in memory unless the history has a crash in it.

// W0 x₁ y₂; 0>1 x₁; W0 x₃; 0>2 y₂; 0 dies. Had clocks moved with every
// update, 1 and 2 would each believe to have what only the other has.
func TestSeedsRule(t *testing.T) {
	w := newWorld(t, 3, 1, false)
	w.write(0, "x")
	w.write(0, "y")
	w.connect(0, 1)
	w.move(0, 1)
	w.write(0, "x")
	w.connect(0, 2)
	w.move(0, 2)
	require.Equal(t, "x=0 ", dumpOf(w.nodes[1].m))
	require.Equal(t, "y=1 ", dumpOf(w.nodes[2].m))
	w.kill(0)
	w.settle()
	w.converged()
	require.Equal(t, "x=0 y=1 ", dumpOf(w.nodes[1].m))
}

// W0 x₁ y₂; 0>1 x₁; W0 x₃; 0>2 y₂; 1>2 x₁. At 2, x₁ arrives after the newer
// y₂ of the same author: "skip what is older than the newest seen" loses it.
func TestStampsOutOfOrderThroughThird(t *testing.T) {
	w := newWorld(t, 3, 2, false)
	w.write(0, "x")
	w.write(0, "y")
	w.connect(0, 1)
	w.move(0, 1)
	w.write(0, "x")
	w.connect(0, 2)
	w.move(0, 2)
	w.connect(1, 2)
	w.move(1, 2)
	require.Equal(t, "x=0 y=1 ", dumpOf(w.nodes[2].m))
	w.settle()
	w.converged()
}

// W0 x₁ y₂ x₃; 0>1 y₂: the effect y₂ comes without its cause x₁, or with x₃ in
// its place. A peer that was connected before x₃ gets x₃ first.
func TestEffectBeforeCauseByConflation(t *testing.T) {
	w := newWorld(t, 3, 3, false)
	w.write(0, "x")
	w.write(0, "y")
	w.connect(0, 2)
	w.write(0, "x")
	w.move(0, 2)
	require.Equal(t, "x=2 ", dumpOf(w.nodes[2].m), "x₃ in x₁'s place")
	w.connect(0, 1)
	w.move(0, 1)
	require.Equal(t, "y=1 ", dumpOf(w.nodes[1].m), "effect before cause")
	w.settle()
	w.converged()
}

// W1 x, del x; 0 is empty. A fingerprint that leaves tombstones out calls them
// equal, and 0 never gets the deletion.
func TestFingerprintIgnoresTombstones(t *testing.T) {
	w := newWorld(t, 3, 4, false)
	w.write(2, "x")
	w.connect(2, 0)
	w.move(2, 0) // 0 has x, without a promise
	w.connect(2, 1)
	for w.move(2, 1) != nil {
	}
	w.cut(2, 1)
	w.cut(2, 0)
	w.del(1, "x")
	w.connect(0, 1)
	w.settle()
	w.converged()
	require.Empty(t, dumpOf(w.nodes[0].m))
}

// x and y are rewritten between any two reads. With markers only at the head
// of the log, no marker ever goes out and y is never sent.
func TestTwoHotKeysNeverStarve(t *testing.T) {
	for _, journaled := range []bool{false, true} {
		w := newWorld(t, 2, 5, journaled)
		w.write(0, "x")
		w.write(0, "y")
		w.commit(0)
		w.connect(0, 1)
		markers, seen := 0, map[string]int{}
		for range 60 {
			if b := w.move(0, 1); replicate.IsMarker(b) {
				markers++
			} else if b != nil {
				for _, u := range w.nodes[1].r.Live() {
					seen[keyOf(u)+u.Op()]++
				}
			}
			w.write(0, "x")
			w.write(0, "y")
			if w.rnd.IntN(2) == 0 {
				w.commit(0)
			}
			w.promiseKept(1)
		}
		require.Greater(t, markers, 5)
		require.Greater(t, len(seen), 20, "both keys move on")
		w.settle()
		w.converged()
	}
}

// As above, and the clock must move too: the receiver's promise follows the
// sender's cuts although the sender is never at rest.
func TestMarkerUnderContinuousWrites(t *testing.T) {
	w := newWorld(t, 2, 6, false)
	for range 10 {
		w.write(0, "x")
	}
	w.connect(0, 1)
	who, last := w.nodes[0].r.Author(), replicate.Time(0)
	for range 20 {
		w.write(0, "x")
		w.move(0, 1)
		w.write(0, "x")
		if b := w.move(0, 1); replicate.IsMarker(b) {
			now := w.nodes[1].r.Clock()[who]
			require.Greater(t, now, last)
			last = now
		}
		w.promiseKept(1)
	}
	require.NotZero(t, last)
}

// W0 a b c; O0>1; 0>1 a; W0 b. The cut was taken at c. If the new b did not
// inherit the old one's place, the marker at the cut would go out before it:
// a promise of the old b, or something newer, that 1 does not hold.
func TestCutWithoutInheritanceIsFalse(t *testing.T) {
	w := newWorld(t, 2, 7, false)
	for _, key := range []string{"a", "b", "c"} {
		w.write(0, key)
	}
	w.connect(0, 1)
	w.move(0, 1)
	w.write(0, "b")
	for {
		b := w.move(0, 1)
		w.promiseKept(1)
		if replicate.IsMarker(b) {
			break
		}
	}
	require.Equal(t, "a=0 b=3 c=2 ", dumpOf(w.nodes[1].m))
	// Sent early, it is not sent again.
	require.False(t, replicate.IsUpdates(w.move(0, 1)))
}

// 1 loads half a dump (no marker), then syncs with 2, which has the rest.
// Counting anything of the half as had would lose what it did not bring.
func TestPartialDumpThenOther(t *testing.T) {
	w := newWorld(t, 3, 8, false)
	for i := range 4000 {
		w.write(0, fmt.Sprint("key", i))
	}
	w.connect(0, 2)
	w.settleBetween(0, 2)
	dump, err := pull.Collect(t.Context(), w.nodes[0].r.Read(nil))
	require.NoError(t, err)
	require.Greater(t, len(dump), 3)
	stats, err := w.nodes[1].r.Load(t.Context(), pull.Values(dump[:2]...))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NotZero(t, stats.AppliedUpdates)
	require.Empty(t, w.nodes[1].r.Clock())
	w.promiseKept(1)
	w.kill(0)
	w.settle()
	w.converged()
	require.Len(t, w.nodes[1].r.Live(), 4000)
}

// Only the clock changed at 0: it has received a marker, and no update with it.
func TestMarkerWithoutNewItems(t *testing.T) {
	w := newWorld(t, 3, 9, false)
	w.write(2, "x")
	w.connect(2, 0)
	require.True(t, replicate.IsUpdates(w.move(2, 0)))
	w.connect(0, 1)
	require.True(t, replicate.IsUpdates(w.move(0, 1))) // x, unpromised
	for w.move(0, 1) != nil {
	}
	who := w.nodes[2].r.Author()
	require.Zero(t, w.nodes[1].r.Clock()[who])
	require.True(t, replicate.IsMarker(w.move(2, 0)))
	require.True(t, replicate.IsMarker(w.move(0, 1)), "due although nothing was written")
	require.NotZero(t, w.nodes[1].r.Clock()[who])
}

// Ten keys are rewritten ten times while 1 is stalled: it is sent ten.
func TestStalledPeerTenKeysTenUpdates(t *testing.T) {
	w := newWorld(t, 2, 10, false)
	keys := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	for _, key := range keys {
		w.write(0, key)
	}
	w.connect(0, 1)
	for range 10 {
		for _, key := range keys {
			w.write(0, key)
		}
	}
	updates := 0
	for b := w.move(0, 1); b != nil; b = w.move(0, 1) {
		if replicate.IsUpdates(b) {
			updates++
		}
	}
	require.Equal(t, 10, updates)
	w.converged()
}

// W0 x₁ y₂; J0 x₁; W0 x₃; 0>1 y₂; crash 0, same epoch. A token that is taken
// for the new opening's places would skip what now stands there.
func TestEpochReusedAfterCrash(t *testing.T) {
	play := func(reuse bool) *world {
		w := newWorld(t, 2, 11, true)
		w.write(0, "x")
		w.write(0, "y")
		w.write(0, "x")
		w.commit(0) // y₂ x₃: x₁ never reached the disk
		w.connect(0, 1)
		require.True(t, replicate.IsUpdates(w.move(0, 1))) // y₂; x₃ is to come
		epoch := w.nodes[0].r.Epoch()
		// After the restart, x₃ stands where y₂ stood.
		w.kill(0)
		w.restart(0)
		if reuse {
			w.nodes[0].r.SetEpoch(epoch)
		}
		w.settle()
		return w
	}
	play(false).converged()
	w := play(true)
	require.NotEqual(t, dumpOf(w.nodes[0].m), dumpOf(w.nodes[1].m), "the history has no teeth")
}

// W0 x; clone; W0 x′; Wclone x″: one stamp, two contents. Both sides are told,
// and write as new authors from then on.
func TestCloneSameStamp(t *testing.T) {
	w := newWorld(t, 3, 12, true)
	w.write(0, "x")
	w.commit(0)
	// The clone is node 1, with 0's disk and 0's author.
	w.nodes[1].id, w.nodes[1].disk, w.nodes[1].who = w.nodes[0].id, w.nodes[0].disk, w.nodes[0].who
	w.open(1, true)
	w.write(0, "x")
	w.write(1, "x")
	w.commit(0)
	w.commit(1)
	before := w.nodes[0].r.Author()

	// They meet directly.
	w.dial(0, 1, replicate.SyncConfig{})
	_, err := w.tryMove(0, 1)
	require.ErrorIs(t, err, replicate.ErrForked)
	_, err = w.tryMove(1, 0)
	require.ErrorIs(t, err, replicate.ErrForked)
	require.NotEqual(t, before, w.nodes[0].r.Author())
	require.NotEqual(t, before, w.nodes[1].r.Author())

	// They meet through a third that has seen one of them. The clocks agree,
	// the contents do not: everything is exchanged again, and gives it away.
	w.connect(0, 2)
	w.settleBetween(0, 2)
	w.cut(0, 2)
	meet := func() (err error) {
		w.dial(1, 2, replicate.SyncConfig{})
		for range 20 {
			if _, err = w.tryMove(1, 2); err == nil {
				_, err = w.tryMove(2, 1)
			}
			if err != nil {
				return err
			}
			w.commit(1)
			w.commit(2)
		}
		return nil
	}
	require.ErrorIs(t, meet(), replicate.ErrForked)
}

// A frame in which two updates clash with what is held is refused whole.
func TestForkInFrameAppliesNothing(t *testing.T) {
	w := newWorld(t, 4, 14, true)
	w.write(0, "x")
	w.commit(0)
	w.nodes[1].id, w.nodes[1].disk, w.nodes[1].who = w.nodes[0].id, w.nodes[0].disk, w.nodes[0].who
	w.open(1, true)
	w.write(2, "m") // reaches the clone before its clashing write
	w.commit(2)
	require.NoError(t, w.nodes[1].r.Write(t.Context(), w.nodes[2].r.Read(nil)))
	w.write(0, "x")
	w.write(1, "x")
	w.commit(0)
	w.commit(1)
	third := w.nodes[3].r
	require.NoError(t, third.Write(t.Context(), w.nodes[0].r.Read(nil)))
	before := third.Fingerprint()
	require.ErrorIs(t, third.Write(t.Context(), w.nodes[1].r.Read(nil)), replicate.ErrForked)
	require.Equal(t, before, third.Fingerprint())
}
