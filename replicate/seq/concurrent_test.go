package seq_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
)

// updatesOf returns everything that sites hold.
func updatesOf(t require.TestingT, sites ...*site) (all []*replicate.Update) {
	seen := map[replicate.Stamp]bool{}
	for _, s := range sites {
		for _, u := range s.since(t, 0) {
			if !seen[u.Stamp()] {
				seen[u.Stamp()] = true
				all = append(all, u)
			}
		}
	}
	return all
}

// typists returns three sites with one list of two elements.
func typists(t require.TestingT) (sites []*site, ids []seq.ID) {
	sites = newSites(t, 3)
	ids = sites[0].push(t, 1, 2)
	meet(t, sites...)
	return sites, ids
}

// Three authors type at one place, forwards, backwards or both, before or
// behind their own cursor: each one's run stays whole.
func TestRunsStayWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sites, ids := typists(t)
		at := rapid.IntRange(0, 2).Draw(t, "place")
		if rapid.Bool().Draw(t, "hole") {
			_, err := sites[rapid.IntRange(0, 2).Draw(t, "who")].l.Delete(ids[at/2])
			require.NoError(t, err)
			if at > 0 {
				at--
			}
			meet(t, sites...)
		}
		for k, s := range sites {
			typeRun(t, s, at, 100*(k+1))
		}
		meet(t, sites...)
		var runs []int
		for _, v := range sites[0].values(t) {
			if k := v / 100; len(runs) == 0 || runs[len(runs)-1] != k {
				runs = append(runs, k)
			}
		}
		slices.Sort(runs)
		for k := range 3 {
			i := slices.Index(runs, k+1)
			require.GreaterOrEqual(t, i, 0)
			require.NotContains(t, runs[i+1:], k+1, "%v", sites[0].values(t))
		}
	})
}

// typeRun inserts ten values at an index, each before or behind all of the run
// so far, or inside of it.
func typeRun(t *rapid.T, s *site, at, first int) {
	var ids []seq.ID
	way := rapid.IntRange(0, 2).Draw(t, "way")
	for i := range 10 {
		to := 0
		switch way {
		case 1:
			to = i
		case 2:
			to = rapid.IntRange(0, i).Draw(t, "to")
		}
		var id seq.ID
		var err error
		if to > 0 && rapid.Bool().Draw(t, "behind") {
			id, err = s.l.InsertAfter(ids[to-1], first+i)
		} else if to < i && rapid.Bool().Draw(t, "before") {
			id, err = s.l.InsertBefore(ids[to], first+i)
		} else {
			id, err = s.l.Insert(at+to, first+i)
		}
		require.NoError(t, err)
		ids = slices.Insert(ids, to, id)
	}
}

// Runs of two that have seen nothing of each other, both ways, in every order
// of arrival.
func TestRunsInEveryOrder(t *testing.T) {
	for _, way := range []string{"forwards", "backwards", "against each other"} {
		t.Run(way, func(t *testing.T) {
			sites := newSites(t, 2)
			for k, s := range sites {
				for i := range 3 {
					insert := s.l.Push
					if way == "backwards" || way != "forwards" && k == 1 {
						insert = s.l.Unshift
					}
					_, err := insert(10*(k+1) + i)
					require.NoError(t, err)
				}
			}
			list := everyOrder(t, updatesOf(t, sites...))
			for k := range 2 {
				require.Equal(t, list[3*k].Value[0], list[3*k+2].Value[0], "%v", list)
			}
		})
	}
}

// Two replicas give one place to two elements: there is room between these,
// and neither is written again. The original nudges one of them apart, on
// every replica that sees it.
//
// row: 30 seq collision
func TestRoomBetweenConcurrentInserts(t *testing.T) {
	sites, ids := typists(t)
	for k, s := range sites[:2] {
		_, err := s.l.InsertAfter(ids[0], 10+k)
		require.NoError(t, err)
	}
	heads := sites[2].r.Head()
	meet(t, sites...)
	require.Equal(t, heads+2, sites[2].r.Head())
	first, err := sites[2].l.At(1)
	require.NoError(t, err)
	_, err = sites[2].l.InsertAfter(first.ID, 99)
	require.NoError(t, err)
	meet(t, sites...)
	values := sites[0].values(t)
	require.Equal(t, 99, values[2], "%v", values)
	require.Len(t, values, 5)
	everyOrder(t, updatesOf(t, sites...))
}

func TestMoveMove(t *testing.T) {
	sites, ids := typists(t)
	ids = append(ids, sites[0].push(t, 3)...)
	meet(t, sites...)
	require.NoError(t, sites[0].l.MoveAfter(ids[1], seq.ID{}))
	require.NoError(t, sites[1].l.MoveBefore(ids[1], seq.ID{}))
	require.Equal(t, []int{2, 1, 3}, sites[0].values(t))
	meet(t, sites...)
	require.Equal(t, []int{1, 3, 2}, sites[0].values(t), "of equal times the greater author wins")
	everyOrder(t, updatesOf(t, sites...))
}

func TestDeletedWins(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprint("deleted first: ", first), func(t *testing.T) {
			sites, ids := typists(t)
			del, other := sites[0], sites[1]
			if first {
				other.now = other.now.Add(1e9)
			} else {
				del.now = del.now.Add(1e9)
			}
			there, err := del.l.Delete(ids[0])
			require.NoError(t, err)
			require.True(t, there)
			require.NoError(t, other.l.MoveBefore(ids[0], seq.ID{}))
			require.NoError(t, other.l.Set(ids[0], 7))
			all := updatesOf(t, sites...)
			meet(t, sites...)
			require.Equal(t, []int{2}, sites[0].values(t))
			require.Len(t, everyOrder(t, all), 1)
			require.Equal(t, 3, sites[0].r.Len(), "an insertion, a deletion and a move")
		})
	}
}

func TestSetSet(t *testing.T) {
	sites, ids := typists(t)
	require.NoError(t, sites[0].l.Set(ids[0], 10))
	require.NoError(t, sites[0].l.Set(ids[0], 11))
	require.NoError(t, sites[1].l.Set(ids[0], 20))
	require.NoError(t, sites[2].l.MoveBefore(ids[0], seq.ID{}))
	all := updatesOf(t, sites...)
	meet(t, sites...)
	require.Equal(t, []int{2, 11}, sites[0].values(t), "the higher stamp wins, wherever the element is")
	require.Equal(t, 3, sites[0].r.Len(), "one update an element, and the move")
	everyOrder(t, all)
}

// An element moves to where it is a neighbour of its own places, and back and
// forth; others are inserted next to each place it had.
func TestMoveChains(t *testing.T) {
	s, o := newSite(t, 1), newSite(t, 2)
	ids := s.push(t, 1, 2, 3)
	for i := range 200 {
		require.NoError(t, s.l.Move(ids[0], (i+1)%3))
		at, err := s.l.Index(ids[0])
		require.NoError(t, err)
		require.Equal(t, (i+1)%3, at)
		if i%10 == 0 {
			o.pull(t, s)
			_, err := o.l.InsertAfter(ids[0], 100+i)
			require.NoError(t, err)
		}
	}
	meet(t, s, o)
	require.Equal(t, 23, s.l.Len())
	require.Len(t, slices.DeleteFunc(s.values(t), func(v int) bool { return v >= 100 }), 3)
	require.Equal(t, 3+200+20, s.r.Len(), "a move is kept for good")
}

// What is inserted next to an element stays at the place where the element
// was, when that is moved elsewhere at the same time.
func TestMovedAnchor(t *testing.T) {
	sites, ids := typists(t)
	require.NoError(t, sites[0].l.MoveBefore(ids[0], seq.ID{}))
	_, err := sites[1].l.InsertAfter(ids[0], 10)
	require.NoError(t, err)
	sites[2].pull(t, sites[0])
	_, err = sites[2].l.InsertAfter(ids[0], 20)
	require.NoError(t, err)
	everyOrder(t, updatesOf(t, sites...))
	meet(t, sites...)
	require.Equal(t, []int{10, 2, 1, 20}, sites[0].values(t))
}

// The insertion of a is obsolete before anyone else has seen it: b, which
// stands behind it, must find its place by a's deletion.
func TestOrphanInsertAfterDeleted(t *testing.T) {
	s := newSite(t, 1)
	var all []*replicate.Update
	var a seq.ID
	all = append(all, s.wrote(t, func() { a = s.push(t, 1)[0] })...)
	all = append(all, s.wrote(t, func() { s.push(t, 2, 3) })...)
	all = append(all, s.wrote(t, func() {
		there, err := s.l.Delete(a)
		require.NoError(t, err)
		require.True(t, there)
	})...)
	require.Len(t, all, 4)
	require.Len(t, everyOrder(t, all), 2)

	o, _ := applied(t, all[1:3])
	require.Empty(t, seq.Shown(o), "they wait")
	for _, u := range []*replicate.Update{all[0], all[3]} {
		o, _ := applied(t, append(slices.Clone(all[1:3]), u))
		list := seq.Shown(o)
		require.Equal(t, "3", list[len(list)-1].Value)
	}
	late := newSite(t, 2)
	late.pull(t, s)
	require.Equal(t, []int{2, 3}, late.values(t))
}

// Moves and sets of what has not arrived wait too, in every order: a move
// before the insertion, before the place it goes to, a set before both.
func TestOrphans(t *testing.T) {
	s := newSite(t, 1)
	var all []*replicate.Update
	all = append(all, s.wrote(t, func() {
		ids := s.push(t, 1, 2)
		require.NoError(t, s.l.MoveBefore(ids[0], seq.ID{}))
		_, err := s.l.InsertAfter(ids[0], 3)
		require.NoError(t, err)
		require.NoError(t, s.l.MoveAfter(ids[1], ids[0]))
	})...)
	all = append(all, s.wrote(t, func() {
		e, err := s.l.At(0)
		require.NoError(t, err)
		require.NoError(t, s.l.Set(e.ID, 9))
	})...)
	require.Len(t, all, 6)
	list := everyOrder(t, all)
	require.Equal(t, []string{"9", "2", "3"}, []string{list[0].Value, list[1].Value, list[2].Value})
}

// row: 36 simple test, 42 r-array replicate
func TestThirdJoinsLate(t *testing.T) {
	sites, ids := typists(t)
	require.NoError(t, sites[0].l.Move(ids[0], 1))
	_, err := sites[1].l.Insert(1, 5)
	require.NoError(t, err)
	meet(t, sites...)
	late := newSite(t, 9)
	meet(t, append(sites, late)...)
	require.Equal(t, sites[0].values(t), late.values(t))
}

// An element moves to another list by a transaction, which others see whole.
func TestMoveToAnotherList(t *testing.T) {
	s := newSite(t, 1)
	other, err := seq.Open[int](s.r, "other")
	require.NoError(t, err)
	ids := s.push(t, 1, 2)
	_, err = other.Push(5)
	require.NoError(t, err)

	tx := s.r.Begin()
	deleted, err := s.l.In(tx).Delete(ids[0])
	require.NoError(t, err)
	require.False(t, deleted, "not yet")
	id, err := other.In(tx).Insert(0, 1)
	require.NoError(t, err)
	require.Zero(t, id)
	require.Equal(t, 2, s.l.Len())
	_, err = tx.Commit()
	require.NoError(t, err)
	require.Equal(t, []int{2}, s.values(t))
	e, err := other.At(0)
	require.NoError(t, err)
	require.Equal(t, 1, e.Value)
	require.Equal(t, 2, other.Len())

	there := newSite(t, 2)
	there.pull(t, s)
	require.Equal(t, s.list(), there.list())
	require.Equal(t, s.r.Fingerprint(), there.r.Fingerprint())
}

// Two lists are two objects: an element that two move at once to two others is
// in both. Package doc has the test that a row is in one.
func TestMoveToTwoListsAtOnce(t *testing.T) {
	sites, ids := typists(t)
	sites = sites[:2]
	names := []string{"done", "never"}
	for i, s := range sites {
		other, err := seq.Open[int](s.r, names[i])
		require.NoError(t, err)
		tx := s.r.Begin()
		_, err = s.l.In(tx).Delete(ids[0])
		require.NoError(t, err)
		_, err = other.In(tx).Push(1)
		require.NoError(t, err)
		_, err = tx.Commit()
		require.NoError(t, err)
	}
	meet(t, sites...)
	for _, s := range sites {
		require.Equal(t, []int{2}, s.values(t))
		for _, name := range names {
			other, err := seq.Open[int](s.r, name)
			require.NoError(t, err)
			require.Equal(t, 1, other.Len(), name)
		}
	}
}

// Each write of a transaction sees those before it, and one that fails takes
// all back.
func TestManyInOneTransaction(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1, 2, 3)
	src := s.l.Changes(s.r.Head())
	defer func() { require.NoError(t, pull.Abort(src, nil)) }()
	tx := s.r.Begin()
	l := s.l.In(tx)
	for i := range 3 {
		_, err := l.Push(10 + i)
		require.NoError(t, err)
	}
	e, err := l.Shift()
	require.NoError(t, err)
	require.Zero(t, e)
	require.NoError(t, l.Move(ids[1], 4))
	require.NoError(t, l.Set(ids[2], 30))
	_, err = tx.Commit()
	require.NoError(t, err)
	require.Equal(t, []int{30, 10, 11, 12, 2}, s.values(t))
	b, err := src(t.Context())
	require.NoError(t, err)
	require.Len(t, b.Changes, 6)

	before, print := s.list(), s.r.Fingerprint()
	tx = s.r.Begin()
	_, err = s.l.In(tx).Unshift(0)
	require.NoError(t, err)
	require.NoError(t, s.l.In(tx).Move(ids[1], 0))
	require.NoError(t, s.l.In(tx).Set(ids[0], 1), "which is deleted")
	_, err = tx.Commit()
	require.ErrorIs(t, err, seq.ErrNotFound)
	require.Equal(t, before, s.list())
	require.Equal(t, print, s.r.Fingerprint())
	s.push(t, 7)
	require.Equal(t, []int{30, 10, 11, 12, 2, 7}, s.values(t))
}
