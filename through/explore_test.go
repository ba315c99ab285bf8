package through_test

import (
	"testing"

	"github.com/weir-go/weir/pull/pulltest"
)

// Every link keeps the laws under random schedules too. The seed is fixed: a
// run of the suite says the same twice.
//
// row: A2, A16, I7
func TestLinksExplored(t *testing.T) {
	readAhead := map[string]int{"Buffer": 5, "Parallel": 5}
	for _, l := range allLinks {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			const n = 5
			pulltest.ExploreThrough(t, func(src ints) ints { return l.op(src, n) },
				pulltest.ThroughOptions[int, int]{
					Want:       func(in []int) []int { return l.model(in, n) },
					ReadAhead:  readAhead[l.name],
					Goroutines: readAhead[l.name] > 0,
				}, pulltest.Exploration{Seed: 1, Runs: 100})
		})
	}
}
