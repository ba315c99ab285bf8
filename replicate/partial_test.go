package replicate_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/frame"
)

// pass moves all there is between i and j, in one session, and ends it. It
// returns how many updates each sent.
func (w *world) pass(i, j int) (fromI, fromJ int64) {
	w.connect(i, j)
	l := w.links[pairOf(i, j)]
	w.settleBetween(i, j)
	fromI, fromJ = l.ends[i].Stats().SentUpdates, l.ends[j].Stats().SentUpdates
	w.cut(i, j)
	return fromI, fromJ
}

// wants has node i want some keys alone.
func (w *world) wants(i int, f replicate.Filter) {
	nd := w.nodes[i]
	nd.want, nd.asked = f, append(nd.asked, f)
}

// 1 wants x only; W2 y; 2>1 M; 1>0 M. Were 2's marker, which was sent under
// the filter, worth as much as any, 1 would promise y to 0, which then never
// got it.
func TestPartialReplicaMarker(t *testing.T) {
	for _, journaled := range []bool{false, true} {
		w := newWorld(t, 3, 31, journaled)
		w.wants(1, keys("x"))
		w.write(2, "y")
		w.write(2, "x")
		w.write(1, "own")
		w.commit(2)
		w.pass(2, 1)
		require.Equal(t, "own=2 x=1 ", dumpOf(w.nodes[1].m))
		require.Len(t, w.nodes[1].r.Clock(), 1, "its own entry")
		require.Len(t, w.nodes[1].r.ClockOf(keys("x")), 2)
		w.pass(1, 0)
		require.Equal(t, "own=2 x=1 ", dumpOf(w.nodes[0].m))
		require.Len(t, w.nodes[0].r.Clock(), 1)
		w.promiseKept(0)
		w.pass(2, 0)
		require.Equal(t, "own=2 x=1 y=0 ", dumpOf(w.nodes[0].m))
		w.settle()
		w.convergedInPart()
	}
}

// 1 has had x, and wants more: neither the clock nor the token of x are about
// the rest.
func TestFilterWidened(t *testing.T) {
	for _, marked := range []bool{true, false} {
		w := newWorld(t, 2, 32, false)
		w.write(0, "y")
		w.write(0, "x")
		w.wants(1, keys("x"))
		w.connect(0, 1)
		require.True(t, replicate.IsUpdates(w.move(0, 1)))
		if marked {
			w.settleBetween(0, 1)
		}
		w.cut(0, 1)
		w.wants(1, keys("x", "y"))
		w.pass(0, 1)
		require.Equal(t, "x=1 y=0 ", dumpOf(w.nodes[1].m))
		w.write(0, "z")
		w.pass(0, 1)
		w.wants(1, replicate.Filter{})
		w.pass(0, 1)
		w.convergedInPart()
		require.Equal(t, "x=1 y=0 z=2 ", dumpOf(w.nodes[1].m))
		require.Equal(t, w.nodes[0].r.Fingerprint(), w.nodes[1].r.Fingerprint())
	}
}

// What 1 knows of x and y it knows of x.
func TestFilterNarrowed(t *testing.T) {
	w := newWorld(t, 2, 33, false)
	for _, key := range []string{"x", "y", "z"} {
		w.write(0, key)
	}
	w.wants(1, keys("x", "y"))
	from, _ := w.pass(0, 1)
	require.EqualValues(t, 2, from)
	w.wants(1, keys("x"))
	w.write(0, "y")
	w.write(0, "xx")
	from, _ = w.pass(0, 1)
	require.EqualValues(t, 1, from, "xx is news, x is not")
	require.Equal(t, "x=0 xx=4 y=1 ", dumpOf(w.nodes[1].m))
	w.wants(1, keys("x", "y"))
	w.pass(0, 1)
	require.Equal(t, "x=0 xx=4 y=3 ", dumpOf(w.nodes[1].m))
}

// 0 may change its mind on what 1 may have.
func TestPermissionChanged(t *testing.T) {
	w := newWorld(t, 2, 34, false)
	for _, key := range []string{"x", "y", "z"} {
		w.write(0, key)
	}
	w.nodes[0].allow = keys("x")
	w.pass(0, 1)
	require.Equal(t, "x=0 ", dumpOf(w.nodes[1].m))
	require.Empty(t, w.nodes[1].r.Clock())
	w.write(1, "own") // goes the other way unhindered
	w.pass(0, 1)
	require.True(t, w.nodes[0].m.Has("own"))
	require.Equal(t, w.nodes[1].r.Clock(), replicate.Clock{
		w.nodes[1].r.Author(): w.nodes[0].r.Clock()[w.nodes[1].r.Author()]})

	w.nodes[0].allow = keys("y")
	w.wants(1, keys("x", "y"))
	w.write(0, "x")
	w.pass(0, 1)
	require.Equal(t, "own=3 x=0 y=1 ", dumpOf(w.nodes[1].m))
	w.nodes[0].allow = keys()
	w.write(0, "y")
	w.pass(0, 1)
	require.Equal(t, "own=3 x=0 y=1 ", dumpOf(w.nodes[1].m))
	w.nodes[0].allow = replicate.Filter{}
	w.pass(0, 1)
	require.Equal(t, "own=3 x=4 y=5 ", dumpOf(w.nodes[1].m))
	w.convergedInPart()
}

// Two partial replicas with different filters, and no other: each sends what
// the other wants of what it has, and neither promises for it.
func TestTwoPartialReplicasMeet(t *testing.T) {
	w := newWorld(t, 4, 35, false)
	w.write(0, "x")
	w.write(0, "y")
	w.wants(1, keys("x"))
	w.wants(2, keys("y"))
	w.write(1, "yy")
	w.write(2, "xx")
	w.write(2, "z")
	w.pass(0, 1)
	w.pass(0, 2)
	w.kill(0)
	w.pass(1, 2)
	require.Equal(t, "x=0 xx=3 yy=2 ", dumpOf(w.nodes[1].m))
	require.Equal(t, "xx=3 y=1 yy=2 z=4 ", dumpOf(w.nodes[2].m))
	w.pass(1, 3)
	require.Len(t, w.nodes[3].r.Clock(), 1, "1's own")
	w.settle()
	w.convergedInPart()
	require.Equal(t, "x=0 xx=3 y=1 yy=2 z=4 ", dumpOf(w.nodes[3].m))
}

// W0 (xa y xb); 1 wants x and gets two parts of three, as a transaction whose
// stamps have a gap. When it wants everything, the third follows.
func TestAtomicPartFetchedLater(t *testing.T) {
	for _, journaled := range []bool{false, true} {
		w := newWorld(t, 3, 36, journaled)
		w.writeAll(0, "xa", "y", "xb")
		w.commit(0)
		w.wants(1, keys("x"))
		w.connect(0, 1)
		require.True(t, replicate.IsUpdates(w.move(0, 1)))
		require.Equal(t, "xa=0 xb=0 ", dumpOf(w.nodes[1].m), "both at once")
		w.settleBetween(0, 1)
		w.cut(0, 1)
		if journaled {
			w.kill(1)
			w.restart(1)
		}
		w.wants(1, replicate.Filter{})
		w.pass(0, 1)
		require.Equal(t, "xa=0 xb=0 y=0 ", dumpOf(w.nodes[1].m))
		require.Equal(t, w.nodes[0].r.Fingerprint(), w.nodes[1].r.Fingerprint())
		w.pass(1, 2)
		require.Equal(t, "xa=0 xb=0 y=0 ", dumpOf(w.nodes[2].m))
		w.settle()
		w.convergedInPart()
	}
}

// As TestAtomicHalfObsolete, with 1 wanting x: it is owed what became of that
// part, whichever goes last, and never what became of the other.
func TestAtomicHalfObsoleteUnderFilter(t *testing.T) {
	for _, order := range [][]string{{"x", "y"}, {"y", "x"}} {
		for _, journaled := range []bool{false, true} {
			w := newWorld(t, 2, 37, journaled)
			w.writeAll(0, "x", "y")
			w.wants(1, keys("x"))
			w.commit(0)
			w.connect(0, 1)
			for _, key := range order {
				w.write(0, key)
				w.commit(0)
			}
			for !replicate.IsMarker(w.move(0, 1)) {
			}
			w.promiseKept(1)
			require.Len(t, w.nodes[1].r.Live(), 1)
			require.Equal(t, "x", keyOf(w.nodes[1].r.Live()[0]))
			w.settle()
			w.convergedInPart()
		}
	}
}

// A replica that was sent a part of a transaction that is obsolete elsewhere,
// and one that has all of it, are equal once they hold the same.
func TestPartsSumUpAlike(t *testing.T) {
	w := newWorld(t, 3, 38, false)
	w.writeAll(0, "x", "y")
	w.wants(1, keys("y"))
	w.pass(0, 1)
	w.write(0, "x")
	w.wants(1, replicate.Filter{})
	w.pass(0, 1)
	require.Equal(t, w.nodes[0].r.Clock(), w.nodes[1].r.Clock())
	require.Equal(t, w.nodes[0].r.Fingerprint(), w.nodes[1].r.Fingerprint())
	w.settle()
	w.convergedInPart()
}

// Nothing of what 1 may not see is in the bytes that it is sent: no name, no
// key, no value, and no sum over them.
func TestNothingLeaks(t *testing.T) {
	w := newWorld(t, 2, 39, false)
	w.single = false
	w.write(0, "x")
	print := w.nodes[0].r.Fingerprint()
	w.writeAll(0, "secretkey", "x", "xb")
	secret, err := model.Open[string](w.nodes[0].r, "secretobject")
	require.NoError(t, err)
	require.NoError(t, secret.Set("x", "secretvalue"))
	w.nodes[0].allow = replicate.Only(replicate.Rule{Type: model.JSON.Tag, Key: "x"})
	w.dial(0, 1, replicate.SyncConfig{Once: true})
	var sent []byte
	for idle := 0; idle < 3; idle++ {
		if b := w.move(0, 1); b != nil {
			sent, idle = append(sent, b...), 0
		}
		if w.move(1, 0) != nil {
			idle = 0
		}
	}
	require.True(t, w.links[pairOf(0, 1)].ends[1].HeardBye())
	require.Equal(t, "x=1 xb=1 ", dumpOf(w.nodes[1].m))
	require.NotContains(t, string(sent), "secret")
	for _, print := range []replicate.Fingerprint{print, w.nodes[0].r.Fingerprint()} {
		for _, half := range print {
			require.False(t, bytes.Contains(sent, binary.BigEndian.AppendUint64(nil, half)))
		}
	}
	require.Equal(t, []replicate.ObjectName{{Type: model.JSON.Tag}}, w.nodes[1].r.Objects())
}

// A peer that sends what was not agreed on ends the session, and nothing of
// the frame is applied.
func TestPermissionViolated(t *testing.T) {
	w := newWorld(t, 2, 40, false)
	w.write(0, "y")
	w.nodes[0].allow = keys("x")
	w.connect(0, 1)
	w.links[pairOf(0, 1)].ends[0].Trespass()
	_, err := w.tryMove(0, 1)
	require.ErrorIs(t, err, replicate.ErrCorrupt)
	require.ErrorContains(t, err, "is not in model/json:/x*")
	require.Empty(t, w.nodes[1].r.Live())
}

// An interrupted partial session goes on where it was, across a restart of the
// receiver, by a token that is the filter's own.
func TestFilterTokenSurvivesRestart(t *testing.T) {
	w := newWorld(t, 2, 41, true)
	for i := range 9 {
		w.write(0, fmt.Sprint("x", i))
		w.write(0, fmt.Sprint("y", i))
	}
	w.commit(0)
	w.wants(1, keys("x"))
	w.connect(0, 1)
	for range 4 {
		require.True(t, replicate.IsUpdates(w.move(0, 1)))
	}
	w.commit(1)
	w.move(0, 1) // not in the file
	w.kill(1)
	w.restart(1)
	require.Len(t, w.nodes[1].r.Live(), 4)
	require.Empty(t, w.nodes[1].r.ClockOf(keys("x")))
	from, _ := w.pass(0, 1)
	require.EqualValues(t, 5, from)
	w.convergedInPart()

	// With the marker, the clock is in the file: no token is needed.
	w.kill(1)
	w.restart(1)
	require.NotEmpty(t, w.nodes[1].r.ClockOf(keys("x")))
	require.Empty(t, w.nodes[1].r.Clock())
	from, _ = w.exchange(0, 1)
	require.Zero(t, from)
}

// What a peer is promised under a filter is in the journal.
func TestFilterAckIsDurable(t *testing.T) {
	w := newWorld(t, 2, 42, true)
	w.write(0, "x")
	w.commit(0)
	w.wants(1, keys("x"))
	w.connect(0, 1)
	for !replicate.IsMarker(w.move(0, 1)) {
	}
	for b := w.move(1, 0); b != nil; b = w.move(1, 0) {
		require.False(t, replicate.IsAck(b))
	}
	w.commit(1)
	require.True(t, replicate.IsAck(w.move(1, 0)))
}

// A partial dump moves the clock of its filter alone.
func TestPartialDump(t *testing.T) {
	r, m := newReplica(replicate.Config{})
	for _, key := range []string{"x", "y", "xx"} {
		require.NoError(t, m.Set(key, 1))
	}
	b, mb := newReplica(replicate.Config{})
	f := keys("x")
	_, err := b.Load(t.Context(), r.ReadOf(f, nil))
	require.NoError(t, err)
	require.Equal(t, "x=1 xx=1 ", dumpOf(mb))
	require.Empty(t, b.Clock())
	require.Equal(t, r.Clock(), b.ClockOf(f))
	require.Equal(t, r.Clock(), b.ClockOf(keys("xx")), "what x contains")
	require.Empty(t, b.ClockOf(keys("x", "y")))

	require.NoError(t, m.Set("xx", 2))
	require.NoError(t, m.Set("y", 2))
	stats, err := b.Load(t.Context(), r.ReadOf(f, b.ClockOf(f)))
	require.NoError(t, err)
	require.EqualValues(t, 1, stats.AppliedUpdates)
	stats, err = b.Load(t.Context(), r.Read(b.Clock()))
	require.NoError(t, err)
	require.EqualValues(t, 1, stats.AppliedUpdates)
	require.Equal(t, r.Fingerprint(), b.Fingerprint())

	_, err = b.Load(t.Context(), r.ReadOf(replicate.Only(make([]replicate.Rule, 65)...), nil))
	require.NoError(t, err, "sixty-five times the same rule")
	_, err = b.Load(t.Context(), r.ReadOf(replicate.Only(replicate.Rule{Key: "x"}), nil))
	require.ErrorContains(t, err, "a key and no type")
}

// The position of a partial dump says of what part its marker speaks. Without
// it, and with what it excludes, a dump is refused.
func TestPartialDumpRefused(t *testing.T) {
	r, m := newReplica(replicate.Config{})
	require.NoError(t, m.Set("x", 1))
	whole, err := pull.Collect(t.Context(), r.Read(nil))
	require.NoError(t, err)
	part, err := pull.Collect(t.Context(), r.ReadOf(keys("y"), nil))
	require.NoError(t, err)
	greeting, n, err := frame.Parse(part[0], 1<<20)
	require.NoError(t, err)
	for want, dump := range map[string][][]byte{
		"before the position": {frame.Append(nil, greeting), part[1]},
		"is not in":           {part[0], whole[1]},
		"out of turn":         {part[0], part[0][n:]},
	} {
		b, mb := newReplica(replicate.Config{})
		_, err := b.Load(t.Context(), pull.Values(dump...))
		require.ErrorIs(t, err, replicate.ErrCorrupt)
		require.ErrorContains(t, err, want)
		require.Zero(t, mb.Len())
		require.Empty(t, b.ClockOf(keys("y")))
	}
}

// A relay that keeps objects unread cannot tell their keys: it does not claim to.
func TestRelayCannotJudgeKeys(t *testing.T) {
	relay := replicate.New(replicate.Config{KeepUnknown: true, Now: noon})
	a, ma := newReplica(replicate.Config{})
	require.NoError(t, ma.Set("x", 1))
	synctest.Test(t, func(t *testing.T) { syncOnce(t, a, relay) })
	b, mb := newReplica(replicate.Config{})
	for _, f := range []replicate.Filter{keys("x"), replicate.Only(replicate.Rule{Type: model.JSON.Tag})} {
		synctest.Test(t, func(t *testing.T) {
			errX, errY := run(replicate.NewSession(b, replicate.SyncConfig{Want: f, Once: true}),
				replicate.NewSession(relay, replicate.SyncConfig{}))
			if strings.Contains(f.String(), "/x") {
				require.ErrorIs(t, errX, replicate.ErrUnknownType)
				require.ErrorIs(t, errY, replicate.ErrUnknownType)
				require.Empty(t, b.ClockOf(f))
				return
			}
			require.NoError(t, errX)
			require.NoError(t, errY)
			require.Equal(t, 1, mb.Len())
		})
	}
	_, err := b.Load(t.Context(), relay.ReadOf(keys("x"), nil))
	require.ErrorIs(t, err, replicate.ErrUnknownType)
}

// A session whose filter cannot be said ends before it begins, at both ends.
func TestFilterRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newReplica(replicate.Config{})
		b, _ := newReplica(replicate.Config{})
		errX, errY := run(replicate.NewSession(a, replicate.SyncConfig{Want: replicate.Only(replicate.Rule{Key: "k"})}),
			replicate.NewSession(b, replicate.SyncConfig{}))
		require.ErrorContains(t, errX, "a key and no type")
		require.Error(t, errY)
		require.Zero(t, a.Readers()+b.Readers())

		var names, kinds []replicate.Rule
		for i := range 64 {
			names = append(names, replicate.Rule{Name: fmt.Sprint(i)})
			kinds = append(kinds, replicate.Rule{Type: fmt.Sprint("type", i), Prefix: true})
		}
		errX, errY = run(replicate.NewSession(a, replicate.SyncConfig{Want: replicate.Only(names...)}),
			replicate.NewSession(b, replicate.SyncConfig{Allow: replicate.Only(kinds...)}))
		require.ErrorIs(t, errX, replicate.ErrTooLarge)
		require.ErrorContains(t, errY, "limit 64")
		require.Empty(t, a.Filters())
	})
}

// Two real sessions, one way everything, the other some, live and then finished.
func TestPartialSessionLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, ma := newReplica(replicate.Config{})
		b, mb := newReplica(replicate.Config{})
		require.NoError(t, ma.Set("y", 0))
		x, y := duplex.Pair[[]byte, []byte]()
		sx := replicate.NewSession(a, replicate.SyncConfig{})
		sy := replicate.NewSession(b, replicate.SyncConfig{Want: keys("x")})
		done := make(chan error, 2)
		go func() { done <- sx.Run(t.Context(), x) }()
		go func() { done <- sy.Run(t.Context(), y) }()
		for i := range 20 {
			require.NoError(t, ma.Set("x", i))
			require.NoError(t, ma.Set("y", i))
			require.NoError(t, mb.Set("z", i))
			synctest.Wait()
			require.Equal(t, fmt.Sprintf("x=%d z=%d ", i, i), dumpOf(mb))
			require.Equal(t, fmt.Sprintf("x=%d y=%d z=%d ", i, i, i), dumpOf(ma))
		}
		require.Equal(t, a.Clock(), b.ClockOf(keys("x")))
		sx.Finish()
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		require.True(t, sx.Stats().CaughtUp && sy.Stats().CaughtUp)
	})
}

// Filters that are not used any more make room, and cost only what lies above
// the others.
func TestManyFilters(t *testing.T) {
	r, m := newReplica(replicate.Config{})
	require.NoError(t, m.Set("x", 1))
	b, _ := newReplica(replicate.Config{})
	for i := range 100 {
		_, err := b.Load(t.Context(), r.ReadOf(keys("x", fmt.Sprint("y", i)), nil))
		require.NoError(t, err)
	}
	require.Len(t, b.Filters(), 64)
	require.Empty(t, b.ClockOf(keys("y0")))
	require.NotEmpty(t, b.ClockOf(keys("y99")))
}

// A filter that a session goes by is not among those that make room.
func TestFilterInUseStays(t *testing.T) {
	w := newWorld(t, 2, 44, false)
	w.write(0, "x")
	w.wants(1, keys("x"))
	w.connect(0, 1)
	for i := range 100 {
		require.NoError(t, w.nodes[1].r.Write(t.Context(), w.nodes[0].r.ReadOf(keys(fmt.Sprint("y", i)), nil)))
	}
	w.settleBetween(0, 1)
	require.NotEmpty(t, w.nodes[1].r.ClockOf(keys("x")))
	w.cut(0, 1)
	require.NoError(t, w.nodes[1].r.Write(t.Context(), w.nodes[0].r.ReadOf(keys("z"), nil)))
	require.NotContains(t, w.nodes[1].r.Filters(), keys("x"), "and then it is")
}
