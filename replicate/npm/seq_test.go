package npm_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/npm"
)

func openSeq(t testing.TB) (*npm.Doc, *npm.Seq) {
	d, err := npm.NewDoc(openKind(t, newReplica(), "doc", "A"))
	require.NoError(t, err)
	q, err := d.Ordered("list", "todo")
	require.NoError(t, err)
	return d, q
}

// A sequence does what a slice does.
// row: 28 simple, 29 push, 31 random, 33 sets
func TestSeqIsASlice(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	d, q := openSeq(t)
	var want []string
	for i := range 1000 {
		id := strconv.Itoa(i)
		switch k := rng.IntN(len(want) + 1); rng.IntN(8) {
		case 0:
			require.NoError(t, q.Push(id, map[string]int{"n": i}))
			want = append(want, id)
		case 1:
			require.NoError(t, q.Unshift(id, nil))
			want = slices.Insert(want, 0, id)
		case 2, 3:
			require.NoError(t, q.Insert(k, id, nil))
			want = slices.Insert(want, k, id)
		case 4:
			if k < len(want) {
				was, err := q.Remove(want[k])
				require.NoError(t, err)
				require.True(t, was)
				want = slices.Delete(want, k, k+1)
			}
		case 5:
			if to := rng.IntN(len(want) + 1); k < len(want) {
				require.NoError(t, q.Insert(to, want[k], nil))
				moved := want[k]
				want = slices.Delete(want, k, k+1)
				if to > k {
					to--
				}
				want = slices.Insert(want, to, moved)
			}
		case 6, 7:
			if k == len(want) {
				continue
			}
			other := want[k] // a new row goes beside it, or one that is moved, or itself
			if j := rng.IntN(2 * len(want)); j < len(want) {
				id = want[j]
				want = slices.Delete(want, j, j+1)
			}
			to := slices.Index(want, other)
			if rng.IntN(2) == 0 {
				require.NoError(t, q.Before(id, other, nil))
			} else {
				require.NoError(t, q.After(id, other, nil))
				to++
			}
			if id == other {
				to = k
			}
			want = slices.Insert(want, to, id)
		}
		require.Equal(t, append([]string{}, want...), q.IDs())
	}
	for i, id := range want {
		require.Equal(t, i, q.Index(id))
	}
	require.Equal(t, len(want), q.Len())
	require.Equal(t, -1, q.Index("nobody"))
	require.Error(t, q.Insert(len(want)+1, "x", nil))
	require.ErrorIs(t, q.Before("x", "nobody", nil), npm.ErrNotFound)
	require.ErrorIs(t, q.After("x", "nobody", nil), npm.ErrNotFound)
	require.Equal(t, -1, q.Index("x"))
	require.Greater(t, d.Len(), len(want), "what has left the sequence is in the doc")
}

// Rows of one place, which the originals move apart, stay, by id; what is put
// between them goes behind them.
// row: 30 collision
func TestSeqCollision(t *testing.T) {
	d, q := openSeq(t)
	for _, id := range []string{"b", "a", "c"} {
		require.NoError(t, d.Set(id, map[string]string{"list": "todo", "_sort": "V"}))
	}
	require.Equal(t, []string{"a", "b", "c"}, q.IDs())
	require.NoError(t, q.Insert(1, "x", nil))
	require.Equal(t, []string{"a", "b", "c", "x"}, q.IDs())
	require.NoError(t, q.Insert(0, "first", nil))
	require.Equal(t, "first", q.IDs()[0])
}

// Places that a program has made up have no end here, nor do they stop anything.
func TestCraftedPlaces(t *testing.T) {
	for _, c := range [][2]string{{"A", "A!"}, {"A", "A!!"}, {"B", "A"}, {"A", "A"}, {"", "!"}, {"", "!!!"}} {
		_, err := npm.Between(c[0], c[1], rand.IntN)
		assert.ErrorIs(t, err, npm.ErrNoRoom, c)
	}
	for _, c := range [][2]string{{"", ""}, {"V", "W"}, {"A", "AB"}, {"A", "A0"}, {"zzzz", ""}, {"~~", ""}, {"", "!0"},
		{"", "!!!0"}, {"az~", "b"}, {"é", ""}, {"A", "é"}} {
		place, err := npm.Between(c[0], c[1], rand.IntN)
		require.NoError(t, err, c)
		assert.Less(t, c[0], place)
		assert.True(t, c[1] == "" || place < c[1], "%q is not below %q", place, c[1])
		assert.NotEqual(t, byte('!'), place[len(place)-1])
	}
}

func FuzzBetween(f *testing.F) {
	f.Add("A", "A!", uint64(0))
	f.Add("", "V", uint64(1))
	f.Fuzz(func(t *testing.T, low, high string, seed uint64) {
		place, err := npm.Between(low, high, rand.New(rand.NewPCG(seed, 0)).IntN)
		if err == nil {
			require.LessOrEqual(t, len(place), 2*max(len(low), len(high))+10)
			require.NotEqual(t, byte('!'), place[len(place)-1])
		}
	})
}

// Places grow slowly at either end.
func TestPlacesStayShort(t *testing.T) {
	for name, next := range map[string]func(string) (string, error){
		"push":    func(last string) (string, error) { return npm.Between(last, "", rand.IntN) },
		"unshift": func(last string) (string, error) { return npm.Between("", last, rand.IntN) },
	} {
		place, longest := "", 0
		for range 100_000 {
			var err error
			place, err = next(place)
			require.NoError(t, err)
			longest = max(longest, len(place))
		}
		assert.LessOrEqual(t, longest, 10, name)
	}
}
