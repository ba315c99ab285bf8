package reduce_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/reduce"
	"github.com/weir-go/weir/replicate/replicatetest"
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
	return show(values)
}

// history plays edits and exchanges at random: each replica has all values that
// it was given or heard of, reduced.
func (k kind[V]) history(t *rapid.T) {
	type node struct {
		r    *replicate.Replica
		c    *reduce.Collection[V]
		held map[string]V
	}
	var nodes []node
	for range 3 {
		r, c := open(t, k.Reduction)
		nodes = append(nodes, node{r, c, map[string]V{}})
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
		}
		for key, want := range n.held {
			got, err := n.c.Get(key)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
}

func clone[V any](t *rapid.T, v V) (w V) {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &w))
	return w
}

// Kinds of reduction: one key, many, and a function that is neither commutative
// nor idempotent.
func oneKey() kind[set] {
	return kind[set]{sets, func(t *rapid.T) set {
		return set{rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "element"): true}
	}, func(set) string { return "" }, union}
}

func keys() kind[beat] {
	return kind[beat]{beats, func(t *rapid.T) beat {
		name := rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "name")
		return beat{name, rapid.IntRange(0, 9).Draw(t, "at")}
	}, func(b beat) string { return b.Name }, later}
}

func lawless() kind[string] {
	join := func(a, b string) string { return a + b }
	return kind[string]{reduce.TypeOf("text", join, reduce.Config[string]{}), nil,
		func(string) string { return "" }, join}
}

func TestValueIsAllContributions(t *testing.T) {
	t.Run("one key", func(t *testing.T) { rapid.Check(t, oneKey().history) })
	t.Run("keys", func(t *testing.T) { rapid.Check(t, keys().history) })
}

// Replicas agree whatever the function is.
func TestConvergence(t *testing.T) {
	t.Run("one key", func(t *testing.T) {
		oneKey().converges(t, func(rnd *rand.Rand) set { return set{string(rune('a' + rnd.IntN(4))): true} }, true)
	})
	t.Run("keys", func(t *testing.T) {
		keys().converges(t, func(rnd *rand.Rand) beat {
			return beat{string(rune('x' + rnd.IntN(3))), rnd.IntN(20)}
		}, true)
	})
	t.Run("lawless", func(t *testing.T) {
		lawless().converges(t, func(rnd *rand.Rand) string { return string(rune('a' + rnd.IntN(3))) }, false)
	})
}

// converges has a kind's collections checked; with a lawful function,
// subscribers too.
func (k kind[V]) converges(t *testing.T, draw func(*rand.Rand) V, lawful bool) {
	open := func(r *replicate.Replica) (replicatetest.Subject, error) {
		c, err := reduce.Open(r, "", k.Reduction)
		if err != nil {
			return replicatetest.Subject{}, err
		}
		s := replicatetest.Subject{
			Edit: func(rnd *rand.Rand) error {
				_, err := c.Update(draw(rnd))
				return err
			},
			State: func() string {
				now := map[string]V{}
				for v, err := range c.All("") {
					if err != nil {
						return err.Error()
					}
					now[k.key(v)] = v
				}
				return show(now)
			},
		}
		if lawful {
			seen := map[string]V{}
			s.Follow = []replicatetest.Follower{replicatetest.Follow(c.Changes(0), func(ch reduce.Change[V]) {
				if old, ok := seen[ch.Key]; ok {
					ch.Value = k.f(old, ch.Value)
				}
				seen[ch.Key] = ch.Value
			}, func() string { return show(seen) })}
		}
		return s, nil
	}
	replicatetest.Run(t, replicatetest.Kind{
		Types: []replicate.Type{k.Type()}, Open: open, Oracle: k.oracle,
	}, replicatetest.Config{})
}

func show[V any](values map[string]V) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, fmt.Sprintf("%q=%v", key, values[key]))
	}
	return fmt.Sprint(lines)
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
