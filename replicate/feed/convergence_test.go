package feed_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
)

// removal returns the id that an op removes, the long way.
func removal(u *replicate.Update) replicate.Stamp {
	op := u.Op()
	author, time := u.Stamp().Author, op[2:]
	if op[1] != 0 {
		author, time = replicate.Author(op[2:26]), op[26:]
	}
	return replicate.Stamp{Time: replicate.Time(binary.BigEndian.Uint64([]byte(time))), Author: author}
}

// oracle is what a set of updates comes to, in the simplest way: an item counts
// unless any removal names it.
func oracle(updates []*replicate.Update) string {
	lines := map[string]bool{}
	for _, u := range updates {
		if u.Op()[0] == 1 {
			lines[fmt.Sprint("gone ", removal(u))] = true
		}
	}
	for _, u := range updates {
		if u.Op()[0] == 0 && !lines[fmt.Sprint("gone ", u.Stamp())] {
			lines[fmt.Sprint("item ", u.Stamp())] = true
		}
	}
	return fmt.Sprint(slices.Sorted(maps.Keys(lines)))
}

// history plays edits and exchanges at random and returns every update written.
func history(t *rapid.T) (all []*replicate.Update) {
	type node struct {
		r *replicate.Replica
		f *feed.Feed[int]
		h *replicate.Handle
	}
	var nodes []node
	var ids []replicate.Stamp
	for range 3 {
		r, f := open[int](t)
		h, err := r.Open(replicate.ObjectName{Type: feed.JSON.Tag})
		require.NoError(t, err)
		nodes = append(nodes, node{r, f, h})
	}
	for step := range rapid.IntRange(1, 25).Draw(t, "steps") {
		n := nodes[rapid.IntRange(0, 2).Draw(t, "node")]
		head := n.r.Head()
		switch what := rapid.IntRange(0, 5).Draw(t, "what"); {
		case what == 0:
			from := nodes[rapid.IntRange(0, 2).Draw(t, "from")]
			require.NoError(t, n.r.Write(t.Context(), from.r.Read(nil)))
			continue
		case what < 3 && len(ids) > 0:
			_, err := n.f.Remove(rapid.SampledFrom(ids).Draw(t, "id"))
			require.NoError(t, err)
		default:
			id, err := n.f.Append(step)
			require.NoError(t, err)
			ids = append(ids, id)
		}
		if n.r.Head() > head {
			batch, err := n.h.Changes(head)(t.Context())
			require.NoError(t, err)
			all = append(all, batch...)
		}
	}
	return all
}

// apply gives a new object the updates, unless live then, and returns what is.
func apply(updates []*replicate.Update) (o replicate.Object, live map[*replicate.Update]bool) {
	o, live = feed.JSON.New(), map[*replicate.Update]bool{}
	for _, u := range updates {
		if !live[u] {
			live[u] = true
			o.Apply(u, func(v *replicate.Update) { delete(live, v) })
		}
	}
	return o, live
}

// The state is what the oracle says, of any set of updates in any order, and
// the same of those alone that were not called obsolete.
func TestConvergence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := history(t)
		if len(all) == 0 {
			return
		}
		some := rapid.SliceOfN(rapid.SampledFrom(all), 1, 2*len(all)).Draw(t, "received")
		o, live := apply(some)
		_, other := apply(rapid.Permutation(some).Draw(t, "another order"))
		require.Equal(t, live, other)
		again, still := apply(slices.Collect(maps.Keys(live)))
		require.Equal(t, live, still)

		slices.SortFunc(some, func(u, v *replicate.Update) int { return u.Stamp().Compare(v.Stamp()) })
		want := oracle(slices.Compact(some))
		require.Equal(t, want, feed.Shown(o))
		require.Equal(t, want, feed.Shown(again))
		require.Len(t, live, strings.Count(want, "item")+strings.Count(want, "gone"))
	})
}

// Readers in order meet what a sorted list of all items has, from anywhere.
func TestOrderAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ra, a := open[int](t)
		var ids []replicate.Stamp
		for range rapid.IntRange(1, 4).Draw(t, "authors") {
			r, f := open[int](t)
			for range rapid.SampledFrom([]int{1, 5, 300}).Draw(t, "items") {
				id, err := f.Append(len(ids))
				require.NoError(t, err)
				ids = append(ids, id)
			}
			require.NoError(t, ra.Write(t.Context(), r.Read(nil)))
		}
		values := map[replicate.Stamp]int{}
		for i, id := range ids {
			values[id] = i
		}
		for range rapid.IntRange(0, len(ids)).Draw(t, "removals") {
			i := rapid.IntRange(0, len(ids)-1).Draw(t, "removed")
			here, err := a.Remove(ids[i])
			require.NoError(t, err)
			require.True(t, here)
			ids = slices.Delete(ids, i, i+1)
		}
		slices.SortFunc(ids, replicate.Stamp.Compare)
		require.Equal(t, len(ids), a.Len())
		requireOrder(t, a, ids, values)
	})
}

func requireOrder(t *rapid.T, f *feed.Feed[int], ids []replicate.Stamp, values map[replicate.Stamp]int) {
	read := func(items func(func(feed.Item[int], error) bool)) []replicate.Stamp {
		got := []replicate.Stamp{}
		for item, err := range items {
			require.NoError(t, err)
			require.Equal(t, values[item.ID], item.Value)
			got = append(got, item.ID)
		}
		return got
	}
	backward := append([]replicate.Stamp{}, ids...)
	slices.Reverse(backward)
	require.Equal(t, ids, read(f.All(replicate.Stamp{})))
	require.Equal(t, backward, read(f.Backward(replicate.Stamp{})))
	authors := map[replicate.Author][]replicate.Stamp{}
	for _, id := range ids {
		authors[id.Author] = append(authors[id.Author], id)
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(authors)), f.Authors())
	require.True(t, slices.IsSorted(f.Authors()))
	for name, own := range authors {
		require.Equal(t, own, read(f.Author(name, 0)))
		require.Equal(t, own[1:], read(f.Author(name, own[0].Time)))
	}
	if len(ids) > 0 {
		i := rapid.IntRange(0, len(ids)-1).Draw(t, "from")
		require.Equal(t, ids[i+1:], read(f.All(ids[i])))
		require.Equal(t, backward[len(ids)-i:], read(f.Backward(ids[i])))
	}
}

// FuzzOp feeds any op to the check and, if it passes, to a replica.
func FuzzOp(f *testing.F) {
	f.Add("\x001")
	f.Add("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01")
	f.Add("\x01\x01" + strings.Repeat("a", 24) + "\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Add("\x01\x02" + strings.Repeat("a", 40) + "\x00\x00\x00\x00\x00\x00\x00\x01")
	f.Fuzz(func(t *testing.T, op string) {
		r, f := open[any](t)
		_, err := f.Append("before")
		require.NoError(t, err)
		h, err := r.Open(replicate.ObjectName{Type: feed.JSON.Tag})
		require.NoError(t, err)
		if _, err = h.Write(op); err != nil {
			return
		}
		_, err = f.Append("after")
		require.NoError(t, err)
		n := 0
		for _, err := range f.All(replicate.Stamp{}) {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, f.Len(), n)
		src := f.Changes(0)
		for range r.Len() {
			_, err := src(t.Context())
			require.NoError(t, err)
		}
	})
}
