package doc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// all is what a test asks of a live set.
type all interface {
	Has(id string) bool
	Len() int
}

// contains checks what is in a set.
func contains(t *testing.T, q all, ids ...string) {
	t.Helper()
	require.Equal(t, len(ids), q.Len())
	for _, id := range ids {
		require.True(t, q.Has(id), id)
	}
}

// row: 33 sets test, test - post, create set later
//
// A row is in the set of the last value, whether the set was made before the
// row, the value or after all.
func TestMembership(t *testing.T) {
	_, d := open[any](t)
	cheese, err := d.Where("type", "cheese")
	require.NoError(t, err)
	contains(t, cheese)
	for _, id := range []string{"a", "b"} {
		require.NoError(t, d.Set(id, m{"type": "cheese"}))
	}
	require.NoError(t, d.Set("c", m{"name": "cheese"}))
	contains(t, cheese, "a", "b")
	require.NoError(t, d.Set("a", m{"type": "wine"}))
	contains(t, cheese, "b")
	wine, err := d.Where("type", "wine")
	require.NoError(t, err)
	contains(t, wine, "a")
	require.False(t, cheese.Has("a") || cheese.Has("c") || cheese.Has("nobody"))
	remove(t, d, "a")
	contains(t, wine)
}

// Sets over one field exclude each other.
func TestAddAndRemove(t *testing.T) {
	r, d := open[any](t)
	cheese, err := d.Where("type", "cheese")
	require.NoError(t, err)
	wine, err := d.Where("type", "wine")
	require.NoError(t, err)
	require.NoError(t, d.Set("a", nil))
	require.NoError(t, cheese.Add("a"))
	head := r.Head()
	require.NoError(t, cheese.Add("a"))
	removed, err := wine.Remove("a")
	require.NoError(t, err)
	require.False(t, removed)
	require.Equal(t, head, r.Head())
	require.NoError(t, wine.Add("a"))
	contains(t, cheese)
	contains(t, wine, "a")
	removed, err = wine.Remove("a")
	require.NoError(t, err)
	require.True(t, removed)
	contains(t, wine)
	require.Equal(t, m{}, fields(t, d, "a"))
	require.ErrorIs(t, wine.Add("nobody"), ErrNotFound)
}

// row: 34 filters
func TestFilter(t *testing.T) {
	_, d := open[int](t)
	asked := 0
	big := d.Filter(func(r Row[int]) bool { asked++; return r.Fields["n"] > 1 })
	for i, id := range []string{"a", "b", "c", "d"} {
		require.NoError(t, d.Set(id, map[string]int{"n": i}))
	}
	contains(t, big, "c", "d")
	require.Equal(t, 4, asked, "once for each row")
	require.NoError(t, d.Set("a", map[string]int{"n": 5}))
	require.NoError(t, d.Set("c", map[string]int{"n": 0}))
	contains(t, big, "a", "d")
	require.Equal(t, 6, asked, "and for each that was changed")
	require.Equal(t, "a d", idsOf(big.All()))
	_, err := d.Remove("a")
	require.NoError(t, err)
	contains(t, big, "d")
}

// A state that is made again, as one is when a transaction fails, is read anew.
func TestSetsOfANewState(t *testing.T) {
	r, d := open[any](t)
	q, f := listed(t, d), d.Filter(func(Row[any]) bool { return true })
	a := push(t, q, "a")
	contains(t, f, a)
	tx := r.Begin()
	_, err := q.In(tx).Push(m{"text": "b"})
	require.NoError(t, err)
	require.NoError(t, q.In(tx).PushRow("nobody"))
	_, err = tx.Commit()
	require.ErrorIs(t, err, ErrNotFound)
	contains(t, f, a)
	contains(t, q, a)
	b := push(t, q, "b")
	contains(t, f, a, b)
	contains(t, q, a, b)
}

// row: 35 set caching
//
// The sets of a field, whoever asks for them, are one index.
func TestSetsShareAnIndex(t *testing.T) {
	_, d := open[any](t)
	require.NoError(t, d.Set("a", m{"type": "cheese"}))
	for range 3 {
		for _, v := range []string{"cheese", "wine"} {
			q, err := d.Where("type", v)
			require.NoError(t, err)
			q.Len()
		}
	}
	d.view(func(s *state) { require.Len(t, s.indexes, 1) })
}

// row: 33 onEach, 27 rm
//
// A set tells who is in it, and then who enters, changes and leaves, each once.
func TestMotions(t *testing.T) {
	_, d := open[any](t)
	cheese, err := d.Where("type", "cheese")
	require.NoError(t, err)
	require.NoError(t, d.Set("a", m{"type": "cheese"}))
	src := cheese.Changes()
	next := func(motion Motion, id string, want m) {
		t.Helper()
		got, err := src(t.Context())
		require.NoError(t, err)
		require.Equal(t, Member[any]{motion, Row[any]{id, want}}, got, motion.String())
	}
	next(Enter, "a", m{"type": "cheese"})
	require.NoError(t, d.Set("b", m{"type": "wine"}))
	require.NoError(t, d.Set("a", m{"age": 3}))
	next(Update, "a", m{"type": "cheese", "age": 3.0})
	require.NoError(t, d.Set("b", m{"type": "cheese"}))
	next(Enter, "b", m{"type": "cheese"})
	require.NoError(t, d.Set("b", m{"type": "wine"}))
	next(Leave, "b", m{"type": "wine"})
	require.NoError(t, d.Set("c", m{"type": "cheese"}))
	remove(t, d, "c")
	remove(t, d, "a")
	next(Leave, "a", m{})
	require.NoError(t, pull.Abort(src, nil))
}
