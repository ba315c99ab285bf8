package through_test

import (
	"context"
	"io"
	"slices"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"pgregory.net/rapid"
)

// A watched root counts up to n, then ends with end, and notes whether it is
// called after that; it cancels when it returns value cutAt.
type watched struct {
	n, cutAt int
	end      error
	cut      func()

	i, ends int // ends counts the calls that returned an error
}

func (w *watched) next(ctx context.Context) (int, error) {
	switch {
	case w.ends > 0:
	case ctx.Err() != nil:
		w.end = pull.Cause(ctx)
	case w.i < w.n:
		if w.i == w.cutAt {
			w.cut()
		}
		w.i++
		return w.i - 1, nil
	}
	w.ends++
	return 0, w.end
}

// allLinks are links and those of operators that hold values, run goroutines or
// work between calls.
var allLinks = slices.Concat(links, []link{
	{"Filter", func(src ints, n int) ints {
		return through.Filter(src, func(v int) bool { return v%(n+2) != 0 })
	}, func(in []int, n int) []int { return keep(in, func(_, v int) bool { return v%(n+2) != 0 }) }},
	{"TakeLast", through.TakeLast[int], func(in []int, n int) []int { return in[max(0, len(in)-n):] }},
	{"DistinctRecent", func(src ints, _ int) ints {
		return through.DistinctRecent(src, 1, func(v int) int { return v / 3 })
	}, func(in []int, _ int) []int {
		return keep(in, func(i, v int) bool { return i == 0 || in[i-1]/3 != v/3 })
	}},
	{"Flatten", func(src ints, n int) ints {
		return through.Flatten(through.Map(src, func(v int) []int { return make([]int, ((v+n)%3+3)%3) }))
	}, func(in []int, n int) []int {
		out := []int{}
		for _, v := range in {
			out = append(out, make([]int, ((v+n)%3+3)%3)...)
		}
		return out
	}},
	{"FlattenSources", func(src ints, n int) ints {
		return through.FlattenSources(through.Map(src, func(v int) ints { return pull.Count(n % 3) }))
	}, func(in []int, n int) []int {
		out := []int{}
		for range in {
			out = append(out, []int{0, 1}[:n%3]...)
		}
		return out
	}},
	{"Buffer", through.Buffer[int], func(in []int, _ int) []int { return in }},
	{"Parallel", func(src ints, n int) ints {
		return through.Parallel(src, n, func(_ context.Context, v int) (int, error) { return v, nil })
	}, func(in []int, _ int) []int { return in }},
	{"New", func(src ints, n int) ints {
		return through.New(src, func(ctx context.Context, src ints) (int, error) {
			for sum := 0; ; {
				v, err := src(ctx)
				if sum += v; err != nil && sum > 0 {
					return -sum, nil // what is left
				}
				if err != nil || sum > n {
					return sum, err
				}
			}
		})
	}, func(in []int, n int) []int {
		out, sum := []int{}, 0
		for _, v := range in {
			if sum += v; sum > n {
				out, sum = append(out, sum), 0
			}
		}
		if sum > 0 {
			out = append(out, -sum)
		}
		return out
	}},
	{"UntilDone", func(src ints, _ int) ints {
		return through.UntilDone(src, context.Background())
	}, func(in []int, _ int) []int { return in }},
	{"Recover", func(src ints, _ int) ints {
		return through.Recover(src, func(error) ints { return nil })
	}, func(in []int, _ int) []int { return in }},
	{"Finally", func(src ints, _ int) ints {
		return through.Finally(src, func(error) error { return nil })
	}, func(in []int, _ int) []int { return in }},
	{"Trace and Track", func(src ints, _ int) ints {
		return through.Track(through.Trace(src, new(through.Probe)), new(through.Progress), nil)
	}, func(in []int, _ int) []int { return in }},
})

// drawChain puts one to six operators on w, and says what they make of it.
func drawChain(t *rapid.T, w *watched) (src ints, want []int) {
	src, want = w.next, make([]int, w.n)
	for i := range want {
		want[i] = i
	}
	for range rapid.IntRange(1, 6).Draw(t, "links") {
		l := rapid.SampledFrom(allLinks).Draw(t, "link")
		n := rapid.IntRange(0, 12).Draw(t, l.name)
		src, want = l.op(src, n), l.model(want, n)
	}
	return src, want
}

// Whatever the chain, all values are those of the model, and the root ends once.
// A failure of the root comes behind what could be made of the values before it.
func TestChainsReadToTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &watched{n: rapid.IntRange(0, 40).Draw(t, "values"), cutAt: -1,
			end: rapid.SampledFrom([]error{io.EOF, errBroken}).Draw(t, "end")}
		src, want := drawChain(t, w)
		got, err := pull.Collect(context.Background(), src)
		if !slices.Equal(got, want) {
			t.Fatalf("read %v, want %v", got, want)
		}
		if err != nil && err != errBroken {
			t.Fatalf("ended with %v", err)
		}
		if w.ends != 1 {
			t.Fatalf("the root ended %d times", w.ends)
		}
	})
}

// Aborted after k values, a chain has made the model's first k, and ends the
// root once, with the cause.
func TestChainsAborted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &watched{n: rapid.IntRange(0, 40).Draw(t, "values"), cutAt: -1, end: io.EOF}
		src, want := drawChain(t, w)
		k := rapid.IntRange(0, len(want)).Draw(t, "read")
		for i := range k {
			v, err := src(context.Background())
			if err != nil || v != want[i] {
				t.Fatalf("value %d is %d, %v, want %d", i, v, err, want[i])
			}
		}
		_, err := src(dead())
		if err != errBroken {
			t.Fatalf("an abort returned %v", err)
		}
		if _, again := src(context.Background()); again != err {
			t.Fatalf("then %v", again)
		}
		if w.ends != 1 {
			t.Fatalf("the root ended %d times", w.ends)
		}
	})
}

// Cancelled while any one of the root's values is on its way, a chain ends
// with the cause or goes on, loses nothing before that, and ends the root once.
func TestChainsInterrupted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &watched{n: rapid.IntRange(1, 40).Draw(t, "values"), end: io.EOF}
		w.cutAt = rapid.IntRange(0, w.n-1).Draw(t, "cut")
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		w.cut = func() { cancel(errBroken) }
		src, want := drawChain(t, w)
		var got []int
		v, err := src(ctx)
		for ; err == nil; v, err = src(ctx) {
			got = append(got, v)
		}
		switch {
		case err == io.EOF && !slices.Equal(got, want):
			t.Fatalf("read %v and a clean end, want %v", got, want)
		case err != io.EOF && err != errBroken:
			t.Fatalf("ended with %v", err)
		case len(got) > len(want) || !slices.Equal(got, want[:len(got)]):
			t.Fatalf("read %v, want a part of %v", got, want)
		case w.ends != 1:
			t.Fatalf("the root ended %d times", w.ends)
		}
	})
}
