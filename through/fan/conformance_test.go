package fan_test

import (
	"cmp"
	"context"
	"io"
	"sync/atomic"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/fan"
)

type (
	source  = pull.Source[int]
	sources = []source
	options = pulltest.ThroughOptions[int, int]
)

// TestConformance runs every operator that joins sources through pulltest. A
// subtest is named after what it checks.
func TestConformance(t *testing.T) {
	t.Run("Merge", mergeConforms)
	t.Run("Concat", concatConforms)
	t.Run("Interleave", interleaveConforms)
	t.Run("MergeSorted", mergeSortedConforms)
	t.Run("Zip", zipConforms)
	t.Run("ZipAll", zipAllConforms)
	t.Run("CombineLatest", combineLatestConforms)
	t.Run("CombineLatestAll", combineLatestAllConforms)
	t.Run("Race", raceConforms)
	t.Run("Live", liveConforms)
	t.Run("GroupBy", groupByConforms)
}

// TestConformanceReaders runs every operator with several readers through
// pulltest: all readers, and one that is alone.
func TestConformanceReaders(t *testing.T) {
	t.Run("Tee", teeConforms)
	t.Run("Broadcast", broadcastConforms)
	t.Run("BroadcastLossy", lossyConforms)
	t.Run("Partition", partitionConforms)
	t.Run("Route", routeConforms)
	t.Run("NewHub", hubConforms)
	t.Run("Hub.Join", joinConforms)
}

func mergeConforms(t *testing.T) {
	for _, n := range []int{0, 1, 8} {
		merge := func(other func() source) pull.Through[int, int] {
			return func(src source) source { return fan.Merge(sources{other(), src}, n) }
		}
		pulltest.Through(t, merge(pull.Empty[int]), options{
			Want: same[int], ReadAhead: max(n, 2), Goroutines: true,
			Fail:  merge(func() source { return pull.Error[int](errBroken) }),
			Panic: merge(func() source { return through.Map(pull.Count(9), panicAt3) }),
		})
	}
}

func concatConforms(t *testing.T) {
	pulltest.Through(t, func(src source) source {
		return fan.Concat(pull.Values(-2, -1), src, pull.Empty[int]())
	}, options{
		Want: func(in []int) []int { return append([]int{-2, -1}, in...) },
		Fail: func(src source) source {
			return fan.Concat(pull.Count(2), pull.Error[int](errBroken), src)
		},
		Panic: func(src source) source { return fan.Concat(through.Map(src, panicAt3)) },
	})
}

func interleaveConforms(t *testing.T) {
	pulltest.Through(t, func(src source) source {
		return fan.Interleave(pull.Empty[int](), src, pull.Empty[int]())
	}, options{
		Want: same[int],
		Fail: func(src source) source {
			return fan.Interleave(src, pull.Error[int](errBroken))
		},
		Panic: func(src source) source { return fan.Interleave(panicking(pull.Count(9)), src) },
	})
}

func mergeSortedConforms(t *testing.T) {
	pulltest.Through(t, func(src source) source {
		return fan.MergeSorted(sources{src, pull.Empty[int]()}, cmp.Compare[int])
	}, options{
		Want: same[int],
		Fail: func(src source) source {
			return fan.MergeSorted(sources{src, pull.Error[int](errBroken)}, cmp.Compare[int])
		},
		Panic: func(src source) source {
			return fan.MergeSorted(sources{src, pull.Count(9)}, func(a, b int) int {
				return cmp.Compare(panicAt3(a), b)
			})
		},
	})
}

type pair = fan.Pair[int, int]

func zipConforms(t *testing.T) {
	want := func(in []int) (out []pair) {
		for i, v := range in {
			out = append(out, pair{i, v})
		}
		return out
	}
	zip := func(other func() source) pull.Through[int, pair] {
		return func(src source) pull.Source[pair] { return fan.Zip(other(), src) }
	}
	opts := pulltest.ThroughOptions[int, pair]{
		Want:  want,
		Fail:  zip(func() source { return pull.Error[int](errBroken) }),
		Panic: zip(func() source { return through.Map(pull.Count(9), panicAt3) }),
	}
	pulltest.Through(t, zip(func() source { return pull.Count(1 << 30) }), opts)
	pulltest.Through(t, func(src source) pull.Source[pair] {
		return fan.Zip(src, pull.Count(1<<30))
	}, opts)
	opts.Want = func(in []int) []pair { return want(in[:min(len(in), 3)]) }
	pulltest.Through(t, zip(func() source { return pull.Count(3) }), opts)
}

func zipAllConforms(t *testing.T) {
	pulltest.Through(t, func(src source) pull.Source[[]int] {
		return fan.ZipAll(pull.Count(1<<30), src)
	}, pulltest.ThroughOptions[int, []int]{
		Want: func(in []int) (out [][]int) {
			for i, v := range in {
				out = append(out, []int{i, v})
			}
			return out
		},
		Fail: func(src source) pull.Source[[]int] {
			return fan.ZipAll(src, pull.Error[int](errBroken))
		},
		Panic: func(src source) pull.Source[[]int] {
			return fan.ZipAll(src, through.Map(pull.Count(9), panicAt3))
		},
	})
}

func combineLatestConforms(t *testing.T) {
	combine := func(other func() source) pull.Through[int, pair] {
		return func(src source) pull.Source[pair] { return fan.CombineLatest(other(), src) }
	}
	pulltest.Through(t, combine(func() source { return through.Take(pull.Count(1), 1) }),
		pulltest.ThroughOptions[int, pair]{
			Goroutines: true,
			Fail:       combine(func() source { return pull.Error[int](errBroken) }),
			Panic:      combine(func() source { return through.Map(pull.Count(9), panicAt3) }),
		})
}

func combineLatestAllConforms(t *testing.T) {
	pulltest.Through(t, func(src source) pull.Source[[]int] { return fan.CombineLatestAll(src) },
		pulltest.ThroughOptions[int, []int]{
			Want: func(in []int) (out [][]int) {
				for _, v := range in {
					out = append(out, []int{v})
				}
				return out
			},
			ReadAhead: 2, Goroutines: true,
		})
}

func raceConforms(t *testing.T) {
	pulltest.Through(t, func(src source) source { return fan.Race(pull.Empty[int](), src) }, options{
		Want: same[int], Goroutines: true,
		Panic: func(src source) source { return fan.Race(through.Map(src, panicAlways)) },
	})
}

func liveConforms(t *testing.T) {
	type moment = fan.Moment[int]
	moments := func(in []int) (out []moment) {
		for _, v := range in {
			out = append(out, moment{Value: v})
		}
		return out
	}
	now := moment{Now: true}
	pulltest.Through(t, func(src source) pull.Source[moment] {
		return fan.Live(src, pull.Empty[int](), 3)
	}, pulltest.ThroughOptions[int, moment]{Goroutines: true})
	pulltest.Through(t, func(src source) pull.Source[moment] {
		return fan.Live(pull.Empty[int](), src, 3)
	}, pulltest.ThroughOptions[int, moment]{
		Want:      func(in []int) []moment { return append([]moment{now}, moments(in)...) },
		ReadAhead: 4, Goroutines: true,
		Fail: func(src source) pull.Source[moment] {
			return fan.Live(pull.Error[int](errBroken), src, 3)
		},
	})
}

func groupByConforms(t *testing.T) {
	count := func(limit int, f func(int) (int, error)) pull.Through[int, int] {
		return func(src source) source {
			return fan.GroupBy(src, limit, func(v int) int { return v % 3 },
				func(ctx context.Context, key int, group source) (int, error) {
					n, err := 0, error(nil)
					_ = pull.Each(ctx, group, func(v int) error {
						_, err = f(v)
						n++
						return err
					})
					return 100*key + n, err
				})
		}
	}
	pulltest.Through(t, count(3, func(v int) (int, error) { return v, nil }), options{
		Unordered: true, Goroutines: true,
		Fail:  count(2, func(v int) (int, error) { return v, nil }),
		Panic: count(3, func(v int) (int, error) { return panicAt3(v), nil }),
	})
	pulltest.Through(t, count(3, func(v int) (int, error) { return v, nil }), options{
		Goroutines: true,
		Fail: count(3, func(v int) (int, error) {
			if v == 3 {
				return 0, errBroken
			}
			return v, nil
		}),
		Panic: func(src source) source {
			return fan.GroupBy(src, 9, panicAt3,
				func(ctx context.Context, key int, group source) (int, error) {
					return key, pull.Drain(ctx, group)
				})
		},
	})
}

// alone returns the first reader, of which there is only one after all.
func alone(readers sources) source {
	for _, r := range readers[1:] {
		_ = pull.Abort(r, nil)
	}
	return readers[0]
}

func teeConforms(t *testing.T) {
	pulltest.Fan(t, func(src source) sources { return fan.Tee(src, 3) },
		pulltest.FanOptions[int]{})
	pulltest.Through(t, func(src source) source { return alone(fan.Tee(src, 2)) }, options{
		Want: same[int], Goroutines: true,
		Panic: func(src source) source { return alone(fan.Tee(panicking(src), 1)) },
	})
}

func broadcastConforms(t *testing.T) {
	for _, n := range []int{0, 1, 5} {
		pulltest.Fan(t, func(src source) sources { return fan.Broadcast(src, 3, n) },
			pulltest.FanOptions[int]{})
		pulltest.Through(t, func(src source) source { return alone(fan.Broadcast(src, 2, n)) },
			options{
				Want: same[int], ReadAhead: max(n, 1), Goroutines: true,
				Panic: func(src source) source {
					return alone(fan.Broadcast(panicking(src), 0, n))
				},
			})
	}
}

func lossyConforms(t *testing.T) {
	lossy := func(src source, readers int) (all sources) {
		for _, r := range fan.BroadcastLossy(src, readers, 4) {
			all = append(all, r.Next)
		}
		return all
	}
	pulltest.Fan(t, func(src source) sources { return lossy(src, 3) },
		pulltest.FanOptions[int]{})
	pulltest.Through(t, func(src source) source { return alone(lossy(src, 2)) }, options{
		Goroutines: true,
		Panic:      func(src source) source { return alone(lossy(panicking(src), 1)) },
	})
}

func odd(v int) bool { return v%2 == 1 }

func partitionConforms(t *testing.T) {
	split := func(src source) sources {
		a, b := fan.Partition(src, 4, odd)
		return sources{a, b}
	}
	pulltest.Fan(t, split, pulltest.FanOptions[int]{})
	pulltest.Through(t, func(src source) source { return alone(split(src)) }, options{
		Want: func(in []int) (out []int) {
			for _, v := range in {
				if odd(v) {
					out = append(out, v)
				}
			}
			return out
		},
		ReadAhead: 8, Goroutines: true,
		Panic: func(src source) source {
			a, b := fan.Partition(src, 1, func(v int) bool { return panicAt3(v) < 0 })
			return alone(sources{b, a})
		},
	})
}

func routeConforms(t *testing.T) {
	route := func(src source) sources {
		return fan.Route(src, 3, 4, func(v int) int { return v % 3 })
	}
	pulltest.Fan(t, route, pulltest.FanOptions[int]{})
	pulltest.Through(t, func(src source) source {
		return fan.Route(src, 1, 2, func(int) int { return 0 })[0]
	}, options{Want: same[int], ReadAhead: 2, Goroutines: true})
}

// hubConforms has a hub open sources of 0, 1, 2, 3, 4.
func hubConforms(t *testing.T) {
	for _, opts := range []fan.HubOptions{{}, {Ahead: 1}, {Ahead: 4, Replay: 3}} {
		var open atomic.Int32
		hub := func(end error, wrap pull.Through[int, int]) func() source {
			return func() source {
				return fan.NewHub(func() source {
					open.Add(1)
					r := &root{n: 5, end: end}
					return wrap(pull.From(r.source(), func(error) error { open.Add(-1); return nil }))
				}, opts).Subscribe().Next
			}
		}
		same := func(src source) source { return src }
		opts := pulltest.SourceOptions[int]{
			Want: []int{0, 1, 2, 3, 4}, Held: func() int { return int(open.Load()) },
			Panic: hub(io.EOF, panicking), Goroutines: true,
		}
		pulltest.Source(t, hub(io.EOF, same), opts)
		opts.Stalls = true
		pulltest.Source(t, hub(nil, same), opts)
	}
}

// joinConforms is hubConforms for readers that join before they are read.
func joinConforms(t *testing.T) {
	var open atomic.Int32
	joined := func(end error) func() source {
		return func() source {
			hub := fan.NewHub(func() source {
				open.Add(1)
				r := &root{n: 5, end: end}
				return pull.From(r.source(), func(error) error { open.Add(-1); return nil })
			}, fan.HubOptions{})
			r, err := hub.Join(context.Background())
			if err != nil {
				return pull.Error[int](err)
			}
			return r.Next
		}
	}
	opts := pulltest.SourceOptions[int]{
		Want: []int{0, 1, 2, 3, 4}, Holds: true, Goroutines: true,
		Held: func() int { return int(open.Load()) },
	}
	pulltest.Source(t, joined(io.EOF), opts)
	opts.Stalls = true
	pulltest.Source(t, joined(nil), opts)
}
