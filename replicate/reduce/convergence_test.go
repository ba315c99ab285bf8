package reduce_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/reduce"
)

// A kind is a reduction with a way to make values for it.
type kind[V any] struct {
	*reduce.Reduction[V]
	draw func(t *rapid.T) V
	key  func(V) string
	f    func(a, b V) V
}

// oracle is what a set of updates comes to, in the simplest way: of each author
// and key the newest counts, and they are reduced from the oldest to the newest.
// An op is read as it is for short keys.
func (k kind[V]) oracle(updates []*replicate.Update) string {
	values := map[string]V{}
	for i, u := range updates {
		key := u.Op()[1 : 1+u.Op()[0]]
		if slices.ContainsFunc(updates[i+1:], func(w *replicate.Update) bool {
			return w.Stamp().Author == u.Stamp().Author && w.Op()[1:1+w.Op()[0]] == key
		}) {
			continue
		}
		var v V
		if err := json.Unmarshal([]byte(u.Op()[1+len(key):]), &v); err != nil {
			return err.Error()
		}
		if old, ok := values[key]; ok {
			v = k.f(old, v)
		}
		values[key] = v
	}
	var lines []string
	for key, v := range values {
		lines = append(lines, fmt.Sprintf("%q=%v <nil>", key, v))
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}

// history plays edits and exchanges at random and returns every update
// written. What is a function by the laws, lawful, is checked against all values
// that each replica has contributed or heard of.
func (k kind[V]) history(t *rapid.T, lawful bool) (all []*replicate.Update) {
	type node struct {
		r    *replicate.Replica
		c    *reduce.Collection[V]
		h    *replicate.Handle
		held map[string]V
	}
	var nodes []node
	for range 3 {
		r, c := open(t, k.Reduction)
		h, err := r.Open(replicate.ObjectName{Type: k.Type().Tag})
		require.NoError(t, err)
		nodes = append(nodes, node{r, c, h, map[string]V{}})
	}
	join := func(held map[string]V, v V) {
		key := k.key(v)
		v = clone(t, v) // the function may change what it was given
		if old, ok := held[key]; ok {
			v = k.f(old, v)
		}
		held[key] = v
	}
	for range rapid.IntRange(1, 25).Draw(t, "steps") {
		n := nodes[rapid.IntRange(0, 2).Draw(t, "node")]
		head := n.r.Head()
		if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
			from := nodes[rapid.IntRange(0, 2).Draw(t, "from")]
			require.NoError(t, n.r.Write(t.Context(), from.r.Read(nil)))
			for _, v := range from.held {
				join(n.held, v)
			}
		} else {
			v := k.draw(t)
			_, err := n.c.Update(v)
			require.NoError(t, err)
			join(n.held, v)
			if n.r.Head() > head {
				batch, err := n.h.Changes(head)(t.Context())
				require.NoError(t, err)
				all = append(all, batch...)
			}
		}
		for key, want := range n.held {
			got, err := n.c.Get(key)
			require.NoError(t, err)
			require.True(t, !lawful || fmt.Sprint(want) == fmt.Sprint(got), "%v is not %v", got, want)
		}
	}
	return all
}

func clone[V any](t *rapid.T, v V) (w V) {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &w))
	return w
}

// apply gives a new object the updates, unless live then, and returns what is.
func apply(typ replicate.Type, updates []*replicate.Update) (replicate.Object, map[*replicate.Update]bool) {
	o, live := typ.New(), map[*replicate.Update]bool{}
	for _, u := range updates {
		if !live[u] {
			live[u] = true
			o.Apply(u, func(v *replicate.Update) { delete(live, v) })
		}
	}
	return o, live
}

func (k kind[V]) converges(t *rapid.T, lawful bool) {
	all := k.history(t, lawful)
	if len(all) == 0 {
		return
	}
	some := rapid.SliceOfN(rapid.SampledFrom(all), 1, 2*len(all)).Draw(t, "received")
	o, live := apply(k.Type(), some)
	_, other := apply(k.Type(), rapid.Permutation(some).Draw(t, "another order"))
	require.Equal(t, live, other)
	again, still := apply(k.Type(), slices.Collect(maps.Keys(live)))
	require.Equal(t, live, still)

	slices.SortFunc(some, func(u, v *replicate.Update) int { return u.Stamp().Compare(v.Stamp()) })
	want := k.oracle(slices.Compact(some))
	require.Equal(t, want, k.Shown(o))
	require.Equal(t, want, k.Shown(again))
}

// The state is what the oracle says, of any set of updates in any order, and
// the same of those alone that were not called obsolete; and with a lawful
// function each replica has what it was given or heard of, reduced.
func TestConvergence(t *testing.T) {
	noKey := func(set) string { return "" }
	t.Run("one key", func(t *testing.T) {
		k := kind[set]{sets, func(t *rapid.T) set {
			return set{rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "element"): true}
		}, noKey, union}
		rapid.Check(t, func(t *rapid.T) { k.converges(t, true) })
	})
	t.Run("keys", func(t *testing.T) {
		k := kind[beat]{beats, func(t *rapid.T) beat {
			name := rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "name")
			return beat{name, rapid.IntRange(0, 9).Draw(t, "at")}
		}, func(b beat) string { return b.Name }, later}
		rapid.Check(t, func(t *rapid.T) { k.converges(t, true) })
	})
	t.Run("lawless", func(t *testing.T) {
		join := func(a, b string) string { return a + b }
		k := kind[string]{reduce.TypeOf("text", join, reduce.Config[string]{}), func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "text")
		}, func(string) string { return "" }, join}
		rapid.Check(t, func(t *rapid.T) { k.converges(t, false) })
	})
}

// FuzzOp feeds any op to the check and, if it passes, to a replica.
func FuzzOp(f *testing.F) {
	f.Add("\x01k{\"Name\":\"k\",\"At\":1}")
	f.Add("\x00{}")
	f.Add("\x80\x20" + strings.Repeat("k", 4096) + "null")
	f.Fuzz(func(t *testing.T, op string) {
		r, c := open(t, beats)
		update(t, c, beat{"k", 5})
		h, err := r.Open(replicate.ObjectName{Type: beats.Type().Tag})
		require.NoError(t, err)
		if _, err = h.Write(op); err != nil {
			return
		}
		update(t, c, beat{"k", 1 << 40})
		n := 0
		for _, err := range c.All("") {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, c.Len(), n)
	})
}
