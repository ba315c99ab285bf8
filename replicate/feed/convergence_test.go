package feed_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
	"github.com/weir-go/weir/replicate/replicatetest"
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

func TestConvergence(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types:  []replicate.Type{feed.JSON},
		Open:   openSubject,
		Oracle: oracle,
	}, replicatetest.Config{})
}

// oracle is what a set of updates comes to, in the simplest way: an item counts
// unless any removal names it.
func oracle(updates []*replicate.Update) string {
	gone := map[replicate.Stamp]bool{}
	for _, u := range updates {
		if u.Op()[0] == 1 {
			gone[removal(u)] = true
		}
	}
	var lines []string
	for _, u := range updates {
		if u.Op()[0] == 0 && !gone[u.Stamp()] {
			lines = append(lines, fmt.Sprintf("%v %v", u.Stamp(), u.Op()[1:]))
		}
	}
	return fmt.Sprint(lines)
}

// openSubject appends and removes.
func openSubject(r *replicate.Replica) (replicatetest.Subject, error) {
	f, err := feed.Open[int](r, "")
	if err != nil {
		return replicatetest.Subject{}, err
	}
	seen := map[replicate.Stamp]int{}
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error {
			if n := f.Len(); n > 0 && rnd.IntN(3) == 0 {
				skip := rnd.IntN(n)
				for item := range f.All(replicate.Stamp{}) {
					if skip--; skip < 0 {
						_, err := f.Remove(item.ID)
						return err
					}
				}
			}
			_, err := f.Append(rnd.IntN(100))
			return err
		},
		State: func() string {
			var lines []string
			for item, err := range f.All(replicate.Stamp{}) {
				if err != nil {
					return err.Error()
				}
				lines = append(lines, fmt.Sprintf("%v %v", item.ID, item.Value))
			}
			return fmt.Sprint(lines)
		},
		Follow: []replicatetest.Follower{replicatetest.Follow(f.Changes(0),
			func(c feed.Change[int]) {
				seen[c.ID] = c.Value
				if c.Removed {
					delete(seen, c.ID)
				}
			},
			func() string {
				var lines []string
				for _, id := range slices.SortedFunc(maps.Keys(seen), replicate.Stamp.Compare) {
					lines = append(lines, fmt.Sprintf("%v %v", id, seen[id]))
				}
				return fmt.Sprint(lines)
			})},
	}, nil
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
