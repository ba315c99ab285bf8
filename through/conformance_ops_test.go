package through_test

import (
	"context"
	"io"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
)

func modulo4(n int) int      { return n % 4 }
func fourth(n int) bool      { return n == 4 }
func notFourth(n int) bool   { return n != 4 }
func bad(int) bool           { panic("boom") }
func badKey(int) int         { panic("boom") }
func asIs[T any](in []T) []T { return in }

// wanted keeps the values for which keep is true, given how many were kept.
func wanted(keep func(n, kept int) bool) func(in []int) []int {
	return func(in []int) (out []int) {
		for _, n := range in {
			if keep(n, len(out)) {
				out = append(out, n)
			}
		}
		return out
	}
}

type ints = pull.Source[int]

func tryMapConforms(t *testing.T) {
	try := func(f func(int) (int, error)) pull.Through[int, int] {
		return func(src ints) ints {
			return through.TryMap(src, func(_ context.Context, n int) (int, error) { return f(n) })
		}
	}
	pulltest.Through(t, try(func(n int) (int, error) { return triple(n), nil }),
		pulltest.ThroughOptions[int, int]{
			Want: mapped,
			Fail: try(func(n int) (int, error) {
				if n == 3 {
					return 0, errBroken
				}
				return n, nil
			}),
			Panic: try(func(n int) (int, error) { return panicAt3(n), nil }),
		})
}

func filterNotConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.FilterNot(src, even) },
		pulltest.ThroughOptions[int, int]{
			Want:  wanted(func(n, _ int) bool { return !even(n) }),
			Panic: func(src ints) ints { return through.FilterNot(src, bad) },
		})
}

func filterMapConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.FilterMap(src, func(n int) (int, bool) { return n, even(n) })
	}, pulltest.ThroughOptions[int, int]{
		Want: wanted(func(n, _ int) bool { return even(n) }),
		Panic: func(src ints) ints {
			return through.FilterMap(src, func(n int) (int, bool) { return panicAt3(n), true })
		},
	})
}

func takeWhileConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.TakeWhile(src, notFourth) },
		pulltest.ThroughOptions[int, int]{
			Want:      func(in []int) []int { return in[:min(4, len(in))] },
			ReadAhead: 0,
			Panic:     func(src ints) ints { return through.TakeWhile(src, bad) },
		})
}

func takeUntilConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.TakeUntil(src, fourth) },
		pulltest.ThroughOptions[int, int]{
			Want:  func(in []int) []int { return in[:min(5, len(in))] },
			Panic: func(src ints) ints { return through.TakeUntil(src, bad) },
		})
}

func takeLastConforms(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		pulltest.Through(t, func(src ints) ints { return through.TakeLast(src, n) },
			pulltest.ThroughOptions[int, int]{
				Want: func(in []int) []int { return in[max(0, len(in)-n):] },
			})
	}
}

func skipConforms(t *testing.T) {
	for _, n := range []int{-1, 0, 3, 5000} {
		pulltest.Through(t, func(src ints) ints { return through.Skip(src, n) },
			pulltest.ThroughOptions[int, int]{
				Want: func(in []int) []int { return in[min(max(n, 0), len(in)):] },
			})
	}
}

func skipWhileConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.SkipWhile(src, notFourth) },
		pulltest.ThroughOptions[int, int]{
			Want:  func(in []int) []int { return in[min(4, len(in)):] },
			Panic: func(src ints) ints { return through.SkipWhile(src, bad) },
		})
}

func distinctConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.Distinct(src, modulo4) },
		pulltest.ThroughOptions[int, int]{
			Want:  wanted(func(_, kept int) bool { return kept < 4 }),
			Panic: func(src ints) ints { return through.Distinct(src, badKey) },
		})
}

func distinctRecentConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.DistinctRecent(src, 3, modulo4) },
		pulltest.ThroughOptions[int, int]{
			Want:  asIs[int],
			Panic: func(src ints) ints { return through.DistinctRecent(src, 3, badKey) },
		})
}

func duplicatesConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.Duplicates(src, modulo4) },
		pulltest.ThroughOptions[int, int]{
			Want:  func(in []int) []int { return in[min(4, len(in)):] },
			Panic: func(src ints) ints { return through.Duplicates(src, badKey) },
		})
}

func changedConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.Changed(src, func(n int) int { return n / 4 })
	}, pulltest.ThroughOptions[int, int]{
		Want:  wanted(func(n, _ int) bool { return n%4 == 0 }),
		Panic: func(src ints) ints { return through.Changed(src, badKey) },
	})
}

func scanConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.Scan(src, 0, func(a, b int) int { return a + b })
	}, pulltest.ThroughOptions[int, int]{
		Want: func(in []int) []int {
			out, sum := make([]int, len(in)), 0
			for i, n := range in {
				sum += n
				out[i] = sum
			}
			return out
		},
		Panic: func(src ints) ints {
			return through.Scan(src, 0, func(_, n int) int { return panicAt3(n) })
		},
	})
}

func pairwiseConforms(t *testing.T) {
	pulltest.Through(t, through.Pairwise[int], pulltest.ThroughOptions[int, [2]int]{
		Want: func(in []int) (out [][2]int) {
			for i := 1; i < len(in); i++ {
				out = append(out, [2]int{in[i-1], in[i]})
			}
			return out
		},
	})
}

func tapConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.Tap(src, func(int) {}, func(error) {})
	}, pulltest.ThroughOptions[int, int]{
		Want: asIs[int],
		Panic: func(src ints) ints {
			return through.Tap(src, func(n int) { panicAt3(n) }, nil)
		},
	})
	pulltest.Through(t, func(src ints) ints { return through.Tap(src, nil, nil) },
		pulltest.ThroughOptions[int, int]{Want: asIs[int]})
}

func finallyConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.Finally(src, func(error) error { return nil })
	}, pulltest.ThroughOptions[int, int]{
		Want: asIs[int],
		Fail: func(src ints) ints {
			return through.Finally(src, func(error) error { return errBroken })
		},
		Panic: func(src ints) ints {
			return through.Finally(through.Take(src, 3), func(error) error { panic("boom") })
		},
	})
}

func recoverConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.Recover(src, func(err error) ints { return pull.Error[int](err) })
	}, pulltest.ThroughOptions[int, int]{
		Want: asIs[int],
		Panic: func(src ints) ints {
			broken := through.TryMap(src, func(_ context.Context, n int) (int, error) {
				return n, errBroken
			})
			return through.Recover(broken, func(error) ints { panic("boom") })
		},
	})
	pulltest.Source(t, func() ints {
		return through.Recover((&root{n: 2, end: errBroken}).source(),
			func(error) ints { return (&root{n: 2, end: io.ErrNoProgress}).source() })
	}, pulltest.SourceOptions[int]{Want: []int{0, 1, 0, 1}, End: io.ErrNoProgress})
}

func trackConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints {
		return through.Track(src, new(through.Progress), func(int) int { return 8 })
	}, pulltest.ThroughOptions[int, int]{
		Want: asIs[int],
		Panic: func(src ints) ints {
			return through.Track(src, new(through.Progress), panicAt3)
		},
	})
}

func traceConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.Trace(src, new(through.Probe)) },
		pulltest.ThroughOptions[int, int]{Want: asIs[int]})
}

func newConforms(t *testing.T) {
	threes := func(look func(int) (int, error)) pull.Through[int, []int] {
		return func(src ints) pull.Source[[]int] {
			return through.New(src, func(ctx context.Context, src ints) (batch []int, err error) {
				for len(batch) < 3 {
					v, err := src(ctx)
					if err != nil && len(batch) > 0 {
						return batch, nil
					}
					if err == nil {
						v, err = look(v)
					}
					if err != nil {
						return nil, err
					}
					batch = append(batch, v)
				}
				return batch, nil
			})
		}
	}
	pulltest.Through(t, threes(func(v int) (int, error) { return v, nil }),
		pulltest.ThroughOptions[int, []int]{
			Want: batched,
			Fail: threes(func(v int) (int, error) {
				if v == 1 {
					return 0, errBroken
				}
				return v, nil
			}),
			Panic: threes(func(v int) (int, error) { return panicAt3(v), nil }),
		})
	pulltest.Through(t, func(src ints) ints {
		return through.New(src, func(ctx context.Context, src ints) (int, error) {
			v, err := src(ctx)
			if v == 4 {
				err = io.EOF // early and clean
			}
			return v, err
		})
	}, pulltest.ThroughOptions[int, int]{
		Want: func(in []int) []int { return in[:min(4, len(in))] },
	})
}

func untilDoneConforms(t *testing.T) {
	pulltest.Through(t, func(src ints) ints { return through.UntilDone(src, context.Background()) },
		pulltest.ThroughOptions[int, int]{Want: asIs[int]})
	stopAt := func(at int, before bool) pull.Through[int, int] {
		return func(src ints) ints {
			stop, cancel := context.WithCancel(context.Background())
			if before {
				cancel()
			}
			return through.UntilDone(through.Tap(src, func(v int) {
				if v == at {
					cancel()
				}
			}, func(error) { cancel() }), stop)
		}
	}
	pulltest.Through(t, stopAt(0, true), pulltest.ThroughOptions[int, int]{
		Want: func([]int) []int { return nil },
	})
	pulltest.Through(t, stopAt(3, false), pulltest.ThroughOptions[int, int]{
		Want: func(in []int) []int { return in[:min(4, len(in))] },
	})
}
