package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/orders"
)

var testLimits = []Limits{
	{}, {MaxCount: 1}, {MaxCount: 3}, {MaxAge: 40 * time.Millisecond},
	{MaxCount: 2, MaxAge: 60 * time.Millisecond},
}

func limited(l Limits) replicate.Type {
	if l == (Limits{}) {
		return JSON
	}
	return Expiring(JSON, l)
}

// The state is what a plain function makes of the set of updates, in every
// order, with duplicates, and of what is live of them alone.
func TestConverges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, l := range testLimits {
		c := orders.Case{Type: limited(l), Show: show, Oracle: func(set []*replicate.Update) string {
			return lines(expected(set, l))
		}}
		for i := range 150 {
			c.Check(t, rng, history(t, rng, c.Type, 2+i%3, 2+i%12))
		}
	}
}

// Floors change nothing that is shown: when all is there, it is the newest keys.
func TestShowsTheNewest(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	floors := 0
	for i := range 300 {
		l := testLimits[1+i%(len(testLimits)-1)]
		written := history(t, rng, limited(l), 2+i%3, 25)
		want := lines(expected(slices.DeleteFunc(slices.Clone(written), func(u *replicate.Update) bool {
			return isFloor(u.Op())
		}), l))
		rng.Shuffle(len(written), func(i, j int) { written[i], written[j] = written[j], written[i] })
		s := limited(l).New()
		for _, u := range written {
			s.Apply(u, func(*replicate.Update) {})
			if isFloor(u.Op()) {
				floors++
			}
		}
		require.Equal(t, want, show(s))
	}
	require.Greater(t, floors, 100)
}

// All sequences of four ops on three keys, floors among them, in all orders, and
// parts of them merged; with an age, of three.
func TestExpiringExhaustively(t *testing.T) {
	ops := []string{"\x01\x01a1", "\x01\x01b1", "\x01\x01c1", "\x00\x01a", ""}
	for _, l := range []Limits{{MaxCount: 2}, {MaxCount: 1, MaxAge: 2 * time.Millisecond}} {
		typ := limited(l)
		c := orders.Case{Type: typ, Show: show, Oracle: func(set []*replicate.Update) string {
			return lines(expected(set, l))
		}}
		steps, all := 4, len(ops)*len(ops)*len(ops)*len(ops)
		if l.MaxAge > 0 {
			steps, all = 3, all/len(ops)
		}
		for n := range all {
			now := time.UnixMilli(1e12)
			r := replicate.New(replicate.Config{
				Types: []replicate.Type{typ}, Now: func() time.Time { return now },
			})
			m, err := OpenWith(r, "", replicate.JSON[int](typ))
			require.NoError(t, err)
			var written []*replicate.Update
			for i := n; len(written) < steps; i /= len(ops) {
				now = now.Add(time.Millisecond)
				op := ops[i%len(ops)]
				if op == "" { // at one of three heights
					op = floorOp(replicate.Time(n%3)*millisecond, 0)
				}
				written = append(written, orders.Written(t, r, func() {
					_, err := m.h.Write(op)
					require.NoError(t, err)
				})...)
			}
			c.Check(t, rand.New(rand.NewPCG(5, uint64(n))), written)
		}
	}
}

func history(t *testing.T, rng *rand.Rand, typ replicate.Type, replicas, steps int) []*replicate.Update {
	return orders.History(t, rng, typ, replicas, steps, func(r *replicate.Replica) {
		m, err := OpenWith(r, "", replicate.JSON[int](typ))
		require.NoError(t, err)
		key := fmt.Sprint(rng.IntN(6))
		if rng.IntN(4) == 0 {
			_, err = m.Delete(key)
		} else {
			err = m.Set(key, rng.IntN(100))
		}
		require.NoError(t, err)
	})
}

// expected returns what is to be in the cells: the newest write of each key, if
// it is above all floors, not too old for the newest of all, and among the
// newest.
func expected(set []*replicate.Update, l Limits) (cells []*replicate.Update) {
	age := replicate.Time(l.MaxAge.Milliseconds()) * millisecond
	for _, u := range set {
		if isFloor(u.Op()) {
			continue
		}
		out := 0
		for _, w := range set {
			if isFloor(w.Op()) {
				distance, _ := parseFloor(w.Op())
				if u.Stamp().Time+replicate.Time(distance) < w.Stamp().Time {
					out = len(set)
				}
				continue
			}
			if w.Newer(u) && (written(w) == written(u) || age > 0 && u.Stamp().Time+age < w.Stamp().Time) {
				out = len(set)
			}
		}
		if out == 0 {
			cells = append(cells, u)
		}
	}
	slices.SortFunc(cells, func(u, v *replicate.Update) int { return v.Stamp().Compare(u.Stamp()) })
	if l.MaxCount > 0 {
		cells = cells[:min(len(cells), l.MaxCount)]
	}
	return cells
}

// written is the key that an update writes.
func written(u *replicate.Update) string {
	key, _ := keyOf(u.Op())
	return key
}

func show(o replicate.Object) string {
	s := o.(*state)
	var cells []*replicate.Update
	set := 0
	for u := range s.cells.all() {
		if cells = append(cells, u); s.get(keyIn(u), 0) != nil {
			set++
		}
	}
	if set != s.size(0) {
		return fmt.Sprintf("%d keys of %d", s.size(0), set)
	}
	return lines(cells)
}

func lines(cells []*replicate.Update) string {
	var all []string
	for _, u := range cells {
		all = append(all, fmt.Sprintf("%q by %v", u.Op(), u.Stamp()))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
