package pulltest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// walksAwayAfter passes values on, and does not tell its source of an abort
// that comes after exactly n values: no fixed schedule looks there.
func walksAwayAfter(n int) func(pull.Source[int]) pull.Source[int] {
	return func(src pull.Source[int]) pull.Source[int] {
		seen, end := 0, error(nil)
		return func(ctx context.Context) (v int, err error) {
			switch {
			case end != nil:
				return 0, end
			case ctx.Err() != nil && seen == n:
				end = pull.Cause(ctx)
				return 0, end
			}
			v, end = src(ctx)
			seen++
			return v, end
		}
	}
}

// row: I7
func TestExploreFindsWhatNoFixedScheduleDoes(t *testing.T) {
	how := pulltest.Exploration{Seed: 1, Runs: 1000}
	lenient := pulltest.ThroughOptions[int, int]{Want: identity}
	require.Empty(t, pulltest.CheckThrough(t, walksAwayAfter(7), lenient))

	found := pulltest.SearchThrough(t, walksAwayAfter(7), lenient, how)
	require.NotEmpty(t, found)
	assert.Regexp(t, `^7 values, end; (read \d+[^,]*, )*\S.* \(seed \d+\)(, then abort)?$`, found[0].Schedule)
	assert.Equal(t, "through", found[0].Law)
	assert.LessOrEqual(t, strings.Count(found[0].Schedule, ","), 4, "it is short")
}

func TestExploreCorrectStreams(t *testing.T) {
	pulltest.ExploreThrough(t, readsThrough, passes, pulltest.Exploration{Seed: 1})
	pulltest.ExploreSource(t, func() pull.Source[int] { return pull.Count(3) },
		threeWanted, pulltest.Exploration{Seed: 1})
	stalls := threeWanted
	stalls.Stalls = true
	pulltest.ExploreSource(t, func() pull.Source[int] {
		return pulltest.Misbehave(pull.Forever(func() int { return 7 }),
			pulltest.Faults{After: 3, Stall: true})
	}, pulltest.SourceOptions[int]{Want: []int{7, 7, 7}, Stalls: true}, pulltest.Exploration{Seed: 1})
	pulltest.ExploreSource(t, func() pull.Source[int] { return pull.Count(1 << 40) },
		pulltest.SourceOptions[int]{Want: []int{0, 1, 2}, Endless: true}, pulltest.Exploration{Seed: 1})
}

func TestExploreSameSeedSameSchedule(t *testing.T) {
	broken := func() pull.Source[int] {
		return pulltest.Misbehave(pull.Count(3), pulltest.Faults{Revive: true})
	}
	one := pulltest.Exploration{Seed: 7, Runs: 1}
	first := pulltest.SearchSource(t, broken, threeWanted, one)
	require.NotEmpty(t, first)
	assert.Equal(t, first, pulltest.SearchSource(t, broken, threeWanted, one))
	assert.Contains(t, first[0].Schedule, "(seed 7)")
	assert.Empty(t, strings.TrimSuffix(first[0].Schedule, " (seed 7), then abort"), "no step is needed")
}
