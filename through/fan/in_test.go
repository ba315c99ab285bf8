package fan_test

import (
	"cmp"
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/fan"
)

// every is a source of values, one each d, of virtual time.
func every(d time.Duration, values ...int) source {
	i := 0
	return pull.From(func(ctx context.Context) (int, error) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if i++; i > len(values) {
			return 0, io.EOF
		}
		return values[i-1], nil
	}, nil)
}

// row: F2, F4
func TestMergeByArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := fan.Merge(sources{every(2*time.Second, 1, 2), every(3*time.Second, 10, 20)}, 2)
		got, err := pull.Collect(t.Context(), src)
		require.NoError(t, err)
		require.Equal(t, []int{1, 10, 2, 20}, got)
	})
}

// row: F2, F4
func TestMergeOfAnyNumber(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		var srcs sources
		for range n {
			srcs = append(srcs, pull.Count(100))
		}
		sum, err := pull.Reduce(t.Context(), fan.Merge(srcs, 8), 0,
			func(sum, v int) int { return sum + v })
		require.NoError(t, err)
		require.Equal(t, n*4950, sum)
	}
}

// A source that is always ready leaves room for one that is not.
//
// row: I5
func TestMergeIsBoundedBySource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quick, slow := ending(1000), every(time.Second, -1)
		src := fan.Merge(sources{quick.source(), slow}, 8)
		_, err := src(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.LessOrEqual(t, quick.pulled, 9)
		var got []int
		for range 10 {
			v, err := src(t.Context())
			require.NoError(t, err)
			got = append(got, v)
		}
		require.Contains(t, got, -1)
		require.NoError(t, pull.Abort(src, nil))
	})
}

// row: F2, F4
// rule: 4.2
func TestMergeFailureEndsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := &root{n: 1, release: errRelease}
		failing := through.Map(every(time.Second, 1), func(int) int { panic(errBroken) })
		src := fan.Merge(sources{other.source(), failing}, 2)
		got, err := pull.Collect(t.Context(), src)
		require.Equal(t, []int{0}, got)
		require.ErrorIs(t, err, errBroken)
		require.ErrorIs(t, err, errRelease)
		require.Len(t, other.causes, 1)
		require.ErrorIs(t, other.causes[0], errBroken)
	})
}

// joins are all operators that join sources of one type.
var joins = map[string]func(srcs ...source) source{
	"Merge":       func(srcs ...source) source { return fan.Merge(srcs, 4) },
	"Concat":      fan.Concat[int],
	"Interleave":  fan.Interleave[int],
	"MergeSorted": func(srcs ...source) source { return fan.MergeSorted(srcs, cmp.Compare[int]) },
	"Race":        fan.Race[int],
	"ZipAll": func(srcs ...source) source {
		return through.Flatten(fan.ZipAll(srcs...))
	},
	"CombineLatestAll": func(srcs ...source) source {
		return through.Flatten(fan.CombineLatestAll(srcs...))
	},
	"Live": func(srcs ...source) source {
		return through.Map(fan.Live(srcs[0], fan.Concat(srcs[1:]...), 4),
			func(m fan.Moment[int]) int { return m.Value })
	},
}

// Sources that have never been called are released too, each with the cause.
//
// row: A10, F1, F2
// rule: 1.9
func TestJoinsNeverStarted(t *testing.T) {
	for name, join := range joins {
		t.Run(name, func(t *testing.T) {
			roots := []*root{ending(1), ending(1), {n: 1, release: errRelease}}
			src := join(roots[0].source(), roots[1].source(), roots[2].source())
			_, err := src(dead())
			require.ErrorIs(t, err, errBroken)
			require.ErrorIs(t, err, errRelease)
			for _, r := range roots {
				require.Equal(t, []error{errBroken}, r.causes)
				require.Zero(t, r.pulled)
			}
			_, again := src(t.Context())
			require.Equal(t, err, again)
		})
	}
}

// A blocked call is left at once, and every source is released.
//
// row: A2, A16, F1, F3
// rule: 1.8, 2.6
func TestJoinsAbortedWhileBlocked(t *testing.T) {
	for name, join := range joins {
		synctest.Test(t, func(t *testing.T) {
			roots := []*root{{n: 0}, {n: 0, release: errRelease}, {n: 0, release: errBroken}}
			src := join(roots[0].source(), roots[1].source(), roots[2].source())
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBroken)
			defer cancel()
			start := time.Now()
			_, err := src(ctx)
			require.ErrorIs(t, err, errBroken, name)
			require.ErrorIs(t, err, errRelease, name)
			require.Equal(t, time.Second, time.Since(start), name)
			for _, r := range roots {
				require.Equal(t, []error{errBroken}, r.causes, name)
			}
		})
	}
}

// A failure of one is why the others are released.
//
// row: F1, F2, F4
func TestJoinsFail(t *testing.T) {
	for name, join := range joins {
		if name == "Race" {
			continue // a failure only leaves the race
		}
		t.Run(name, func(t *testing.T) {
			failing, other := &root{end: errBroken}, &root{n: 0, release: errRelease}
			src := join(failing.source(), other.source())
			_, err := src(t.Context())
			require.ErrorIs(t, err, errBroken)
			require.ErrorIs(t, err, errRelease)
			require.Equal(t, []error{errBroken}, other.causes)
		})
	}
}

// row: F1
func TestConcat(t *testing.T) {
	got, err := pull.Collect(t.Context(), fan.Concat(
		through.Take(pull.Count(100), 2), pull.Empty[int](), pull.Values(7)))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 7}, got)
	got, err = pull.Collect(t.Context(), fan.Concat[int]())
	require.NoError(t, err)
	require.Empty(t, got)
}

// row: F1, I1
// rule: 3.2, 3.3
func TestConcatOfManyEmpties(t *testing.T) {
	srcs := make(sources, 100_000)
	for i := range srcs {
		srcs[i] = pull.Empty[int]()
	}
	require.NoError(t, pull.Drain(t.Context(), fan.Concat(srcs...)))
	require.NoError(t, pull.Drain(t.Context(), fan.Interleave(srcs...)))
}

// row: F3
func TestMergeSortedKeepsEquals(t *testing.T) {
	type item struct{ key, from int }
	items := func(from int, keys ...int) pull.Source[item] {
		return through.Map(pull.Values(keys...), func(k int) item { return item{k, from} })
	}
	src := fan.MergeSorted([]pull.Source[item]{items(0, 1, 2, 2), items(1), items(2, 0, 2, 3)},
		func(a, b item) int { return cmp.Compare(a.key, b.key) })
	got, err := pull.Collect(t.Context(), src)
	require.NoError(t, err)
	require.Equal(t, []item{{0, 2}, {1, 0}, {2, 0}, {2, 0}, {2, 2}, {3, 2}}, got)
}

// The longer one is aborted, and what goes wrong in that is told.
func TestZipEndsWithTheShorter(t *testing.T) {
	for _, long := range []*root{{n: 9}, {n: 9, release: errRelease}} {
		for _, first := range []bool{true, false} {
			long.pulled, long.causes = 0, nil
			src := fan.Zip(pull.Count(2), long.source())
			if first {
				src = fan.Zip(long.source(), pull.Count(2))
			}
			got, err := pull.Collect(t.Context(), src)
			require.Len(t, got, 2)
			require.Equal(t, []error{pull.ErrStopped}, long.causes)
			if long.release == nil {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, errRelease)
			require.NotErrorIs(t, err, io.EOF)
		}
	}
}

func TestCombineLatestInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := every(2*time.Second, 1, 2, 3), every(3*time.Second, 10)
		got, err := pull.Collect(t.Context(), fan.CombineLatest(a, b))
		require.NoError(t, err)
		require.Equal(t, []pair{{1, 10}, {2, 10}, {3, 10}}, got)
		a, b = every(2*time.Second, 1, 2), every(3*time.Second, 10)
		all, err := pull.Collect(t.Context(), fan.CombineLatestAll(a, b))
		require.NoError(t, err)
		require.Equal(t, [][]int{{1, 10}, {2, 10}}, all)
	})
}

// Where one has no value there is nothing to wait for.
func TestCombineLatestWithNothing(t *testing.T) {
	other := &root{n: 3}
	src := fan.CombineLatest(other.source(), pull.Empty[string]())
	_, err := src(t.Context())
	require.Equal(t, io.EOF, err)
	require.Len(t, other.causes, 1)

	other = &root{n: 3, release: errRelease}
	src = fan.CombineLatest(other.source(), pull.Empty[string]())
	_, err = src(t.Context())
	require.ErrorIs(t, err, errRelease)
	_, again := src(t.Context())
	require.Same(t, err, again)
}

// The first value wins; the others are ended before it is returned.
func TestRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loser := &root{release: errRelease}
		src := fan.Race(loser.source(), every(2*time.Second, 1), every(time.Second, 5, 6),
			pull.Error[int](errBroken), pull.Empty[int]())
		v, err := src(t.Context())
		require.NoError(t, err)
		require.Equal(t, 5, v)
		require.Equal(t, []error{pull.ErrStopped}, loser.causes)
		v, err = src(t.Context())
		require.NoError(t, err)
		require.Equal(t, 6, v)
		_, err = src(t.Context())
		require.ErrorIs(t, err, errRelease, "the end tells of the loser")
	})
}

// A loser may have a value on its way; it is aborted all the same.
func TestRaceDeafLoser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &root{n: 5}
		values := inner.source()
		deaf := func(ctx context.Context) (int, error) {
			if ctx.Err() == nil {
				time.Sleep(2 * time.Second)
				return values(context.WithoutCancel(ctx))
			}
			return values(ctx)
		}
		src := fan.Race(deaf, every(time.Second, 7))
		v, err := src(t.Context())
		require.NoError(t, err)
		require.Equal(t, 7, v)
		require.Equal(t, []error{pull.ErrStopped}, inner.causes)
		require.NoError(t, pull.Abort(src, nil))
	})
}

func TestRaceWithoutWinner(t *testing.T) {
	_, err := fan.Race[int]()(t.Context())
	require.Equal(t, io.EOF, err)
	_, err = fan.Race(pull.Empty[int](), pull.Empty[int]())(t.Context())
	require.Equal(t, io.EOF, err)
	_, err = fan.Race(pull.Empty[int](), pull.Error[int](errBroken))(t.Context())
	require.Equal(t, errBroken, err)
	src := fan.Race(pull.Error[int](errRelease), pull.Error[int](errBroken))
	_, err = src(t.Context())
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, errRelease)

	r := ending(3)
	_, err = fan.Race(through.Map(r.source(), panicAlways))(t.Context())
	var asError *pull.PanicError
	require.ErrorAs(t, err, &asError)
	require.Len(t, r.causes, 1)
}

// row: F11
func TestLive(t *testing.T) {
	type moment = fan.Moment[int]
	synctest.Test(t, func(t *testing.T) {
		live := make(chan int)
		src := fan.Live(pull.Values(1, 2), pull.FromChan(live), 4)
		var got []moment
		read := func() {
			m, err := src(t.Context())
			require.NoError(t, err)
			got = append(got, m)
		}
		read()
		live <- 3 // while history is being read
		for range 3 {
			read()
		}
		live <- 4
		read()
		require.Equal(t, []moment{{Value: 1}, {Value: 2}, {Now: true}, {Value: 3}, {Value: 4}}, got)
		require.NoError(t, pull.Abort(src, nil))
	})
	got, err := pull.Collect(t.Context(), fan.Live(pull.Values(1), pull.Empty[int](), 1))
	require.NoError(t, err)
	require.Equal(t, []moment{{Value: 1}, {Now: true}}, got)
	got, err = pull.Collect(t.Context(), fan.Live(pull.Values(1), pull.Error[int](errBroken), 1))
	require.Equal(t, errBroken, err)
	require.Len(t, got, 2, "history comes first")
}
