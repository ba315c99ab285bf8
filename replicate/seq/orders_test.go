package seq_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/orders"
	"github.com/weir-go/weir/replicate/seq"
)

// converge applies updates in an order, and then the obsolete ones again. The
// list must be the oracle's, for all updates and for the live ones alone; it
// returns it, and the live ones in order of arrival.
func converge(t testing.TB, updates []*replicate.Update) (elements, []*replicate.Update) {
	want := listOf(updates)
	o, live := applied(t, slices.Concat(updates, updates))
	require.Equal(t, want, elements(seq.Shown(o)))
	kept := slices.DeleteFunc(slices.Clone(updates), func(u *replicate.Update) bool { return !live[u] })
	require.Equal(t, want, listOf(kept), "the live updates alone say less")
	again, still := applied(t, kept)
	require.Equal(t, want, elements(seq.Shown(again)))
	require.Len(t, still, len(kept), "of the live ones none is obsolete")
	return want, kept
}

// everyOrder applies updates in all orders and returns what all of them lead
// to.
func everyOrder(t testing.TB, updates []*replicate.Update) (list elements) {
	var live []*replicate.Update
	orders.Permute(updates, func(order []*replicate.Update) {
		got, kept := converge(t, order)
		slices.SortFunc(kept, func(u, v *replicate.Update) int { return u.Stamp().Compare(v.Stamp()) })
		if list == nil {
			list, live = got, kept
		}
		require.Equal(t, list, got)
		require.True(t, slices.Equal(live, kept), "what is obsolete depends on the order")
	})
	return list
}

// shuffled applies updates in some random orders.
func shuffled(t testing.TB, updates []*replicate.Update, rnd *rand.Rand) {
	list, _ := converge(t, updates)
	for range 5 {
		order := slices.Clone(updates)
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		got, _ := converge(t, order)
		require.Equal(t, list, got)
	}
}

// history makes random edits at sites that now and then tell each other, and
// returns all updates.
func history(t *rapid.T, sites []*site, steps int) (all []*replicate.Update) {
	for step := range steps {
		s := rapid.SampledFrom(sites).Draw(t, "site")
		if rapid.IntRange(0, 3).Draw(t, "meet") == 0 {
			s.pull(t, rapid.SampledFrom(sites).Draw(t, "from"))
			continue
		}
		all = append(all, s.wrote(t, func() { edit(t, s, s.list(), step) })...)
	}
	return all
}

// Whatever three authors do, seeing of each other what they may, whoever has
// all of it has one list, in whatever order it came.
func TestSmallHistoriesInEveryOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sites := newSites(rt, 3)
		sites[0].push(rt, 1, 2)
		base := sites[0].since(rt, 0)
		sites[1].pull(rt, sites[0])
		all := append(base, history(rt, sites, 8)...)
		everyOrder(t, all[:min(len(all), 5)])
		meet(rt, sites...)
		require.Equal(t, listOf(all), sites[0].list())
	})
}

func TestLongHistories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sites := newSites(rt, 3)
		all := history(rt, sites, rapid.IntRange(20, 150).Draw(rt, "steps"))
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 0))
		shuffled(t, all, rnd)
		meet(rt, sites...)
		require.Equal(t, listOf(all), sites[0].list())
	})
}

// Anything that passes Check makes one list in every order, also what nobody
// who uses this package writes: references to what is unknown, of another
// kind, newer or the writer's own, and updates that disagree on an element's
// first place.
func TestAnyOpsConverge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sites := newSites(rt, 3)
		ids := []seq.ID{{}}
		var all []*replicate.Update
		for i := range rapid.IntRange(1, 60).Draw(rt, "ops") {
			s := rapid.SampledFrom(sites).Draw(rt, "site")
			s.now = s.now.Add(1e6)
			all = append(all, s.wrote(rt, func() { writeAny(rt, s, ids, raw(i)) })...)
			ids = append(ids, seq.ID(replicate.Stamp{Time: s.r.Clock()[s.r.Author()], Author: s.r.Author()}))
		}
		if len(all) <= 5 {
			everyOrder(t, all)
			return
		}
		shuffled(t, all, rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 0)))
	})
}

// writeAny writes an op that refers to any of ids.
func writeAny(t *rapid.T, s *site, ids []seq.ID, value string) {
	m := seq.Meaning{
		Element: rapid.SampledFrom(ids).Draw(t, "element"),
		Parent:  rapid.SampledFrom(ids).Draw(t, "parent"),
		Left:    rapid.Bool().Draw(t, "left"),
		Move:    rapid.Bool().Draw(t, "move"),
	}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0, 1:
		m.Kind, m.Value = seq.OpInsert, value
	case 2:
		m.Kind, m.Value = seq.OpSet, value
	case 3:
		m.Kind = seq.OpDelete
	case 4:
		m.Kind = seq.OpMove
	}
	_, err := s.h.Compose(func(d replicate.Draft) (string, error) {
		return m.Op(seq.ID(d.Stamp)), nil
	})
	require.NoError(t, err)
}
