package replicate_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/frame"
)

func TestTransactionIsSeenWhole(t *testing.T) {
	r, todo := newReplica(replicate.Config{})
	done, err := model.Open[int](r, "done")
	require.NoError(t, err)
	require.NoError(t, todo.Set("milk", 1))
	before := r.Head()

	tx := r.Begin()
	deleted, err := todo.In(tx).Delete("milk")
	require.NoError(t, err)
	require.False(t, deleted, "not yet")
	require.NoError(t, done.In(tx).Set("milk", 2))
	require.True(t, todo.Has("milk"))
	require.Zero(t, done.Len())

	stamp, err := tx.Commit()
	require.NoError(t, err)
	require.False(t, todo.Has("milk"))
	require.True(t, done.Has("milk"))
	require.Equal(t, r.Clock()[stamp.Author], stamp.Time+1, "two stamps, one after the other")
	batch, err := r.Changes(before)(t.Context())
	require.NoError(t, err)
	require.Len(t, batch, 2)
	require.Equal(t, stamp, batch[0].Stamp())
	require.Equal(t, "done", batch[1].Object().Name)

	_, err = tx.Commit()
	require.ErrorIs(t, err, replicate.ErrTxDone)
	require.ErrorIs(t, todo.In(tx).Set("x", 1), replicate.ErrTxDone)
	stamp, err = r.Begin().Commit()
	require.NoError(t, err)
	require.Zero(t, stamp)
}

// Later writes of a transaction see the earlier ones, though nobody else does.
func TestTransactionSeesItself(t *testing.T) {
	r, m := newReplica(replicate.Config{})
	tx := r.Begin()
	require.NoError(t, m.In(tx).Set("x", 1))
	_, err := m.In(tx).Delete("x")
	require.NoError(t, err)
	require.NoError(t, m.In(tx).Set("y", 1))
	_, err = tx.Commit()
	require.NoError(t, err)
	require.Equal(t, []string{"y"}, m.Keys(""))
	require.Equal(t, "y=1 ", dumpOf(copyOf(t, r)))
}

// copyOf loads a dump into a new replica.
func copyOf(t *testing.T, r *replicate.Replica) *model.Model[int] {
	again, m := newReplica(replicate.Config{})
	require.NoError(t, again.Write(t.Context(), r.Read(nil)))
	require.Equal(t, r.Fingerprint(), again.Fingerprint())
	return m
}

func TestTransactionFailsWhole(t *testing.T) {
	boom := errors.New("boom")
	r, m := newReplica(replicate.Config{})
	other, err := model.Open[int](r, "other")
	require.NoError(t, err)
	require.NoError(t, m.Set("x", 1))
	tx := r.Begin()
	require.NoError(t, m.In(tx).Set("y", 1))
	require.NoError(t, other.In(tx).Set("y", 1))
	_, err = tx.Commit()
	require.NoError(t, err)
	require.NoError(t, m.Set("y", 2))
	print, head, clock := r.Fingerprint(), r.Head(), r.Clock()

	h, err := r.Open(replicate.ObjectName{Type: model.JSON.Tag})
	require.NoError(t, err)
	tx = r.Begin()
	require.NoError(t, m.In(tx).Set("x", 9))
	require.NoError(t, other.In(tx).Set("y", 9))
	require.NoError(t, m.In(tx).Set("new", 9))
	_, err = h.In(tx).Compose(func(replicate.Draft) (string, error) { return "", boom })
	require.NoError(t, err)
	_, err = tx.Commit()
	require.Equal(t, boom, err)
	require.Equal(t, "x=1 y=2 ", dumpOf(m))
	require.Equal(t, "y=1 ", dumpOf(other))
	require.Equal(t, print, r.Fingerprint())
	require.Equal(t, head, r.Head())
	require.Equal(t, clock, r.Clock())

	tx = r.Begin()
	require.NoError(t, m.In(tx).Set("x", 9))
	_, err = h.In(tx).Compose(func(replicate.Draft) (string, error) { panic(boom) })
	require.NoError(t, err)
	require.PanicsWithValue(t, boom, func() { tx.Commit() })
	require.Equal(t, "x=1 y=2 ", dumpOf(m))

	require.NoError(t, m.Set("x", 3))
	require.Equal(t, "x=3 y=2 ", dumpOf(copyOf(t, r)))
}

func TestTransactionLimits(t *testing.T) {
	r, m := newReplica(replicate.Config{})
	h, err := r.Open(replicate.ObjectName{Type: model.JSON.Tag})
	require.NoError(t, err)
	big := "\x01\x01k\"" + string(make([]byte, 0, 3<<20))
	for len(big) < 3<<20 {
		big += "0123456789012345678901234567890123456789012345678901234567890123" + big[4:]
	}
	big += "\""
	tx := r.Begin()
	for range 2 {
		_, err = h.In(tx).Write(big[:3<<20] + "\"")
		require.NoError(t, err)
	}
	_, err = tx.Commit()
	require.ErrorIs(t, err, replicate.ErrTooLarge)
	require.Zero(t, m.Len())

	_, stranger := newReplica(replicate.Config{})
	tx = r.Begin()
	require.Error(t, stranger.In(tx).Set("x", 1))
	_, err = tx.Commit()
	require.ErrorContains(t, err, "another replica")
}

// A transaction larger than a frame travels in one all the same.
func TestTransactionTravelsWhole(t *testing.T) {
	w := newWorld(t, 2, 9, false)
	w.single = false
	nd := w.nodes[0]
	tx := nd.r.Begin()
	for i := range 5000 {
		require.NoError(t, nd.m.In(tx).Set(string(rune('a'+i%26))+string(rune('a'+i/26)), i))
	}
	_, err := tx.Commit()
	require.NoError(t, err)
	w.connect(0, 1)
	require.Zero(t, w.nodes[1].m.Len())
	w.move(0, 1)
	require.Equal(t, 5000, w.nodes[1].m.Len())
	w.settle()
	w.converged()
}

// W0 x₁y₁; 1 connects and stalls; W0 x₂ y₃. The transaction is gone, and 1 was
// promised it: it is owed what became of both of its halves, not of the one
// that went last alone.
func TestAtomicHalfObsolete(t *testing.T) {
	for _, journaled := range []bool{false, true} {
		w := newWorld(t, 3, 5, journaled)
		w.writeAll(0, "x", "y")
		w.commit(0)
		w.connect(0, 1)
		w.write(0, "x")
		w.commit(0)
		w.write(0, "y")
		w.commit(0)
		for !replicate.IsMarker(w.move(0, 1)) {
		}
		w.promiseKept(1)
		w.kill(0)
		w.settle()
		w.converged()
		require.Equal(t, "x=1 y=2 ", dumpOf(w.nodes[1].m))
	}
}

// A part that is obsolete already where it arrives does not keep the others out.
func TestTransactionArrivesHalfObsolete(t *testing.T) {
	w := newWorld(t, 2, 6, false)
	w.writeAll(0, "x", "y")
	w.connect(0, 1)
	w.move(0, 1)
	w.cut(0, 1)
	w.writeAll(0, "x", "y")
	w.write(1, "x")
	w.settle()
	w.converged()
	require.Equal(t, "x=2 y=1 ", dumpOf(w.nodes[0].m))
}

// TestTransactionRefused reads frames whose column of transactions is wrong.
func TestTransactionRefused(t *testing.T) {
	w := newWorld(t, 2, 7, false)
	w.single = false
	w.writeAll(0, "x", "y", "z")
	w.connect(0, 1)
	sent := w.move(0, 1)
	msg, _, err := frame.Parse(sent, 1<<20)
	require.NoError(t, err)
	// One transaction, no rows before it, three rows.
	at := len(msg) - 3*(1+4) - 3 // an op is kind, length, key, digit
	require.Equal(t, []byte{1, 0, 3}, msg[at:at+3])
	for _, column := range [][]byte{{1, 1, 3}, {1, 0, 4}, {1, 0, 1}, {1, 0, 0}, {2, 0, 3}, {2, 0, 2}, {200, 0, 3}} {
		bad := append([]byte(nil), msg...)
		copy(bad[at:], column)
		require.ErrorIs(t, freshSession(t).Take(frame.Append(nil, bad)), replicate.ErrCorrupt, "%v", column)
	}
	require.Equal(t, []byte{2, 2}, msg[at-2:at], "two steps of one")
	for _, step := range []byte{0, 1, 3} { // none, and back
		bad := append([]byte(nil), msg...)
		bad[at-1] = step
		require.ErrorContains(t, freshSession(t).Take(frame.Append(nil, bad)), "do not increase")
	}
	bad := append([]byte(nil), msg...)
	bad[at-1] = 4 // a filter may have left one out
	require.NoError(t, freshSession(t).Take(frame.Append(nil, bad)))
}

// freshSession is one that has shaken hands with an empty peer.
func freshSession(t *testing.T) *replicate.Session {
	w := newWorld(t, 2, 8, false)
	w.write(0, "q")
	w.connect(0, 1)
	return w.links[pairOf(0, 1)].ends[1]
}

// A stamp inside of a transaction names two things.
func TestForkInsideTransaction(t *testing.T) {
	w := newWorld(t, 2, 10, false)
	w.single = false
	w.writeAll(0, "x", "y", "z")
	w.connect(0, 1)
	sent := w.move(0, 1)
	msg, _, err := frame.Parse(sent, 1<<20)
	require.NoError(t, err)
	other := append([]byte(nil), msg...)
	other[len(other)-1]++ // the last part's value
	require.ErrorIs(t, w.links[pairOf(0, 1)].ends[1].Take(frame.Append(nil, other)), replicate.ErrForked)
}
