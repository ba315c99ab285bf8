package through_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"pgregory.net/rapid"
)

// A link is an operator, and what it makes of a slice. What it makes of a
// beginning is a beginning of what it makes of all.
type link struct {
	name  string
	op    func(src ints, n int) ints
	model func(in []int, n int) []int
}

func keep(in []int, f func(i, v int) bool) []int {
	out := []int{}
	for i, v := range in {
		if f(i, v) {
			out = append(out, v)
		}
	}
	return out
}

// until is the index of the first value that leaves 1 over n+2, or the length.
func until(in []int, n int) int {
	if i := slices.IndexFunc(in, func(v int) bool { return v%(n+2) == 1 }); i >= 0 {
		return i
	}
	return len(in)
}

var links = []link{
	{"Map", func(src ints, n int) ints {
		return through.Map(src, func(v int) int { return v + n })
	}, func(in []int, n int) []int {
		out := slices.Clone(in)
		for i := range out {
			out[i] += n
		}
		return out
	}},
	{"TryMap", func(src ints, n int) ints {
		return through.TryMap(src, func(_ context.Context, v int) (int, error) { return v * n, nil })
	}, func(in []int, n int) []int {
		out := slices.Clone(in)
		for i := range out {
			out[i] *= n
		}
		return out
	}},
	{"FilterNot", func(src ints, n int) ints {
		return through.FilterNot(src, func(v int) bool { return v%(n+2) == 0 })
	}, func(in []int, n int) []int { return keep(in, func(_, v int) bool { return v%(n+2) != 0 }) }},
	{"FilterMap", func(src ints, n int) ints {
		return through.FilterMap(src, func(v int) (int, bool) { return v, v%(n+2) != 1 })
	}, func(in []int, n int) []int { return keep(in, func(_, v int) bool { return v%(n+2) != 1 }) }},
	{"Take", through.Take[int], func(in []int, n int) []int { return in[:min(n, len(in))] }},
	{"Skip", through.Skip[int], func(in []int, n int) []int { return in[min(n, len(in)):] }},
	{"TakeWhile", func(src ints, n int) ints {
		return through.TakeWhile(src, func(v int) bool { return v%(n+2) != 1 })
	}, func(in []int, n int) []int { return in[:until(in, n)] }},
	{"TakeUntil", func(src ints, n int) ints {
		return through.TakeUntil(src, func(v int) bool { return v%(n+2) == 1 })
	}, func(in []int, n int) []int { return in[:min(until(in, n)+1, len(in))] }},
	{"SkipWhile", func(src ints, n int) ints {
		return through.SkipWhile(src, func(v int) bool { return v%(n+2) != 1 })
	}, func(in []int, n int) []int { return in[until(in, n):] }},
	{"Distinct", func(src ints, n int) ints {
		return through.Distinct(src, func(v int) int { return v % (n + 9) })
	}, func(in []int, n int) []int {
		return keep(in, func(i, v int) bool { return !seenBefore(in[:i], v, n+9) })
	}},
	{"Duplicates", func(src ints, n int) ints {
		return through.Duplicates(src, func(v int) int { return v % (n + 9) })
	}, func(in []int, n int) []int {
		return keep(in, func(i, v int) bool { return seenBefore(in[:i], v, n+9) })
	}},
	{"Changed", func(src ints, n int) ints {
		return through.Changed(src, func(v int) int { return v / (n + 2) })
	}, func(in []int, n int) []int {
		return keep(in, func(i, v int) bool { return i == 0 || in[i-1]/(n+2) != v/(n+2) })
	}},
	{"Scan", func(src ints, n int) ints {
		return through.Scan(src, n, func(a, v int) int { return (a + v) % 1000 })
	}, func(in []int, n int) []int {
		out, a := []int{}, n
		for _, v := range in {
			a = (a + v) % 1000
			out = append(out, a)
		}
		return out
	}},
	{"Batch and Unbatch", func(src ints, n int) ints {
		return through.Unbatch(through.Batch(src, n))
	}, func(in []int, _ int) []int { return in }},
	{"Pairwise", func(src ints, n int) ints {
		return through.Map(through.Pairwise(src), func(p [2]int) int { return p[1] - p[0] })
	}, func(in []int, _ int) []int {
		out := []int{}
		for i := 1; i < len(in); i++ {
			out = append(out, in[i]-in[i-1])
		}
		return out
	}},
	{"Tap", func(src ints, _ int) ints {
		return through.Tap(src, func(int) {}, func(error) {})
	}, func(in []int, _ int) []int { return in }},
}

func seenBefore(in []int, v, n int) bool {
	return slices.ContainsFunc(in, func(u int) bool { return u%n == v%n })
}

// Any chain is what the same chain of slices is, over a source that ends or
// fails, read to its end or cut short; and what the source holds is let go of.
func TestRandomChains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 30).Draw(t, "in")
		failure := rapid.SampledFrom([]error{io.EOF, errBroken}).Draw(t, "failure")
		var causes []error
		given := 0
		src := pull.From(func(context.Context) (int, error) {
			if given == len(in) {
				return 0, failure
			}
			given++
			return in[given-1], nil
		}, func(cause error) error { causes = append(causes, cause); return nil })
		want := in
		for range rapid.IntRange(0, 6).Draw(t, "links") {
			l := rapid.SampledFrom(links).Draw(t, "link")
			n := rapid.IntRange(0, 12).Draw(t, l.name)
			src, want = l.op(src, n), l.model(want, n)
		}
		cut := rapid.IntRange(0, 40).Draw(t, "cut")
		got, end := []int{}, error(nil)
		for len(got) < cut && end == nil {
			var v int
			if v, end = src(context.Background()); end == nil {
				got = append(got, v)
			}
		}
		require.Equal(t, want[:min(cut, len(want))], got)
		if end == nil {
			require.NoError(t, pull.Abort(src, errCut))
		}
		require.Len(t, causes, 1, "released, once")
		_, again := src(context.Background())
		_, still := src(context.Background())
		require.Equal(t, again, still)
		require.Contains(t, []error{io.EOF, failure, errCut}, again)
	})
}

var errCut = errors.New("cut")

// Whatever function it is that panics: the panic goes on, upstream is aborted
// by the next call, and there is never a value or a clean end again.
//
// row: D2
func TestEveryFunctionMayPanic(t *testing.T) {
	at2 := func(n int) bool {
		if n == 2 {
			panic("boom")
		}
		return true
	}
	for name, op := range map[string]func(ints) ints{
		"TryMap": func(src ints) ints {
			return through.TryMap(src, func(_ context.Context, n int) (int, error) { at2(n); return n, nil })
		},
		"FilterNot": func(src ints) ints {
			return through.FilterNot(src, func(n int) bool { return !at2(n) })
		},
		"FilterMap": func(src ints) ints {
			return through.FilterMap(src, func(n int) (int, bool) { return n, at2(n) })
		},
		"TakeWhile": func(src ints) ints { return through.TakeWhile(src, at2) },
		"TakeUntil": func(src ints) ints {
			return through.TakeUntil(src, func(n int) bool { return !at2(n) })
		},
		"SkipWhile": func(src ints) ints {
			return through.SkipWhile(src, func(n int) bool { return n < 2 || at2(n) })
		},
		"Distinct": func(src ints) ints {
			return through.Distinct(src, func(n int) int { at2(n); return n })
		},
		"DistinctRecent": func(src ints) ints {
			return through.DistinctRecent(src, 2, func(n int) int { at2(n); return n })
		},
		"Duplicates": func(src ints) ints {
			return through.Duplicates(src, func(n int) int { at2(n); return 0 })
		},
		"Changed": func(src ints) ints {
			return through.Changed(src, func(n int) int { at2(n); return n })
		},
		"Scan": func(src ints) ints {
			return through.Scan(src, 0, func(_, n int) int { at2(n); return n })
		},
		"Tap": func(src ints) ints { return through.Tap(src, func(n int) { at2(n) }, nil) },
		"Track": func(src ints) ints {
			return through.Track(src, new(through.Progress), func(n int) int { at2(n); return n })
		},
	} {
		up := &root{n: 9}
		src := op(up.source())
		require.PanicsWithValue(t, "boom", func() {
			for range 3 {
				_, _ = src(t.Context())
			}
		}, name)
		require.Empty(t, up.causes, name)
		_, err := src(t.Context())
		require.Error(t, err, name)
		require.NotErrorIs(t, err, io.EOF, name)
		require.Equal(t, []error{err}, up.causes, name)
		_, again := src(t.Context())
		require.Equal(t, err, again, name)
		require.Equal(t, 3, up.pulled, name)
	}
}
