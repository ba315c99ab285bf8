package value_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/value"
)

func openMulti[V any](t testing.TB) (*replicate.Replica, *value.Multi[V]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{value.MultiJSON}})
	m, err := value.OpenMulti[V](r, "")
	require.NoError(t, err)
	return r, m
}

func TestMultiKeepsConflicts(t *testing.T) {
	a, v := openMulti[string](t)
	b, w := openMulti[string](t)
	got, err := v.Get()
	require.NoError(t, err)
	require.Empty(t, got)
	require.NoError(t, v.Set("mine"))
	require.NoError(t, w.Set("theirs"))
	exchange(t, a, b)
	here, err := v.Get()
	require.NoError(t, err)
	there, err := w.Get()
	require.NoError(t, err)
	require.Len(t, here, 2)
	require.Equal(t, here, there)
	require.Negative(t, here[0].Stamp.Compare(here[1].Stamp))

	require.NoError(t, w.Set("ours"))
	exchange(t, a, b)
	here, err = v.Get()
	require.NoError(t, err)
	require.Len(t, here, 1)
	require.Equal(t, "ours", here[0].Value)
	require.Equal(t, 1, a.Len())
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

// A write also replaces what the ones that it replaces had replaced, where it
// arrives without these.
func TestMultiContextTransitive(t *testing.T) {
	a, v := openMulti[int](t)
	b, w := openMulti[int](t)
	c, x := openMulti[int](t)
	require.NoError(t, v.Set(1))
	exchange(t, a, b)
	exchange(t, a, c)
	require.NoError(t, x.Set(2)) // replaces 1
	require.NoError(t, a.Write(t.Context(), c.Read(nil)))
	require.NoError(t, v.Set(3)) // replaces 2; 2 never gets to b
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	got, err := w.Get()
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, 3, got[0].Value)
}

// Against what really happened before what: the test notes for each write what
// its replica had been shown, directly or not.
func TestMultiAgainstHappenedBefore(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		const n = 4
		var reps [n]*replicate.Replica
		var multis [n]*value.Multi[int]
		var seen [n]map[int]bool
		for i := range n {
			reps[i], multis[i] = openMulti[int](t)
			seen[i] = map[int]bool{}
		}
		before, writes := map[int]bool{}, 0
		for range 25 {
			i, j := rng.IntN(n), rng.IntN(n)
			if rng.IntN(2) == 0 {
				require.NoError(t, reps[i].Write(t.Context(), reps[j].Read(reps[i].Clock())))
				maps.Copy(seen[i], seen[j])
				continue
			}
			require.NoError(t, multis[i].Set(writes))
			maps.Copy(before, seen[i])
			seen[i][writes] = true
			writes++
		}
		for range 2 {
			for i := range n {
				exchange(t, reps[i], reps[(i+1)%n])
			}
		}
		for i := range n {
			got, err := multis[i].Get()
			require.NoError(t, err)
			require.Len(t, got, writes-len(before))
			for _, w := range got {
				require.False(t, before[w.Value])
			}
			require.Equal(t, reps[0].Fingerprint(), reps[i].Fingerprint())
		}
	}
}

// A subscriber's last news is what is there, however slow it is.
func TestMultiChanges(t *testing.T) {
	a, v := openMulti[int](t)
	b, w := openMulti[int](t)
	src := v.Changes(0)
	require.NoError(t, v.Set(1))
	got, err := src(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.NoError(t, w.Set(2))
	exchange(t, a, b)
	got, err = src(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 2)
	for i := range 100 {
		require.NoError(t, w.Set(i))
	}
	exchange(t, a, b)
	got, err = src(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, 99, got[0].Value)
	require.NoError(t, pull.Abort(src, nil))
}

// What is told once is not told again by the batch that follows.
func TestMultiChangesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, v := openMulti[int](t)
		const n = 300 // more than come at once
		for i := range n {
			b, w := openMulti[int](t)
			require.NoError(t, w.Set(i))
			require.NoError(t, a.Write(t.Context(), b.Read(nil)))
		}
		src := v.Changes(0)
		got, err := src(t.Context())
		require.NoError(t, err)
		require.Len(t, got, n)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = src(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
