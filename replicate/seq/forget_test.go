package seq_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/members"
	"github.com/weir-go/weir/replicate/seq"
)

// A list of which all was deleted, in whatever order and in whatever
// transactions, leaves nothing behind.
func TestForgetEverything(t *testing.T) {
	const n = 100
	for name, deletes := range map[string]func(s *site, ids []seq.ID){
		"first to last": func(s *site, ids []seq.ID) { s.delete(t, ids...) },
		"last to first": func(s *site, ids []seq.ID) { slices.Reverse(ids); s.delete(t, ids...) },
		"at random": func(s *site, ids []seq.ID) {
			rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
			s.delete(t, ids...)
		},
		"in three transactions": func(s *site, ids []seq.ID) {
			for k := range 3 {
				tx := s.r.Begin()
				for i := k; i < n; i += 3 {
					_, err := s.l.In(tx).Delete(ids[i])
					require.NoError(t, err)
				}
				_, err := tx.Commit()
				require.NoError(t, err)
			}
		},
		"moved before": func(s *site, ids []seq.ID) {
			for i := range n {
				require.NoError(t, s.l.Move(ids[i*7%n], i*3%n))
				require.NoError(t, s.l.Set(ids[i], i))
			}
			s.delete(t, ids...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, 1)
			members.Declare(s.r)
			ids := s.push(t, make([]int, n)...)
			deletes(s, ids)
			require.Equal(t, n, min(s.places(), n))
			require.NotZero(t, members.Forget(t, s.r))
			require.Zero(t, s.places())
			require.Zero(t, s.r.Len())
			require.Empty(t, s.list())
			s.push(t, 1, 2)
			copied := newSite(t, 2)
			copied.pull(t, s)
			require.Equal(t, []int{1, 2}, copied.values(t))
			require.Equal(t, s.r.Horizon(), copied.r.Horizon())
		})
	}
}

// Who pushes and deletes 100,000 elements, and forgets, has little left, in
// memory and in a dump.
func TestForgetMemory(t *testing.T) {
	const n = 100_000
	s := newSite(t, 1)
	members.Declare(s.r)
	before := heap()
	ids := s.push(t, make([]int, n)...)
	full := heap() - before
	for _, id := range ids {
		_, err := s.l.Delete(id)
		require.NoError(t, err)
	}
	ids = nil
	require.Equal(t, n, members.Forget(t, s.r))
	left := int64(heap() - before)
	require.Less(t, left, int64(full/50))
	dump, err := pull.Collect(t.Context(), s.r.Read(nil))
	require.NoError(t, err)
	require.Less(t, len(slices.Concat(dump...)), 300)
	runtime.KeepAlive(s)
}

// What stays: what is next to something that stays. The first elements of a
// queue are above the last ones in the tree, until it has run empty.
func TestForgetQueue(t *testing.T) {
	s := newSite(t, 1)
	members.Declare(s.r)
	ids := s.push(t, 1, 2, 3, 4)
	s.delete(t, ids[:3]...)
	require.Zero(t, members.Forget(t, s.r))
	_, err := s.l.Pop()
	require.NoError(t, err)
	s.push(t, 5)
	require.Equal(t, 4, members.Forget(t, s.r), "5 began anew")
	require.Equal(t, []int{5}, s.values(t))
	require.Equal(t, 1, s.places())

	ids = s.push(t, 6, 7, 8)
	s.delete(t, ids[1:]...)
	require.Equal(t, 2, members.Forget(t, s.r), "nothing is behind them")
	require.Equal(t, []int{5, 6}, s.values(t))
}

// 0 has x; 1 gets it, and is away; 0 deletes x and forgets it. 1, which was not
// declared, is behind, and takes everything anew: x does not come back.
func TestForgetReturningPeer(t *testing.T) {
	sites := newSites(t, 2)
	a, b := sites[0], sites[1]
	members.Declare(a.r)
	b.r.SetMembers([]replicate.ReplicaID{a.r.ID()})
	ids := a.push(t, 1, 2)
	members.Sync(t, replicas(sites...)...)
	_, err := b.l.InsertAfter(ids[1], 3)
	require.NoError(t, err)
	a.delete(t, ids[1])
	require.Equal(t, 1, members.Forget(t, a.r))
	s := members.Dial(a.r, b.r)
	require.ErrorIs(t, s.Play(), replicate.ErrBehind)
	s.Hang()
	require.Equal(t, []int{1, 2, 3}, b.values(t))
	var unseen []*replicate.Update
	s = members.Dial(a.r, b.r, replicate.SyncConfig{}, replicate.SyncConfig{
		Resync: func(lost []*replicate.Update) { unseen = lost },
	})
	require.NoError(t, s.Play())
	require.Len(t, unseen, 1)
	require.Equal(t, []int{1}, b.values(t))
	require.Equal(t, a.r.Fingerprint(), b.r.Fingerprint())
	require.Equal(t, a.list(), b.list())
}

// 0 deletes x while 1, which has not heard of it, writes next to x or moves it,
// and 0 forgets at some moment of their session. Were 0 to look only at whether
// 1 has the deletion, x could go before what 1 wrote has come.
func TestForgetWhileAMemberWritesNextToIt(t *testing.T) {
	for name, edit := range map[string]func(s *site, x seq.ID) error{
		"insert": func(s *site, x seq.ID) error { _, err := s.l.InsertAfter(x, 9); return err },
		"move":   func(s *site, x seq.ID) error { return s.l.Move(x, 0) },
		"move, and insert": func(s *site, x seq.ID) error {
			require.NoError(t, s.l.Move(x, 0))
			_, err := s.l.InsertAfter(x, 9)
			return err
		},
		"delete": func(s *site, x seq.ID) error { _, err := s.l.Delete(x); return err },
	} {
		t.Run(name, func(t *testing.T) {
			for heard := range 4 {
				for moment := range 8 {
					forgetWhile(t, edit, heard, moment)
				}
			}
		})
	}
}

// forgetWhile has 1 write after so many frames from 0, and 0 forget after so
// many that came back.
func forgetWhile(t *testing.T, edit func(*site, seq.ID) error, heard, moment int) {
	sites := newSites(t, 2)
	a, b := sites[0], sites[1]
	members.Declare(replicas(sites...)...)
	ids := a.push(t, 1, 2, 3)
	members.Sync(t, replicas(sites...)...)
	s := members.Dial(a.r, b.r, replicate.SyncConfig{FrameSize: 1}, replicate.SyncConfig{FrameSize: 1})
	require.NoError(t, s.Play())
	a.delete(t, ids[2])
	frames := [][]byte{}
	for range heard {
		frame, err := s[0].Next()
		require.NoError(t, err)
		frames = append(frames, frame)
	}
	require.NoError(t, edit(b, ids[2]))
	wrote := b.values(t)
	for _, frame := range frames {
		if frame != nil {
			require.NoError(t, s[1].Take(frame))
		}
	}
	for range moment {
		_, err := s.Step(1)
		require.NoError(t, err)
	}
	members.Forget(t, a.r)
	require.NoError(t, s.Play())
	members.Forget(t, b.r)
	require.NoError(t, s.Play())
	want := slices.DeleteFunc(wrote, func(v int) bool { return v == 3 })
	require.Equal(t, want, b.values(t), "%d %d", heard, moment)
	require.Equal(t, want, a.values(t), "%d %d", heard, moment)
	require.Equal(t, a.list(), b.list())
	for range 2 {
		members.Forget(t, a.r)
		require.NoError(t, s.Play())
	}
	require.Equal(t, a.r.Fingerprint(), b.r.Fingerprint())
}

// 1 holds the deletion of x when it inserts where x was, and 0 has forgotten x.
// A place next to x would be one that 0 does not find.
func TestForgetThenInsertWhereItWas(t *testing.T) {
	for at := range 4 {
		sites := newSites(t, 2)
		a, b := sites[0], sites[1]
		members.Declare(replicas(sites...)...)
		ids := a.push(t, 1, 2, 3)
		x, err := a.l.InsertAfter(ids[0], 4)
		require.NoError(t, err)
		y, err := a.l.InsertBefore(x, 5)
		require.NoError(t, err)
		a.delete(t, ids[2], x, y)
		members.Sync(t, replicas(sites...)...)
		require.Equal(t, 3, members.Forget(t, a.r))
		require.Equal(t, 5, b.places())
		for k := range 3 {
			_, err = b.l.Insert(min(at+k, b.l.Len()), 10+k)
			require.NoError(t, err)
		}
		require.NoError(t, b.l.Move(ids[0], at%3))
		members.Sync(t, replicas(sites...)...)
		require.Equal(t, b.list(), a.list(), at)
		require.Equal(t, a.r.Fingerprint(), b.r.Fingerprint())
	}
}

// A deletion goes with all that its transaction wrote, or not at all; and a move
// that is kept keeps its element.
func TestForgetTransactions(t *testing.T) {
	s := newSite(t, 1)
	members.Declare(s.r)
	ids := s.push(t, 1, 2, 3)
	tx := s.r.Begin()
	l := s.l.In(tx)
	require.NoError(t, l.Move(ids[2], 0))
	_, err := l.Push(4)
	require.NoError(t, err)
	_, err = tx.Commit()
	require.NoError(t, err)
	s.delete(t, ids[2])
	require.Zero(t, members.Forget(t, s.r), "the move of 3 came with 4, which stays")
	_, err = s.l.Pop()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, s.values(t))
	require.Equal(t, 3, members.Forget(t, s.r))
	require.Equal(t, 2, s.places())
}

// Members that write, talk and forget at random, by sessions that break: each
// shows at the end what all that was ever written makes, as if nobody had
// forgotten anything, and so does who copies one of them.
func TestForgetAtRandom(t *testing.T) {
	seeds := 300
	if testing.Short() {
		seeds = 30
	}
	forgotten := 0
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { forgotten += forgetAtRandom(t, uint64(seed)) })
	}
	require.Greater(t, forgotten, 5*seeds)
}

func forgetAtRandom(t *testing.T, seed uint64) (forgotten int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	sites := newSites(t, 3)
	all := replicas(sites...)
	written, forgotten := members.Live(t, rnd, all, func(i int) {
		if rnd.IntN(3) == 0 {
			_, _ = sites[i].l.Pop()
			return
		}
		require.NoError(t, editAny(sites[i].l, rnd))
	})
	want := listOf(written)
	for _, s := range sites {
		require.Equal(t, want, s.list())
	}
	for range 2 {
		for _, r := range all {
			forgotten += members.Forget(t, r)
		}
		members.Sync(t, all...)
	}
	copied := newSite(t, 9)
	copied.pull(t, sites[0])
	for _, s := range append(sites, copied) {
		require.Equal(t, want, s.list())
	}
	return forgotten
}

func replicas(sites ...*site) (all []*replicate.Replica) {
	for _, s := range sites {
		all = append(all, s.r)
	}
	return all
}

// places returns how many nodes the site's list has, its beginning not counted.
func (s *site) places() (n int) {
	s.h.View(func(o replicate.Object) { n = seq.Places(o) })
	return n
}

// delete takes elements out.
func (s *site) delete(t require.TestingT, ids ...seq.ID) {
	for _, id := range ids {
		ok, err := s.l.Delete(id)
		require.NoError(t, err)
		require.True(t, ok)
	}
}
