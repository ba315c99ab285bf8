package doc

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/members"
)

// known returns how many rows and cells a doc's state has, of rows that are there
// and others.
func known[V any](d *Doc[V]) (rows, cells int) {
	d.view(func(s *state) {
		for r := s.newest; r != nil; r = r.older {
			rows++
			for _, c := range r.cells {
				for w := &c.write; w != nil; w = w.older {
					cells++
				}
			}
		}
		if rows != len(s.rows) {
			panic("a row is in one of the two, and not in the other")
		}
	})
	return rows, cells
}

// A row that was removed leaves nothing behind, and can be made again.
func TestForgetRows(t *testing.T) {
	r, d := open[any](t)
	members.Declare(r)
	q := listed(t, d)
	odd := d.Filter(func(row Row[any]) bool { return true })
	for range 2 {
		for i := range 1000 {
			require.NoError(t, d.Set(fmt.Sprint(i), m{"n": i}))
			require.NoError(t, q.PushRow(fmt.Sprint(i)))
		}
		require.Equal(t, 1000, odd.Len())
		for i := range 1000 {
			remove(t, d, fmt.Sprint(i))
		}
		require.Equal(t, 1000, members.Forget(t, r))
		rows, cells := known(d)
		require.Zero(t, rows+cells+r.Len()+d.Len()+q.Len())
		require.Zero(t, odd.Len(), "which had seen the rows, and not that they went")
	}
	dump, err := pull.Collect(t.Context(), r.Read(nil))
	require.NoError(t, err)
	require.Less(t, len(slices.Concat(dump...)), 300)
}

// A field that was unset is forgotten if something else says that the row is
// there.
func TestForgetFields(t *testing.T) {
	r, d := open[any](t)
	members.Declare(r)
	require.NoError(t, d.Set("x", m{"a": 1, "b": 2}))
	require.NoError(t, d.Unset("x", "a"))
	require.Equal(t, 1, members.Forget(t, r))
	require.Equal(t, m{"b": 2.0}, fields(t, d, "x"))
	require.NoError(t, d.Unset("x", "b"))
	require.Zero(t, members.Forget(t, r), "nothing else is left of the row")
	require.Equal(t, m{}, fields(t, d, "x"))
	require.NoError(t, d.Set("x", m{"c": 1}))
	require.Equal(t, 1, members.Forget(t, r))
	require.Equal(t, m{"c": 1.0}, fields(t, d, "x"))
	rows, cells := known(d)
	require.Equal(t, []int{1, 1}, []int{rows, cells})
	copied, e := open[any](t)
	require.NoError(t, copied.Write(t.Context(), r.Read(nil)))
	require.Equal(t, m{"c": 1.0}, fields(t, e, "x"))
}

// Two made one row, not knowing of each other, and the one of the earlier life
// unset a field after the other had set it. To forget that would show the other's
// write, which it hides.
func TestForgetFieldThatHidesAnother(t *testing.T) {
	a, b, x, y, now := two(t)
	members.Declare(a, b)
	require.NoError(t, x.Set("r", m{"a": 1, "b": 1}))
	*now = now.Add(time.Second)
	require.NoError(t, y.Set("r", m{"a": 2, "c": 2}))
	*now = now.Add(time.Second)
	require.NoError(t, x.Unset("r", "a"))
	members.Sync(t, a, b)
	want := m{"b": 1.0, "c": 2.0}
	for _, r := range []*replicate.Replica{a, b} {
		require.Equal(t, want, fields(t, x, "r"))
		require.Equal(t, want, fields(t, y, "r"))
		require.Zero(t, members.Forget(t, r))
	}
	// The later life goes on by itself, once its author writes it.
	require.NoError(t, x.Set("r", m{"a": 3}))
	members.Sync(t, a, b)
	require.Equal(t, fields(t, x, "r"), fields(t, y, "r"))
}

// A peer that was away, and was not declared, is behind, and takes everything
// anew; what it had written to the removed row is reported, and not merged.
func TestForgetReturningPeer(t *testing.T) {
	a, b, x, y, _ := two(t)
	members.Declare(a)
	require.NoError(t, x.Set("r", m{"a": 1}))
	require.NoError(t, x.Set("s", m{"a": 1, "b": 1}))
	members.Sync(t, a, b)
	require.NoError(t, y.Set("r", m{"b": 2}))
	remove(t, x, "r")
	require.NoError(t, x.Unset("s", "b"))
	require.Equal(t, 2, members.Forget(t, a))
	s := members.Dial(a, b)
	require.ErrorIs(t, s.Play(), replicate.ErrBehind)
	s.Hang()
	require.Equal(t, m{"a": 1.0, "b": 2.0}, fields(t, y, "r"))
	var unseen []*replicate.Update
	s = members.Dial(a, b, replicate.SyncConfig{}, replicate.SyncConfig{
		Resync: func(lost []*replicate.Update) { unseen = lost },
	})
	require.NoError(t, s.Play())
	require.Len(t, unseen, 1)
	for _, d := range []*Doc[any]{x, y} {
		require.Nil(t, fields(t, d, "r"))
		require.Equal(t, m{"a": 1.0}, fields(t, d, "s"))
	}
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

// A row is removed, and a member that has not heard of it writes to it. Whatever
// frames have gone when the removal is forgotten, half of the row does not come
// back.
func TestForgetWhileAMemberWrites(t *testing.T) {
	for heard := range 4 {
		for moment := range 8 {
			a, b, x, y, now := two(t)
			members.Declare(a, b)
			require.NoError(t, x.Set("r", m{"a": 1, "b": 1}))
			require.NoError(t, x.Set("s", m{"a": 1, "b": 1}))
			members.Sync(t, a, b)
			s := members.Dial(a, b, replicate.SyncConfig{FrameSize: 1}, replicate.SyncConfig{FrameSize: 1})
			require.NoError(t, s.Play())
			remove(t, x, "r")
			require.NoError(t, x.Unset("s", "b"))
			for range heard {
				_, err := s.Step(0)
				require.NoError(t, err)
			}
			*now = now.Add(time.Second)
			require.NoError(t, y.Set("r", m{"b": 2}))
			require.NoError(t, y.Set("s", m{"b": 2}))
			want := [2]m{fields(t, y, "r"), fields(t, y, "s")}
			if len(want[0]) == 2 {
				want[0] = nil // it was not anew
			}
			for range moment {
				_, err := s.Step(1)
				require.NoError(t, err)
			}
			members.Forget(t, a)
			require.NoError(t, s.Play())
			members.Forget(t, b)
			require.NoError(t, s.Play())
			for _, d := range []*Doc[any]{x, y} {
				require.Equal(t, want, [2]m{fields(t, d, "r"), fields(t, d, "s")}, "%d %d", heard, moment)
			}
		}
	}
}

// Members that write, talk and forget at random show what all that was ever
// written makes, as if nobody had forgotten anything.
func TestForgetAtRandom(t *testing.T) {
	forgotten := 0
	for seed := range 200 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { forgotten += forgetAtRandom(t, uint64(seed)) })
	}
	require.Greater(t, forgotten, 1000)
}

func forgetAtRandom(t *testing.T, seed uint64) (forgotten int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var all []*replicate.Replica
	var subjects []subject
	for range 4 {
		r, _ := open[int](t)
		s, err := newSubject(r)
		require.NoError(t, err)
		all, subjects = append(all, r), append(subjects, s)
	}
	written, forgotten := members.Live(t, rnd, all[:3], func(i int) { _ = subjects[i].edit(rnd) })
	want := oracle(written)
	for range 2 {
		for i, r := range all[:3] {
			require.Equal(t, want, subjects[i].state())
			forgotten += members.Forget(t, r)
		}
		members.Sync(t, all[:3]...)
	}
	require.NoError(t, all[3].Write(t.Context(), all[0].Read(nil)))
	for _, s := range subjects {
		require.Equal(t, want, s.state())
	}
	return forgotten
}
