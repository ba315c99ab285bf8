package window_test

import (
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/window"
)

type ints = pull.Source[int]

// slid makes windows of n by step; a shorter one if it holds something new.
func slid(n, step int) func([]int) [][]int {
	return func(in []int) (out [][]int) {
		seen := 0
		for from := 0; seen < len(in) && from < len(in); from += step {
			to := min(from+n, len(in))
			out = append(out, in[from:to])
			seen = to
		}
		return out
	}
}

// TestConformance runs every operator of the package through pulltest. A
// subtest is named after what it checks.
func TestConformance(t *testing.T) {
	t.Run("Tumbling", tumblingConforms)
	t.Run("Sliding", slidingConforms)
	t.Run("Reduce", reduceConforms)
	t.Run("Every", everyConforms)
	t.Run("Session", sessionConforms)
}

func tumblingConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) pull.Source[[]int] { return window.Tumbling(src, 3) },
		pulltest.ThroughOptions[int, []int]{Want: slid(3, 3)})
}

func slidingConforms(t *testing.T) {
	for _, c := range []struct{ n, step int }{{1, 1}, {3, 1}, {3, 2}, {2, 3}, {4, 4}} {
		pulltest.Through(t, func(src ints) pull.Source[[]int] {
			return window.Sliding(src, c.n, c.step)
		}, pulltest.ThroughOptions[int, []int]{Want: slid(c.n, c.step)})
	}
}

func sum(a, n int) int { return a + n }

func reduceConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return window.Reduce(src, 3, 100, sum) },
		pulltest.ThroughOptions[int, int]{
			Want: func(in []int) (out []int) {
				for _, w := range slid(3, 1)(in) {
					total := 100
					for _, n := range w {
						total += n
					}
					out = append(out, total)
				}
				return out
			},
			Panic: func(src ints) ints {
				return window.Reduce(src, 3, 0, func(int, int) int { panic("boom") })
			},
		})
}

func values(src pull.Source[window.Window[int]]) pull.Source[[]int] {
	return through.Map(src, func(w window.Window[int]) []int { return w.Values })
}

const day = 24 * time.Hour // longer than any schedule

func clocked(t *testing.T, n int, op func(src ints, d time.Duration) pull.Source[window.Window[int]]) {
	for d, want := range map[time.Duration]func([]int) [][]int{day: slid(n, n), 0: slid(1, 1)} {
		pulltest.Through(t, func(src ints) pull.Source[[]int] { return values(op(src, d)) },
			pulltest.ThroughOptions[int, []int]{Want: want, ReadAhead: 128, Goroutines: true})
	}
}

func everyConforms(t *testing.T) {
	for _, n := range []int{3, 5000} {
		clocked(t, n, func(src ints, d time.Duration) pull.Source[window.Window[int]] {
			return window.Every(src, d, n, nil)
		})
	}
}

func sessionConforms(t *testing.T) {
	for _, n := range []int{3, 5000} {
		clocked(t, n, func(src ints, d time.Duration) pull.Source[window.Window[int]] {
			return window.Session(src, d, n, nil)
		})
	}
}
