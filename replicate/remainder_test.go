package replicate_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/frame"
)

// exchange runs a session between i and j to rest, by clocks alone: neither
// has a token of the other's. It returns how many updates each sent.
func (w *world) exchange(i, j int) (fromI, fromJ int64) {
	for _, k := range []int{i, j} {
		w.nodes[k].r.SetEpoch(w.rnd.Uint64())
	}
	w.connect(i, j)
	l := w.links[pairOf(i, j)]
	w.settleBetween(i, j)
	fromI, fromJ = l.ends[i].Stats().SentUpdates, l.ends[j].Stats().SentUpdates
	w.cut(i, j)
	return fromI, fromJ
}

// W0 x; 0>1 x; 0>2 x; 0 dies before a marker. No clock will ever cover x; were
// that all that counts, 1 and 2 would send it to each other in every session.
func TestDeadAuthorRemainderNotResent(t *testing.T) {
	w := newWorld(t, 4, 21, false)
	w.writeAll(0, "x", "y")
	w.write(0, "z")
	for _, k := range []int{1, 2} {
		w.connect(0, k)
		w.move(0, k)
		w.move(0, k)
	}
	w.kill(0)
	w.write(1, "p")
	from1, from2 := w.exchange(1, 2)
	require.EqualValues(t, 1, from1)
	require.Zero(t, from2)
	w.write(2, "q")
	w.write(1, "z") // what replaces some of it goes out, and the rest once more
	from1, from2 = w.exchange(1, 2)
	require.EqualValues(t, 2, from1)
	require.EqualValues(t, 2, from2)
	w.write(2, "q")
	from1, from2 = w.exchange(1, 2)
	require.Zero(t, from1)
	require.EqualValues(t, 1, from2)

	from1, _ = w.exchange(1, 3)
	require.EqualValues(t, 4, from1, "to whom it is news it is sent")
	w.kill(3)
	w.converged()
}

// 1 and 2 hold as many updates of one that is gone, but not the same ones.
func TestRemaindersDiffer(t *testing.T) {
	w := newWorld(t, 3, 22, false)
	w.write(0, "x")
	w.connect(0, 1)
	w.move(0, 1)
	w.write(0, "x")
	w.connect(0, 2)
	w.move(0, 2)
	w.kill(0)
	from1, from2 := w.exchange(1, 2)
	require.EqualValues(t, 1, from1)
	require.EqualValues(t, 1, from2)
	w.converged()
}

// 1 and 2 hold the same of one that is gone, and are connected. What 1 then
// learns of it from 3 is news to 2.
func TestRemainderGrowsInSession(t *testing.T) {
	w := newWorld(t, 4, 25, false)
	w.write(0, "x")
	w.write(0, "y")
	for _, k := range []int{1, 2, 3} {
		w.connect(0, k)
		w.move(0, k)
	}
	w.move(0, 3)
	w.kill(0)
	w.write(1, "p")
	w.connect(1, 2)
	w.settleBetween(1, 2)
	w.connect(3, 1)
	w.settleBetween(3, 1)
	w.settleBetween(1, 2)
	require.Equal(t, "p=2 x=0 y=1 ", dumpOf(w.nodes[2].m))
	require.EqualValues(t, 2, w.links[pairOf(1, 2)].ends[1].Stats().SentUpdates)
	w.settle()
	w.converged()
}

// 1 and 2 hold y alone above their clocks, but not above the same entry: x lies
// between these.
func TestRemainderAboveAnotherClock(t *testing.T) {
	w := newWorld(t, 3, 26, false)
	w.write(0, "x")
	w.connect(0, 1)
	w.settleBetween(0, 1)
	w.cut(0, 1)
	w.write(0, "y")
	w.connect(0, 1)
	w.move(0, 1)
	y := w.nodes[1].r.Live()[1]
	require.Equal(t, "y", keyOf(y))
	w.nodes[2].r.Receive(y)
	w.kill(0)
	from1, _ := w.exchange(1, 2)
	require.EqualValues(t, 2, from1)
	w.converged()
}

// The frame of updates of a commit reached the disk, the marker did not: what
// was recovered is of an author that writes no more, above every clock.
func TestRecoveredTailNotResent(t *testing.T) {
	w := newWorld(t, 2, 23, true)
	w.write(0, "x")
	b, ok := w.nodes[0].tail.Take()
	require.True(t, ok)
	_, n, err := frame.Parse(b.Frames, 1<<20)
	require.NoError(t, err)
	w.nodes[0].disk, w.nodes[0].who = b.Frames[:n], ""
	w.kill(0)
	w.restart(0)
	require.Equal(t, "x=0 ", dumpOf(w.nodes[0].m))
	require.Empty(t, w.nodes[0].r.Clock())

	from0, _ := w.exchange(0, 1)
	require.EqualValues(t, 1, from0)
	w.kill(0)
	w.restart(0)
	w.write(0, "y")
	w.write(1, "z")
	from0, from1 := w.exchange(0, 1)
	require.EqualValues(t, 1, from0)
	require.EqualValues(t, 1, from1)
	w.converged()
}

// What a position claims to be above its clock is bounded before it is used.
func TestRemaindersRefused(t *testing.T) {
	author := string(make([]byte, 24))
	entry := func(count uint64) []byte {
		b := append([]byte{24}, author...)
		return append(binary.AppendUvarint(b, count), make([]byte, 16)...)
	}
	for want, remainders := range map[string][]byte{
		"does not fit":       {200},
		"0 updates":          append([]byte{1}, entry(0)...),
		"limit 65536":        append([]byte{1}, entry(1<<16+1)...),
		"limit 1":            append(append([]byte{2}, entry(1<<16-1)...), entry(2)...),
		"two remainders":     append(append([]byte{2}, entry(2)...), entry(2)...),
		"author of 23 bytes": append([]byte{1, 23}, make([]byte, 23+1+16+1)...),
		"ends too soon":      append([]byte{1, 40}, make([]byte, 41)...),
		"bytes too many":     append([]byte{1}, append(entry(3), 0)...),
	} {
		w := newWorld(t, 2, 24, false)
		w.write(0, "x")
		w.dial(0, 1, replicate.SyncConfig{})
		w.move(0, 1)
		w.move(1, 0)
		msg := append([]byte{2, 0, 0, 0}, remainders...)
		err := w.links[pairOf(0, 1)].ends[1].Take(frame.Append(nil, append(msg, 0)))
		require.ErrorIs(t, err, replicate.ErrCorrupt, want)
		require.ErrorContains(t, err, want)
	}
}

// W1 p; 2 has p; W1 x y, one transaction, which 0 has on disk; W0 f; W1 x y
// again, which 0 has, and not on disk. What 0 would be sorry to lose of 1 is p
// then, as it is with 2; but 2 may not be promised f without either x.
func TestRemainderInDoubt(t *testing.T) {
	w := newWorld(t, 3, 39, true)
	w.write(1, "p")
	w.commit(1)
	w.connect(1, 2)
	w.move(1, 2)
	w.cut(1, 2)
	w.commit(2)
	w.writeAll(1, "x", "y")
	w.commit(1)
	w.connect(1, 0)
	w.move(1, 0)
	w.move(1, 0)
	w.writeAll(1, "x", "y")
	w.write(0, "f")
	w.commit(0)
	w.commit(1)
	w.dial(0, 2, replicate.SyncConfig{})
	w.move(0, 2)
	w.connect(1, 0) // what 0 has not heard a marker of is sent again, newer
	w.move(1, 0)
	require.Equal(t, "f=3 p=0 x=2 y=2 ", dumpOf(w.nodes[0].m))
	w.move(2, 0)
	w.move(2, 0)
	for w.move(0, 2) != nil {
	}
	require.True(t, w.nodes[2].r.Clock().Covers(w.issued[5].stamp))
	require.Contains(t, dumpOf(w.nodes[2].m), "x=")
}
