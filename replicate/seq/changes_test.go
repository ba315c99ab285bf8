package seq_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
)

func TestChanges(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1, 2, 3)
	src := s.l.Changes(0)
	defer func() { require.NoError(t, pull.Abort(src, nil)) }()
	read := func() seq.Batch[int] {
		b, err := src(t.Context())
		require.NoError(t, err)
		return b
	}
	b := read()
	require.True(t, b.Reset)
	list := b.Apply(nil)
	require.Equal(t, []seq.Element[int]{{ID: ids[0], Value: 1}, {ID: ids[1], Value: 2}, {ID: ids[2], Value: 3}}, list)

	require.NoError(t, s.l.Set(ids[0], 10))
	require.NoError(t, s.l.Set(ids[0], 11))
	require.NoError(t, s.l.Move(ids[1], 2))
	gone := s.push(t, 4)[0]
	for _, id := range []seq.ID{gone, ids[2]} {
		_, err := s.l.Delete(id)
		require.NoError(t, err)
	}
	b = read()
	require.Equal(t, seq.Batch[int]{Changes: []seq.Change[int]{
		{Element: seq.Element[int]{ID: ids[2]}, Deleted: true},
		{Element: seq.Element[int]{ID: gone}, Deleted: true},
		{Element: seq.Element[int]{ID: ids[0], Value: 11}, Index: 0},
		{Element: seq.Element[int]{ID: ids[1], Value: 2}, Index: 1},
	}}, b, "each once, as it is now")
	require.Equal(t, []seq.Element[int]{{ID: ids[0], Value: 11}, {ID: ids[1], Value: 2}}, b.Apply(list))
}

// What is not in the list any more when it is read is told as deleted, never
// before it is: who hears of a removal finds nothing there.
//
// row: 32 do not emit _remove
func TestDeletedIsGone(t *testing.T) {
	sites, ids := typists(t)
	src := sites[1].l.Changes(sites[1].r.Head())
	defer func() { require.NoError(t, pull.Abort(src, nil)) }()
	_, err := sites[0].l.Delete(ids[0])
	require.NoError(t, err)
	require.NoError(t, sites[2].l.Set(ids[0], 5))
	sites[1].pull(t, sites[0])
	sites[1].pull(t, sites[2])
	b, err := src(t.Context())
	require.NoError(t, err)
	require.Equal(t, []seq.Change[int]{{Element: seq.Element[int]{ID: ids[0]}, Deleted: true}}, b.Changes)
	require.Equal(t, []int{2}, sites[1].values(t))
}

// A reader is one of changes that keeps a list.
type reader struct {
	watch *seq.Watch
	news  []*replicate.Update
	list  elements
}

func (r *reader) read(t require.TestingT, o replicate.Object, live map[*replicate.Update]bool) {
	news := slices.DeleteFunc(r.news, func(u *replicate.Update) bool { return !live[u] })
	if r.news = nil; len(news) > 0 {
		if b, ok := r.watch.Look(o, news); ok {
			require.True(t, b.Reset || len(b.Changes) > 0)
			r.list = b.Apply(r.list)
		}
	}
	require.Equal(t, seq.Shown(o), append([]seq.Element[string]{}, r.list...))
}

// Who applies what it is told has, whenever it reads, the list, be the order
// what it may; from the beginning, or from a list that it read before.
func TestChangesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		updates := history(t, newSites(t, 3), 20)
		if rapid.Bool().Draw(t, "wild") {
			sites, ids := newSites(t, 2), []seq.ID{{}}
			for i := range 20 {
				s := sites[i%2]
				updates = append(updates, s.wrote(t, func() { writeAny(t, s, ids, raw(i)) })...)
				ids = append(ids, seq.ID{Time: s.r.Clock()[s.r.Author()], Author: s.r.Author()})
			}
		}
		o, live := seq.JSON.New(), map[*replicate.Update]bool{}
		readers := []*reader{{watch: seq.NewWatch(true)}}
		late := rapid.IntRange(0, len(updates)).Draw(t, "late")
		for i, u := range rapid.Permutation(updates).Draw(t, "order") {
			if i == late {
				readers = append(readers, &reader{watch: seq.NewWatch(false), list: seq.Shown(o)})
			}
			live[u] = true
			o.Apply(u, func(v *replicate.Update) { delete(live, v) })
			for _, r := range readers {
				r.news = append(r.news, u)
				if rapid.IntRange(0, 2).Draw(t, "read") == 0 {
					r.read(t, o, live)
				}
			}
		}
		for _, r := range readers {
			r.read(t, o, live)
		}
	})
}

// A great change is told as the whole list.
func TestManyChanges(t *testing.T) {
	s := newSite(t, 1)
	src := s.l.Changes(0)
	defer func() { require.NoError(t, pull.Abort(src, nil)) }()
	var list []seq.Element[int]
	for _, n := range []int{2000, 1000, 1100, 100} {
		for i := range n {
			_, err := s.l.Insert(s.l.Len()/2, i)
			require.NoError(t, err)
		}
		b, err := src(t.Context())
		require.NoError(t, err)
		require.Equal(t, n > 1024, b.Reset)
		list = b.Apply(list)
		require.Equal(t, s.values(t), valuesOf(list))
	}
}

func valuesOf(list []seq.Element[int]) (values []int) {
	for _, e := range list {
		values = append(values, e.Value)
	}
	return values
}
