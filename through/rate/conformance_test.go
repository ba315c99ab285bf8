package rate_test

import (
	"testing"

	xrate "golang.org/x/time/rate"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/rate"
)

type ints = pull.Source[int]

func asIs(in []int) []int { return in }

// TestConformance runs every operator of the package through pulltest. A
// subtest is named after what it checks.
func TestConformance(t *testing.T) {
	t.Run("Limit", limitConforms)
	t.Run("LimitBy", limitByConforms)
}

func limitConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return rate.Limit(src, xrate.NewLimiter(10, 1)) },
		pulltest.ThroughOptions[int, int]{
			Want: asIs,
			Quick: func(src ints) ints {
				return rate.Limit(src, xrate.NewLimiter(1000, 1))
			},
			Fail: func(src ints) ints { return rate.Limit(src, xrate.NewLimiter(10, 0)) },
		})
}

func limitByConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return rate.LimitBy(src, xrate.NewLimiter(10, 4), func(n int) int { return n % 9 })
	}, pulltest.ThroughOptions[int, int]{
		Want: asIs,
		Panic: func(src ints) ints {
			return rate.LimitBy(src, xrate.NewLimiter(10, 4), func(int) int { panic("boom") })
		},
	})
}
