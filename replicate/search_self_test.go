package replicate_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// selfBounds have a bit of everything that a state is made of.
var selfBounds = []bound{
	{writes: 1},
	{writes: 2, cast: "WW "},
	{writes: 1, cast: "BB ", crashes: 1},
	{writes: 2, cast: "BB ", crashes: 1},
	{writes: 2, cast: "BB ", crashes: 1, lies: true},
	{writes: 2, line: true, still: true},
	{writes: 2, line: true, deaths: 1},
	{writes: 3, line: true, both: true, deletes: true},
	{writes: 1, line: true, greet: true, acks: true},
	{writes: 2, line: true, journal: true, crashes: 1, deaths: 1},
}

// Scenes that are taken for one lead to the same scenes: of a scene that was
// seen before, under whatever names, the steps lead where those of the first
// one did. So what a state leaves out never matters.
func TestSearchTakesForOneWhatIs(t *testing.T) {
	limit := 500
	if os.Getenv("WEIR_LONG") != "" {
		limit = 20_000
	}
	for i, b := range selfBounds {
		b.limit = limit
		t.Run(fmt.Sprint(i), func(t *testing.T) { bisimilar(t, newSearch(b, noRule)) })
	}
}

func bisimilar(t *testing.T, x *search) {
	leads := map[uint64]map[uint64]step{}
	first := map[uint64]*visit{}
	todo := []*visit{{scene: x.opening()}}
	for n := 0; len(todo) > 0 && len(leads) < x.limit; n++ {
		v := todo[0]
		todo = todo[1:]
		key := x.key(v.scene)
		before, seen := leads[key]
		if seen && n%4 != 0 {
			continue
		}
		to := map[uint64]step{}
		for _, st := range x.possible(v.scene) {
			next, err := x.take(v.scene, st)
			require.NoError(t, err)
			if next == nil {
				continue
			}
			to[x.key(next)] = st
			if !seen {
				todo = append(todo, &visit{from: v, by: st, scene: next})
			}
		}
		v.scene = nil
		if !seen {
			leads[key], first[key] = to, v
		} else if !maps.EqualFunc(before, to, func(step, step) bool { return true }) {
			t.Fatalf("%v leads to %v, and %v, which is the same, to %v",
				first[key].history(), before, v.history(), to)
		}
	}
}

// A copy goes on as the original does.
func TestSearchCopiesWhole(t *testing.T) {
	walks := 20
	if os.Getenv("WEIR_LONG") != "" {
		walks = 5000
	}
	for i := range walks {
		b := selfBounds[i%len(selfBounds)]
		b.writes = 5
		x := newSearch(b, noRule)
		rnd := rand.New(rand.NewPCG(uint64(i), 2))
		copied, moved := x.opening(), x.opening()
		moved.inPlace = true
		var walk []step
		for range 60 {
			steps := x.possible(copied)
			if len(steps) == 0 {
				break
			}
			st := steps[rnd.IntN(len(steps))]
			walk = append(walk, st)
			next, err := x.take(copied, st)
			require.NoError(t, err)
			same, err := x.take(moved, st)
			require.NoError(t, err)
			require.Equal(t, next == nil, same == nil, "%v", walk)
			if next == nil {
				continue
			}
			copied, moved = next, same
			want := slices.Clone(x.state(moved, asIs[0]))
			require.Equal(t, want, x.state(copied, asIs[0]), "%v", walk)
		}
	}
}
