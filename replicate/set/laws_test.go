package set

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/orders"
)

// The state is what a plain function makes of the set of updates, in every
// order, with duplicates, and of what is live of them alone.
func TestGrowConverges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	c := orders.Case{Type: GrowJSON, Show: show, Oracle: func(set []*replicate.Update) string {
		var elements []string
		for _, u := range set {
			elements = append(elements, grown(u.Op()))
		}
		return lines(elements)
	}}
	for i := range 200 {
		c.Check(t, rng, orders.History(t, rng, GrowJSON, 2+i%3, 2+i%10, func(r *replicate.Replica) {
			s, err := OpenGrow[int](r, "")
			require.NoError(t, err)
			_, err = s.Add(rng.IntN(12))
			require.NoError(t, err)
		}))
	}
}

// An element is in if there is an addition that no op on it has seen.
func TestAddWinsConverges(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	c := orders.Case{Type: JSON, Show: show, Oracle: func(set []*replicate.Update) string {
		var elements []string
		for _, u := range set {
			if adds(u.Op()) && !slices.ContainsFunc(set, func(w *replicate.Update) bool { return saw(w, u) }) {
				elements = append(elements, touched(u.Op()))
			}
		}
		return lines(elements)
	}}
	for i := range 600 {
		elements := 1 + i%3
		c.Check(t, rng, orders.History(t, rng, JSON, 2+i%3, 2+i%14, func(r *replicate.Replica) {
			s, err := Open[int](r, "")
			require.NoError(t, err)
			if n := rng.IntN(elements); rng.IntN(2) == 0 {
				require.NoError(t, s.Add(n))
			} else {
				_, err = s.Remove(n)
				require.NoError(t, err)
			}
		}))
	}
}

// saw reports whether w names u among what it has seen.
func saw(w, u *replicate.Update) bool {
	seen, element := parseOp(w)
	return element == touched(u.Op()) && slices.ContainsFunc(seen, func(s replicate.Stamp) bool {
		return s.Author == u.Stamp().Author && s.Time >= u.Stamp().Time
	})
}

func show(o replicate.Object) string {
	var elements []string
	s := o.(state)
	s.each(func(element string) { elements = append(elements, element) })
	return list(s.size(), elements)
}

func lines(elements []string) string {
	slices.Sort(elements)
	elements = slices.Compact(elements)
	return list(len(elements), elements)
}

func list(size int, elements []string) string {
	slices.Sort(elements)
	return fmt.Sprint(size, elements)
}

// Of the updates of an element one is left, once they are not concurrent.
func TestTombstonesDoNotPileUp(t *testing.T) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{JSON}})
	s, err := Open[int](r, "")
	require.NoError(t, err)
	for range 10 {
		require.NoError(t, s.Add(1))
		_, err := s.Remove(1)
		require.NoError(t, err)
	}
	require.Equal(t, 1, r.Len())
	tombstone := orders.Written(t, r, func() { require.NoError(t, s.Add(2)) })[0]
	s.object.h.View(func(o replicate.Object) {
		a := o.(*addWins)
		require.False(t, a.Tombstone(tombstone))
		require.True(t, a.Tombstone(a.cells["1"].u))
	})
}

// Removals by two replicas of the same additions become one.
func TestConcurrentTombstonesBecomeOne(t *testing.T) {
	config := replicate.Config{Types: []replicate.Type{JSON}}
	a, b := replicate.New(config), replicate.New(config)
	s, err := Open[int](a, "")
	require.NoError(t, err)
	u, err := Open[int](b, "")
	require.NoError(t, err)
	require.NoError(t, s.Add(1))
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	for _, s := range []*AddWins[int]{s, u} {
		removed, err := s.Remove(1)
		require.NoError(t, err)
		require.True(t, removed)
	}
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	require.NoError(t, a.Write(t.Context(), b.Read(nil)))
	require.Equal(t, 1, a.Len())
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

// FuzzOp feeds any two ops to the checks and, if they pass, to a replica.
func FuzzOp(f *testing.F) {
	b := "\x18" + strings.Repeat("b", 24)
	f.Add("\x01\"x\"", "\x01null")
	f.Add("\x011", "\x02\x00\x051")
	f.Add("\x05\x00\x01"+b+"\xff\x011", "\x02"+b+"\x001")
	f.Add("\xff\xff\xff\xff\x0f\x00\x01", "\x00")
	f.Fuzz(func(t *testing.T, op, next string) {
		r := replicate.New(replicate.Config{Types: []replicate.Type{JSON, GrowJSON}})
		s, err := Open[json.RawMessage](r, "")
		require.NoError(t, err)
		g, err := OpenGrow[json.RawMessage](r, "")
		require.NoError(t, err)
		for _, op := range []string{op, next} {
			_, _ = s.object.h.Write(op)
			_, _ = g.object.h.Write(op)
		}
		for _, s := range []Set[json.RawMessage]{s, g, Minus(s, g)} {
			n := 0
			for v, err := range s.All() {
				require.NoError(t, err)
				require.True(t, json.Valid(v))
				n++
			}
			require.Equal(t, n, s.Len())
		}
		require.NoError(t, s.Add(json.RawMessage("1")))
		require.True(t, s.Has(json.RawMessage("1")))
		removed, err := s.Remove(json.RawMessage("1"))
		require.NoError(t, err)
		require.True(t, removed)
		require.False(t, s.Has(json.RawMessage("1")))
	})
}
