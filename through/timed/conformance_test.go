package timed_test

import (
	"context"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/timed"
)

type ints = pull.Source[int]

const (
	ahead = 128
	day   = 24 * time.Hour // longer than any schedule
)

func asIs(in []int) []int  { return in }
func last(in []int) []int  { return in[max(0, len(in)-1):] }
func first(in []int) []int { return in[:min(1, len(in))] }
func firstAndLast(in []int) []int {
	if len(in) < 2 {
		return in
	}
	return []int{in[0], in[len(in)-1]}
}

// TestConformance runs every operator of the package through pulltest. A
// subtest is named after what it checks.
func TestConformance(t *testing.T) {
	t.Run("Debounce", debounceConforms)
	t.Run("Throttle", throttleConforms)
	t.Run("Sample", sampleConforms)
	t.Run("Delay", delayConforms)
	t.Run("Batch", batchConforms)
	t.Run("Timeout", timeoutConforms)
	t.Run("Deadline", deadlineConforms)
	t.Run("Latest", latestConforms)
	t.Run("Conflate", conflateConforms)
}

func check(t *testing.T, want func([]int) []int, op pull.Through[int, int]) {
	t.Helper()
	pulltest.Through(t, op, pulltest.ThroughOptions[int, int]{
		Want: want, ReadAhead: ahead, Goroutines: true,
	})
}

func debounceConforms(t *testing.T) {
	check(t, last, func(src ints) ints { return timed.Debounce(src, day, nil) })
	check(t, asIs, func(src ints) ints { return timed.Debounce(src, 0, nil) })
}

func throttleConforms(t *testing.T) {
	for edge, want := range map[timed.Edge]func([]int) []int{
		0:                              first,
		timed.Leading:                  first,
		timed.Trailing:                 last,
		timed.Leading | timed.Trailing: firstAndLast,
	} {
		check(t, want, func(src ints) ints { return timed.Throttle(src, day, edge, nil) })
	}
}

func sampleConforms(t *testing.T) {
	check(t, last, func(src ints) ints { return timed.Sample(src, day, nil) })
	check(t, asIs, func(src ints) ints { return timed.Sample(src, 0, nil) })
}

func delayConforms(t *testing.T) {
	for _, d := range []time.Duration{0, time.Minute} {
		pulltest.Through(t, func(src ints) ints { return timed.Delay(src, d, 64, nil) },
			pulltest.ThroughOptions[int, int]{
				Want: asIs, ReadAhead: ahead, Goroutines: true,
				Quick: func(src ints) ints { return timed.Delay(src, time.Millisecond, 64, nil) },
			})
	}
	check(t, asIs, func(src ints) ints { return timed.Delay(src, 0, 1, nil) })
}

func batchConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) pull.Source[[]int] {
		return timed.Batch(src, 3, day, nil)
	}, pulltest.ThroughOptions[int, []int]{
		Want: func(in []int) (out [][]int) {
			for ; len(in) > 0; in = in[min(3, len(in)):] {
				out = append(out, in[:min(3, len(in))])
			}
			return out
		},
		ReadAhead: ahead, Goroutines: true,
	})
}

// stuck is src with a stage that waits for ever with its third value.
func stuck(src ints) ints {
	return through.TryMap(src, func(ctx context.Context, n int) (int, error) {
		if n == 2 {
			<-ctx.Done()
		}
		return n, ctx.Err()
	})
}

func timeoutConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return timed.Timeout(src, day) },
		pulltest.ThroughOptions[int, int]{
			Want: asIs,
			Fail: func(src ints) ints { return timed.Timeout(stuck(src), time.Millisecond) },
		})
}

func deadlineConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return timed.Deadline(src, day) },
		pulltest.ThroughOptions[int, int]{
			Want: asIs,
			Fail: func(src ints) ints { return timed.Deadline(stuck(src), time.Millisecond) },
		})
}

func latestConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return timed.Latest(src, nil) },
		pulltest.ThroughOptions[int, int]{ReadAhead: 5000, Goroutines: true})
}

func conflateConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return timed.Conflate(src, 2, func(n int) int { return n % 3 }, nil)
	}, pulltest.ThroughOptions[int, int]{
		ReadAhead:  5000,
		Goroutines: true,
		Panic: func(src ints) ints {
			return timed.Conflate(src, 2, func(int) int { panic("boom") }, nil)
		},
	})
	// With a key of its own for each value nothing is replaced.
	pulltest.Through(t, func(src ints) ints {
		return timed.Conflate(src, 2, func(n int) int { return n }, nil)
	}, pulltest.ThroughOptions[int, int]{Want: asIs, ReadAhead: 3, Goroutines: true})
}
