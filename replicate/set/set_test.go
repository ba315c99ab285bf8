package set_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/set"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newReplica(cfg replicate.Config) *replicate.Replica {
	cfg.Types = []replicate.Type{set.JSON, set.GrowJSON}
	return replicate.New(cfg)
}

func open[V any](t testing.TB, cfg replicate.Config) (*replicate.Replica, *set.AddWins[V]) {
	r := newReplica(cfg)
	s, err := set.Open[V](r, "")
	require.NoError(t, err)
	return r, s
}

func openGrow[V any](t testing.TB, r *replicate.Replica, name string) *set.Grow[V] {
	s, err := set.OpenGrow[V](r, name)
	require.NoError(t, err)
	return s
}

func exchange(t testing.TB, a, b *replicate.Replica) {
	require.NoError(t, a.Write(context.Background(), b.Read(nil)))
	require.NoError(t, b.Write(context.Background(), a.Read(nil)))
}

func all[V any](t testing.TB, s set.Set[V]) (list []V) {
	for v, err := range s.All() {
		require.NoError(t, err)
		list = append(list, v)
	}
	return list
}

func remove[V any](t testing.TB, s *set.AddWins[V], v V) {
	removed, err := s.Remove(v)
	require.NoError(t, err)
	require.True(t, removed)
}

func TestAddRemove(t *testing.T) {
	r, s := open[string](t, replicate.Config{})
	require.False(t, s.Has("ann"))
	require.NoError(t, s.Add("bob"))
	require.NoError(t, s.Add("ann"))
	require.True(t, s.Has("ann"))
	require.Equal(t, 2, s.Len())
	require.Equal(t, []string{"ann", "bob"}, all(t, s))
	remove(t, s, "ann")
	require.False(t, s.Has("ann"))
	require.Equal(t, 1, s.Len())
	require.Equal(t, []string{"bob"}, all(t, s))

	// row: 27 rm
	for _, v := range []string{"ann", "nobody"} {
		head := r.Head()
		removed, err := s.Remove(v)
		require.NoError(t, err)
		require.False(t, removed)
		require.Equal(t, head, r.Head(), "removing what is not there writes nothing")
	}
	require.NoError(t, s.Add("ann"))
	require.True(t, s.Has("ann"))
}

func TestGrow(t *testing.T) {
	r := newReplica(replicate.Config{})
	s := openGrow[int](t, r, "")
	added, err := s.Add(1)
	require.NoError(t, err)
	require.True(t, added)
	added, err = s.Add(1)
	require.NoError(t, err)
	require.False(t, added)
	require.Equal(t, uint64(1), r.Head())
	require.Equal(t, []int{1}, all(t, s))
}

// row: 45 non-virgins
func TestNonVirgins(t *testing.T) {
	type replica struct {
		r                *replicate.Replica
		born, nonVirgins *set.Grow[string]
		virgins          *set.Difference[string]
	}
	var reps [2]replica
	for i := range reps {
		r := newReplica(replicate.Config{})
		born, non := openGrow[string](t, r, "born"), openGrow[string](t, r, "nonVirgins")
		reps[i] = replica{r, born, non, set.Minus(born, non)}
	}
	add := func(s *set.Grow[string], v string) {
		added, err := s.Add(v)
		require.NoError(t, err)
		require.True(t, added)
	}
	a, b := reps[0], reps[1]
	add(a.born, "ann")
	add(b.nonVirgins, "bob") // known before his birth is
	add(b.born, "bob")
	add(a.born, "cid")
	exchange(t, a.r, b.r)
	add(b.nonVirgins, "cid")
	exchange(t, a.r, b.r)
	for _, r := range reps {
		require.Equal(t, []string{"ann", "bob", "cid"}, all(t, r.born))
		require.Equal(t, []string{"ann"}, all(t, r.virgins))
		require.Equal(t, 1, r.virgins.Len())
		require.True(t, r.virgins.Has("ann"))
		require.False(t, r.virgins.Has("bob"))
		require.False(t, r.virgins.Has("dan"))
	}
}

// What was born and is not dead, less who moved away: a difference of one.
func TestMinusOfMinus(t *testing.T) {
	r := newReplica(replicate.Config{})
	born, dead := openGrow[int](t, r, "born"), openGrow[int](t, r, "dead")
	away, err := set.Open[int](r, "away")
	require.NoError(t, err)
	here := set.Minus(set.Minus(born, dead), away)
	for i := range 4 {
		_, err = born.Add(i)
		require.NoError(t, err)
	}
	_, err = dead.Add(1)
	require.NoError(t, err)
	require.NoError(t, away.Add(2))
	require.Equal(t, []int{0, 3}, all(t, here))
	remove(t, away, 2)
	require.Equal(t, []int{0, 2, 3}, all(t, here))

	other := openGrow[int](t, newReplica(replicate.Config{}), "")
	require.Panics(t, func() { set.Minus(born, other) })
}

func TestAddWins(t *testing.T) {
	a, s := open[string](t, replicate.Config{})
	b, u := open[string](t, replicate.Config{})
	require.NoError(t, s.Add("x"))
	exchange(t, a, b)
	require.NoError(t, s.Add("x")) // again, while
	remove(t, u, "x")              // the other removes the first
	exchange(t, a, b)
	require.True(t, s.Has("x"))
	require.True(t, u.Has("x"))
	remove(t, u, "x")
	exchange(t, a, b)
	require.False(t, s.Has("x"))
	require.Equal(t, 1, a.Len())
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

// add₁; 0>1; add₂ replacing 1; add₃ replacing 2; 0>1: what replaces add₂ replaces
// what that had replaced.
func TestSetContextTransitive(t *testing.T) {
	zero, s := open[string](t, replicate.Config{})
	one, u := open[string](t, replicate.Config{})
	two, v := open[string](t, replicate.Config{})
	require.NoError(t, s.Add("x"))
	exchange(t, zero, one)
	exchange(t, zero, two)
	require.NoError(t, v.Add("x")) // replaces the first, and never comes to one
	require.NoError(t, zero.Write(t.Context(), two.Read(nil)))
	require.NoError(t, s.Add("x"))
	require.NoError(t, one.Write(t.Context(), zero.Read(nil)))
	require.Equal(t, 1, one.Len())
	remove(t, s, "x")
	require.NoError(t, one.Write(t.Context(), zero.Read(nil)))
	require.False(t, u.Has("x"))
}

// Two copies of one replica that both write make two updates of one stamp. When
// they meet that is an error, and both write under new authors from then on.
func TestCloneSameStamp(t *testing.T) {
	clone := func(own byte) (*replicate.Replica, *set.AddWins[string]) {
		return open[string](t, replicate.Config{
			ID: replicate.ReplicaID{1}, Now: func() time.Time { return time.UnixMilli(1e12) },
			// The epoch is the opening's own, the incarnation is not.
			Rand: io.MultiReader(strings.NewReader(strings.Repeat(string(own), 8)+"the same"),
				rand.NewChaCha8([32]byte{own})),
		})
	}
	a, s := clone('a')
	b, u := clone('b')
	author := a.Author()
	require.Equal(t, author, b.Author())
	require.NoError(t, s.Add("x"))
	require.NoError(t, u.Add("y"))
	require.ErrorIs(t, a.Write(t.Context(), b.Read(nil)), replicate.ErrForked)
	require.ErrorIs(t, b.Write(t.Context(), a.Read(nil)), replicate.ErrForked)
	require.NotEqual(t, author, a.Author())
	require.NotEqual(t, author, b.Author())
	require.NotEqual(t, a.Author(), b.Author())
	require.Equal(t, []string{"x"}, all(t, s), "nothing of the other was applied")
}

// Against what really happened before what: an element is in the set if an
// addition of it did not happen before any removal of it.
func TestAgainstHappenedBefore(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		const n, elements = 4, 3
		var reps [n]*replicate.Replica
		var sets [n]*set.AddWins[int]
		var known [n]map[int]bool // additions, by number
		for i := range n {
			reps[i], sets[i] = open[int](t, replicate.Config{})
			known[i] = map[int]bool{}
		}
		var added []int // elements
		removed := map[int]bool{}
		for range 40 {
			i, j, v := rng.IntN(n), rng.IntN(n), rng.IntN(elements)
			switch rng.IntN(4) {
			case 0, 1:
				require.NoError(t, reps[i].Write(t.Context(), reps[j].Read(reps[i].Clock())))
				for a := range known[j] {
					known[i][a] = true
				}
			case 2:
				require.NoError(t, sets[i].Add(v))
				known[i][len(added)] = true
				added = append(added, v)
			default:
				_, err := sets[i].Remove(v)
				require.NoError(t, err)
				for a := range known[i] {
					removed[a] = removed[a] || added[a] == v
				}
			}
		}
		for range 2 {
			for i := range n {
				exchange(t, reps[i], reps[(i+1)%n])
			}
		}
		var want []int
		for a, v := range added {
			if !removed[a] && !slices.Contains(want, v) {
				want = append(want, v)
			}
		}
		slices.Sort(want)
		for i := range n {
			require.Equal(t, want, all(t, sets[i]))
			require.Equal(t, reps[0].Fingerprint(), reps[i].Fingerprint())
		}
	}
}

// A subscriber that folds what it is told, slowly, has what a reader has.
func TestChangesFold(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) { changesFold(t, rand.New(rand.NewPCG(7, seed))) })
	}
}

func changesFold(t *testing.T, rng *rand.Rand) {
	a, s := open[int](t, replicate.Config{})
	b, u := open[int](t, replicate.Config{})
	g := openGrow[int](t, a, "")
	sets := []set.Set[int]{s, g, set.Minus(s, g), set.Minus(g, s)}
	folds := make([]map[int]bool, len(sets))
	for i := range folds {
		folds[i] = map[int]bool{}
	}
	sources := make([]pull.Source[set.Change[int]], len(sets))
	// read folds at most n pieces of news, fewer if there are no more.
	read := func(k, n int) {
		if sources[k] == nil {
			sources[k] = sets[k].Changes(0)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for ; n > 0; n-- {
			c, err := sources[k](ctx)
			if err != nil {
				sources[k] = nil // from the beginning again
				return
			}
			if folds[k][c.Value] = true; c.Removed {
				delete(folds[k], c.Value)
			}
		}
	}
	for range 60 {
		v := rng.IntN(5)
		switch rng.IntN(7) {
		case 0:
			exchange(t, a, b)
		case 1:
			_, err := s.Remove(v)
			require.NoError(t, err)
		case 2:
			_, err := u.Remove(v)
			require.NoError(t, err)
		case 3:
			require.NoError(t, u.Add(v))
		case 4:
			_, err := g.Add(v)
			require.NoError(t, err)
		case 5:
			require.NoError(t, s.Add(v))
		default:
			read(rng.IntN(len(sets)), 1)
		}
	}
	exchange(t, a, b)
	for k, set := range sets {
		if read(k, 1000); sources[k] != nil {
			require.NoError(t, pull.Abort(sources[k], nil))
		}
		require.ElementsMatch(t, all(t, set), slices.Collect(maps.Keys(folds[k])))
	}
}

// A move between two sets is seen whole, and one that fails is not seen.
func TestMoveInTransaction(t *testing.T) {
	a := newReplica(replicate.Config{})
	b := newReplica(replicate.Config{})
	todo, err := set.Open[string](a, "todo")
	require.NoError(t, err)
	done := openGrow[string](t, a, "done")
	require.NoError(t, todo.Add("milk"))
	tx := a.Begin()
	_, err = todo.In(tx).Remove("milk")
	require.NoError(t, err)
	require.NoError(t, todo.In(tx).Add("milk")) // sees the removal
	_, err = todo.In(tx).Remove("milk")
	require.NoError(t, err)
	_, err = done.In(tx).Add("milk")
	require.NoError(t, err)
	require.True(t, todo.Has("milk"))
	_, err = tx.Commit()
	require.NoError(t, err)
	require.False(t, todo.Has("milk"))
	require.True(t, done.Has("milk"))

	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	there, err := set.Open[string](b, "todo")
	require.NoError(t, err)
	require.False(t, there.Has("milk"))
	require.Equal(t, []string{"milk"}, all(t, openGrow[string](t, b, "done")))
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

func TestErrors(t *testing.T) {
	_, err := set.Open[int](replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)
	_, err = set.OpenGrow[int](replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)

	r, s := open[any](t, replicate.Config{})
	_, err = set.OpenGrowWith(r, "", replicate.JSON[int](set.JSON))
	require.ErrorContains(t, err, "another kind")
	require.Error(t, s.Add(func() {}))
	_, err = s.Remove(func() {})
	require.Error(t, err)
	require.False(t, s.Has(func() {}))
	_, err = openGrow[any](t, r, "").Add(func() {})
	require.Error(t, err)
	require.ErrorIs(t, s.Add(strings.Repeat("x", replicate.MaxUpdate)), replicate.ErrTooLarge)
	require.Zero(t, r.Len())

	require.NoError(t, s.Add("text"))
	n, err := set.Open[int](r, "")
	require.NoError(t, err)
	var want *json.UnmarshalTypeError
	for _, err := range n.All() {
		require.ErrorAs(t, err, &want)
	}
	_, err = n.Changes(0)(t.Context())
	require.ErrorAs(t, err, &want)
}

func TestOwnCodec(t *testing.T) {
	raw, rawGrow := set.TypeOf("set/bytes"), set.GrowTypeOf("set.grow/bytes")
	r := replicate.New(replicate.Config{Types: []replicate.Type{raw, rawGrow}})
	codec := replicate.Codec[string]{
		Type:   raw,
		Encode: func(s string) ([]byte, error) { return []byte(s), nil },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	}
	s, err := set.OpenWith(r, "raw", codec)
	require.NoError(t, err)
	codec.Type = rawGrow
	g, err := set.OpenGrowWith(r, "raw", codec)
	require.NoError(t, err)
	for _, v := range []string{"\xff\x00 not JSON", ""} {
		require.NoError(t, s.Add(v))
		added, err := g.Add(v)
		require.NoError(t, err)
		require.True(t, added)
	}
	require.Equal(t, []string{"", "\xff\x00 not JSON"}, all(t, s))
	require.Equal(t, []string{"", "\xff\x00 not JSON"}, all(t, g))
	require.Zero(t, set.Minus(s, g).Len())
}
