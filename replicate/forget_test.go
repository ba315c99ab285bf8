package replicate_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// The histories below break forgetting that lacks one rule each. F0 is "0
// forgets"; who is a member is said each time.

// members declares members, by node, on each of them.
func (w *world) members(nodes ...int) {
	var ids []replicate.ReplicaID
	for _, i := range nodes {
		ids = append(ids, w.nodes[i].id)
	}
	for _, nd := range w.nodes {
		nd.r.SetMembers(ids)
	}
}

func (w *world) forget(i int, hurry bool) int {
	n, err := w.nodes[i].r.Forget(hurry)
	require.NoError(w.t, err)
	return n
}

// talk runs a session between i and j to its end or until nothing moves, and
// returns what it failed with at each end.
func (w *world) talk(i, j int, at, there replicate.SyncConfig) [2]error {
	w.dialWith(i, j, at, there)
	return w.goOn(i, j)
}

// goOn moves a session that may fail.
func (w *world) goOn(i, j int) [2]error {
	l := w.links[pairOf(i, j)]
	ended := map[int]bool{}
	for moved := true; moved; {
		moved = false
		w.commit(i)
		w.commit(j)
		for _, d := range [][2]int{{i, j}, {j, i}} {
			b, err := l.ends[d[0]].Next()
			if err == io.EOF || b == nil {
				continue
			}
			require.NoError(w.t, err)
			moved = true
			if ended[d[1]] {
				continue
			}
			if err := l.ends[d[1]].Take(b); err != nil {
				ended[d[1]] = true
			}
		}
	}
	return [2]error{l.ends[i].Failure(), l.ends[j].Failure()}
}

// anew is a configuration that allows to take everything anew, and what that
// loses.
func anew() (cfg replicate.SyncConfig, unseen *[]*replicate.Update) {
	unseen = new([]*replicate.Update)
	cfg.Resync = func(lost []*replicate.Update) { *unseen = append(*unseen, lost...) }
	return cfg, unseen
}

var resyncs = replicate.SyncConfig{Resync: func([]*replicate.Update) {}}

// W0 x; O0>1; 0>1 x; W0 del; F0. 1 would keep x under a clock that covers the
// deletion: the session must end.
func TestForgetAheadOfLiveReader(t *testing.T) {
	w := newWorld(t, 2, 1, false)
	w.members(0)
	w.write(0, "x")
	w.connect(0, 1)
	w.move(0, 1)
	w.del(0, "x")
	require.Zero(t, w.forget(0, false), "1 is connected, and has not heard of it")
	require.Empty(t, w.nodes[0].r.Awaited(), "1 is no member")
	require.Equal(t, 1, w.forget(0, true))
	errs := w.goOn(0, 1)
	require.ErrorIs(t, errs[0], replicate.ErrBehind)
	require.ErrorIs(t, errs[1], replicate.ErrBehind)
	require.Equal(t, "x=0 ", dumpOf(w.nodes[1].m))

	errs = w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{})
	for i, want := range []error{replicate.ErrPeerBehind, replicate.ErrBehindPeer} {
		require.ErrorIs(t, errs[i], want, "the side that is behind is told from the other")
		require.ErrorIs(t, errs[i], replicate.ErrBehind)
		require.NotContains(t, errs[i].Error(), "peer: ", "it is said as it is here")
	}
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, resyncs))
	require.Empty(t, dumpOf(w.nodes[1].m))
	require.Equal(t, w.nodes[0].r.Horizon(), w.nodes[1].r.Horizon())
	require.Equal(t, w.nodes[0].r.Fingerprint(), w.nodes[1].r.Fingerprint())
	w.write(1, "y")
	w.write(0, "z")
	require.Equal(t, [2]error{}, w.goOn(0, 1), "the session goes on")
	w.converged()
	require.Equal(t, "y=1 z=2 ", dumpOf(w.nodes[0].m))
}

// 0 is the only member. W1 x; 1>0 x; W0 del; F0; 1 comes back with x, which 0
// has nothing against any more: who sends is checked too.
func TestForgetWithItemInFlight(t *testing.T) {
	w := newWorld(t, 2, 2, false)
	w.members(0)
	w.write(1, "x")
	w.connect(1, 0)
	w.move(1, 0)
	w.cut(0, 1)
	w.del(0, "x")
	require.Equal(t, 1, w.forget(0, false))
	errs := w.talk(1, 0, replicate.SyncConfig{}, replicate.SyncConfig{})
	require.ErrorIs(t, errs[0], replicate.ErrBehind)
	require.Empty(t, dumpOf(w.nodes[0].m))
	cfg, unseen := anew()
	require.Equal(t, [2]error{}, w.talk(1, 0, cfg, replicate.SyncConfig{}))
	require.Empty(t, dumpOf(w.nodes[1].m))
	require.Len(t, *unseen, 1, "x was never covered by 0's clock, as far as 1 can tell")
}

// 0 and 1 are members, 2 holds x. 1 gets the deletion and forgets it; 2 takes
// everything anew from 1. Were the horizon not handed on, 3 could bring x back
// through 2.
func TestHorizonHandedOn(t *testing.T) {
	w := newWorld(t, 4, 3, false)
	w.members(0, 1)
	w.write(0, "x")
	w.talk(0, 2, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.cut(0, 2)
	w.talk(2, 3, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.cut(2, 3)
	w.del(0, "x")
	w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.cut(0, 1)
	require.Equal(t, 1, w.forget(1, false))
	require.Equal(t, [2]error{}, w.talk(1, 2, replicate.SyncConfig{}, resyncs))
	require.Empty(t, dumpOf(w.nodes[2].m))
	errs := w.talk(2, 3, resyncs, replicate.SyncConfig{})
	require.ErrorIs(t, errs[1], replicate.ErrBehind)
	require.Empty(t, dumpOf(w.nodes[2].m))

	// 0, which has not forgotten yet, goes on with all of them.
	require.Equal(t, [2]error{}, w.talk(0, 2, replicate.SyncConfig{}, replicate.SyncConfig{}))
	require.Equal(t, w.nodes[2].r.Horizon(), w.nodes[0].r.Horizon(), "it follows")
	require.Equal(t, w.nodes[2].r.Fingerprint(), w.nodes[0].r.Fingerprint())
}

// A replica that is no member has no say in what may be forgotten.
func TestNonMemberForgets(t *testing.T) {
	w := newWorld(t, 3, 4, false)
	w.members(0, 1)
	w.write(2, "x")
	w.del(2, "x")
	_, err := w.nodes[2].r.Forget(true)
	require.ErrorIs(t, err, replicate.ErrNotMember)
	w.write(0, "y")
	w.del(0, "y")
	require.Zero(t, w.forget(0, true), "1 was never heard of")
	require.Equal(t, map[replicate.ReplicaID]int{w.nodes[1].id: 1}, w.nodes[0].r.Awaited())
	w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{})
	require.Empty(t, w.nodes[0].r.Awaited())
	require.Equal(t, 1, w.forget(0, true))
}

// What a part of a replica lacks of what was deleted nobody can tell.
func TestForgottenOnlyInFull(t *testing.T) {
	w := newWorld(t, 2, 6, false)
	w.members(0)
	w.write(0, "x")
	part := replicate.SyncConfig{Want: keys("x")}
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, part))
	w.del(0, "x")
	require.Equal(t, 1, w.forget(0, true))
	errs := w.goOn(0, 1)
	require.ErrorIs(t, errs[0], replicate.ErrInFull, "the session that was live")
	require.ErrorIs(t, errs[1], replicate.ErrInFull)
	errs = w.talk(0, 1, replicate.SyncConfig{}, part)
	require.ErrorIs(t, errs[0], replicate.ErrInFull)
	require.ErrorIs(t, errs[1], replicate.ErrInFull)
	require.ErrorIs(t, errs[1], replicate.ErrBehind)
	require.ErrorIs(t, w.nodes[1].r.Write(t.Context(), w.nodes[0].r.ReadOf(keys("x"), nil)), replicate.ErrInFull)
}

// W0 p; W0 del; F0; 1, which holds p, begins to take everything anew and 0
// dies. Had 1 taken the horizon at the greeting, it would refuse everyone.
func TestHorizonTakenThenMemberDies(t *testing.T) {
	w := newWorld(t, 3, 5, false)
	w.members(0)
	w.write(0, "p")
	w.write(0, "q")
	w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.cut(0, 1)
	w.del(0, "p")
	w.forget(0, true)
	w.dialWith(0, 1, replicate.SyncConfig{}, resyncs)
	for range 2 {
		w.move(0, 1)
		w.move(1, 0)
	}
	w.move(0, 1) // q, and no marker
	w.kill(0)
	require.Empty(t, w.nodes[1].r.Horizon())
	require.Equal(t, "p=0 q=1 ", dumpOf(w.nodes[1].m))
	require.Equal(t, [2]error{}, w.talk(1, 2, replicate.SyncConfig{}, replicate.SyncConfig{}))
	w.converged()
}

// dialWith is dial with a configuration for each end.
func (w *world) dialWith(i, j int, at, there replicate.SyncConfig) {
	w.cut(i, j)
	if w.single {
		at.FrameSize, there.FrameSize = 1, 1
	}
	l := &link{ends: map[int]*replicate.Session{
		i: replicate.NewSession(w.nodes[i].r, at), j: replicate.NewSession(w.nodes[j].r, there),
	}}
	l.ends[i].Begin()
	l.ends[j].Begin()
	w.links[pairOf(i, j)] = l
}

// 2 takes everything anew from 0 and has been sent x; W0 del; F0. What 2
// builds would end with x in it.
func TestForgetDuringResync(t *testing.T) {
	for _, hurry := range []bool{false, true} {
		w := newWorld(t, 3, 6, false)
		w.members(0)
		w.write(0, "x")
		w.write(0, "y")
		w.write(2, "z")
		w.dialWith(0, 2, replicate.SyncConfig{}, replicate.SyncConfig{})
		w.write(0, "g")
		w.del(0, "g")
		w.forget(0, true)
		w.dialWith(0, 2, replicate.SyncConfig{}, resyncs)
		for range 2 {
			w.move(0, 2)
			w.move(2, 0)
		}
		w.move(0, 2) // x
		w.del(0, "x")
		if n := w.forget(0, hurry); !hurry {
			require.Zero(t, n, "someone is taking everything anew")
			require.Equal(t, [2]error{}, w.goOn(0, 2))
			require.Equal(t, "y=1 ", dumpOf(w.nodes[2].m))
			require.Equal(t, 1, w.forget(0, false))
			continue
		}
		errs := w.goOn(0, 2)
		require.ErrorIs(t, errs[1], replicate.ErrBehind)
		require.Equal(t, "z=2 ", dumpOf(w.nodes[2].m), "nothing was swapped in")
		require.Equal(t, [2]error{}, w.talk(0, 2, replicate.SyncConfig{}, resyncs))
		require.Equal(t, "y=1 ", dumpOf(w.nodes[2].m))
	}
}

// 1 takes everything anew while it is sending what it had to 2: that session
// must not go on with what 1 does not hold any more.
func TestSessionsSurviveResync(t *testing.T) {
	w := newWorld(t, 3, 7, false)
	w.members(0)
	w.write(0, "p")
	w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.cut(0, 1)
	w.del(0, "p")
	w.forget(0, true)
	w.dial(1, 2, replicate.SyncConfig{})
	w.talk(0, 1, replicate.SyncConfig{}, resyncs)
	errs := w.goOn(1, 2)
	require.ErrorIs(t, errs[0], replicate.ErrResynced)
	require.ErrorIs(t, errs[1], replicate.ErrResynced)
	require.Empty(t, dumpOf(w.nodes[2].m))
}

// 2 writes y, and only 1 gets it. 2 takes everything anew from 0. Were it to go
// on as the author of y, its own entry would cover y, and y never be fetched.
func TestSameAuthorAfterResync(t *testing.T) {
	w := newWorld(t, 3, 8, false)
	w.members(0)
	w.write(0, "g")
	w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.talk(0, 2, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.cut(0, 1)
	w.cut(0, 2)
	w.write(2, "y")
	w.connect(2, 1)
	w.move(2, 1)
	w.cut(1, 2)
	require.Equal(t, "g=0 y=1 ", dumpOf(w.nodes[1].m))
	w.del(0, "g")
	w.forget(0, true)
	before := w.nodes[2].r.Author()
	cfg, unseen := anew()
	require.Equal(t, [2]error{}, w.talk(0, 2, replicate.SyncConfig{}, cfg))
	require.Len(t, *unseen, 1)
	require.NotEqual(t, before, w.nodes[2].r.Author())
	w.write(2, "x")
	require.Equal(t, "x=2 ", dumpOf(w.nodes[2].m))

	// 1 is behind as well, and only it has y now.
	errs := w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{})
	require.ErrorIs(t, errs[1], replicate.ErrBehind)
}

// W2 y, which nobody has; 2 takes everything anew. y is handed to the
// application, and not written again: what it was based on may be gone.
func TestUnseenWritesReportedNotMerged(t *testing.T) {
	w := newWorld(t, 3, 9, false)
	w.members(0)
	w.write(0, "g")
	w.talk(0, 2, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.cut(0, 2)
	w.del(0, "g")
	w.forget(0, true)
	w.write(2, "y")
	w.write(2, "y")
	changes := w.nodes[2].r.Changes(w.nodes[2].r.Head())
	cfg, unseen := anew()
	require.Equal(t, [2]error{}, w.talk(0, 2, replicate.SyncConfig{}, cfg))
	require.Len(t, *unseen, 1)
	require.Equal(t, "y", keyOf((*unseen)[0]))
	require.Empty(t, dumpOf(w.nodes[2].m))
	_, err := changes(t.Context())
	require.ErrorIs(t, err, replicate.ErrResynced)
	w.kill(1)
	w.settle()
	require.Empty(t, dumpOf(w.nodes[0].m))
}

// W0 x; del; F0; 1 copies 0; W1 x at an hour before the deletion. A stamp below
// what was forgotten would be dropped by some and shown by others.
func TestWriteBelowForgottenDelete(t *testing.T) {
	w := newWorld(t, 2, 10, false)
	w.members(0)
	w.write(0, "x")
	w.del(0, "x")
	w.forget(0, false)
	w.now = w.now.Add(-4 * time.Minute)
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{}),
		"an empty replica has nothing to lose")
	require.NotEmpty(t, w.nodes[1].r.Horizon())
	w.write(1, "x")
	at := w.nodes[1].r.Live()[0].Stamp()
	for name, h := range w.nodes[1].r.Horizon() {
		require.Greater(t, at.Time, h, name)
	}
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{}))
	w.converged()
}

// W1 x; a dump of 1; 0 loads it; W0 del; F0; 0 loads it again.
func TestOldPartialDump(t *testing.T) {
	w := newWorld(t, 2, 11, false)
	w.members(0)
	w.write(1, "x")
	dump, err := pull.Collect(t.Context(), w.nodes[1].r.Read(nil))
	require.NoError(t, err)
	for _, cut := range []int{len(dump), len(dump) - 1} {
		w.nodes[0].r.Write(t.Context(), pull.Values(dump[:cut]...))
		w.del(0, "x")
	}
	require.NotZero(t, w.forget(0, false))
	for _, cut := range []int{len(dump), len(dump) - 1} {
		require.ErrorIs(t, w.nodes[0].r.Write(t.Context(), pull.Values(dump[:cut]...)), replicate.ErrBehind)
	}
	require.Empty(t, dumpOf(w.nodes[0].m))

	// The other way round, into a replica that may hold what was deleted.
	dump, err = pull.Collect(t.Context(), w.nodes[0].r.Read(nil))
	require.NoError(t, err)
	require.ErrorIs(t, w.nodes[1].r.Write(t.Context(), pull.Values(dump...)), replicate.ErrBehind)
	empty, _ := newReplica(replicate.Config{Now: func() time.Time { return w.now }})
	require.NoError(t, empty.Write(t.Context(), pull.Values(dump...)))
	require.Equal(t, w.nodes[0].r.Horizon(), empty.Horizon())
}

// A transaction is forgotten when all of it may be.
func TestForgetTransaction(t *testing.T) {
	w := newWorld(t, 2, 12, false)
	w.members(0)
	nd := w.nodes[0]
	require.NoError(t, nd.m.Set("a", 1))
	require.NoError(t, nd.m.Set("b", 1))
	other, err := model.Open[int](nd.r, "")
	require.NoError(t, err)
	tx := nd.r.Begin()
	_, err = other.In(tx).Delete("a")
	require.NoError(t, err)
	require.NoError(t, other.In(tx).Set("b", 2))
	_, err = tx.Commit()
	require.NoError(t, err)
	require.Zero(t, w.forget(0, false), "half of it is no deletion")
	require.NoError(t, nd.m.Set("b", 3))
	require.Equal(t, 1, w.forget(0, false))
	require.Equal(t, "b=3 ", dumpOf(nd.m))
	require.Equal(t, 1, nd.r.Len())
}

// W1 y; 1>0 y, without a marker; 1 takes everything anew from 0. What came from
// 1 is not sent to 1 as a rule; but 1 does not have it any more.
func TestOriginForgottenByResync(t *testing.T) {
	w := newWorld(t, 2, 13, false)
	w.members(0)
	w.write(1, "y")
	w.connect(1, 0)
	w.move(1, 0)
	w.cut(0, 1)
	w.write(0, "g")
	w.del(0, "g")
	w.forget(0, true)
	cfg, unseen := anew()
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, cfg))
	require.Empty(t, *unseen)
	require.Equal(t, "y=0 ", dumpOf(w.nodes[1].m))
	w.converged()
}

// W0 x₁y₁ in one transaction; del x; F0. The deletion is forgotten, and the
// transaction lives on by its other half: what it says of x must not be sent any
// more, or x comes back where nothing is known of the deletion.
func TestForgetWhatATransactionCarries(t *testing.T) {
	w := newWorld(t, 3, 14, false)
	w.members(0, 1)
	w.writeAll(0, "x", "y")
	w.del(0, "x")
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{}))
	require.Equal(t, 1, w.forget(0, false))
	require.Equal(t, [2]error{}, w.talk(0, 2, replicate.SyncConfig{}, replicate.SyncConfig{}))
	require.Equal(t, "y=0 ", dumpOf(w.nodes[2].m))
	require.Equal(t, "y=0 ", dumpOf(copyOf(t, w.nodes[0].r)))
}

// A session that has ended by what was forgotten takes in nothing more that
// comes by it.
func TestNothingTakenAfterTheEnd(t *testing.T) {
	w := newWorld(t, 3, 15, false)
	w.members(0)
	w.write(2, "y")
	w.write(1, "p")
	w.dial(2, 1, replicate.SyncConfig{})
	for range 2 {
		w.move(2, 1)
		w.move(1, 2)
	}
	late, err := w.links[pairOf(1, 2)].ends[2].Next() // y, on its way to 1
	require.NoError(t, err)
	require.True(t, replicate.IsUpdates(late))
	w.write(0, "g")
	w.del(0, "g")
	w.forget(0, true)
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, resyncs))
	require.ErrorIs(t, w.links[pairOf(1, 2)].ends[1].Take(late), replicate.ErrResynced)
	require.Empty(t, dumpOf(w.nodes[1].m))
}

// W0 x₁y₁ in one transaction; W1 del x, later, and not knowing of it; 0>1; F1.
// What of a transaction was obsolete when it came is not to be sent either, once
// what made it so is forgotten.
func TestForgetWhatATransactionBrought(t *testing.T) {
	w := newWorld(t, 3, 16, false)
	w.members(0, 1)
	w.write(0, "x")
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{}))
	w.cut(0, 1)
	w.writeAll(0, "x", "y")
	w.now = w.now.Add(time.Second)
	w.del(1, "x")
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{}))
	require.Equal(t, 1, w.forget(1, false))
	require.Equal(t, "y=1 ", dumpOf(copyOf(t, w.nodes[1].r)))
	require.Equal(t, 1, w.forget(0, false))
	require.Equal(t, "y=1 ", dumpOf(copyOf(t, w.nodes[0].r)))
}

// Who watches changes is told of a deletion before that is forgotten; or, if that
// is not waited for, that something was missed.
func TestForgetWaitsForWatchers(t *testing.T) {
	for _, hurry := range []bool{false, true} {
		w := newWorld(t, 1, 17, false)
		w.members(0)
		r := w.nodes[0].r
		w.write(0, "x")
		changes := r.Changes(0)
		_, err := changes(t.Context())
		require.NoError(t, err)
		read := r.Head()
		w.del(0, "x")
		if !hurry {
			require.Zero(t, w.forget(0, false), "it has not been told")
			batch, err := changes(t.Context())
			require.NoError(t, err)
			require.Len(t, batch, 1)
			require.Equal(t, 1, w.forget(0, false))
		} else {
			require.Equal(t, 1, w.forget(0, true))
			_, err = changes(t.Context())
			require.ErrorIs(t, err, replicate.ErrResynced)
		}
		_, err = r.Changes(read)(t.Context())
		require.ErrorIs(t, err, replicate.ErrResynced, "nobody was there to wait for")
		require.NoError(t, pull.Abort(changes, pull.ErrStopped))
		w.write(0, "y")
		batch, err := r.Changes(0)(t.Context())
		require.NoError(t, err)
		require.Len(t, batch, 1)
	}
}

// W2 x; 2>0 x; 2>1 x; 2 dies before it promises anything; W0 y; 0>1 y; W0 del y;
// F0. Both have x above every marker, and need not send it to each other, unless
// one of them throws it away to take everything anew.
func TestRemainderOfWhoTakesAllAnew(t *testing.T) {
	w := newWorld(t, 3, 7, false)
	w.members(0)
	w.write(2, "x")
	for i := range 2 {
		w.connect(2, i)
		w.move(2, i)
	}
	w.kill(2)
	w.write(0, "y")
	w.talk(0, 1, replicate.SyncConfig{}, replicate.SyncConfig{})
	w.cut(0, 1)
	w.del(0, "y")
	require.Equal(t, 1, w.forget(0, true))
	require.Equal(t, "x=0 y=1 ", dumpOf(w.nodes[1].m))
	require.Equal(t, [2]error{}, w.talk(0, 1, replicate.SyncConfig{}, resyncs))
	require.Equal(t, "x=0 ", dumpOf(w.nodes[1].m))
	require.Equal(t, w.nodes[0].r.Fingerprint(), w.nodes[1].r.Fingerprint())
}
