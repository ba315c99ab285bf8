package pull_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
)

// A plan is what one sink of a tee does: it reads n values, or all, and then
// returns end.
type plan struct {
	n   int
	end error // nil or errBoom
	got []int
	saw error // what it was given as the end, if it read so far
}

func (p *plan) sink(ctx context.Context, src pull.Source[int]) error {
	for v, err := range src.All(ctx) {
		if err != nil {
			p.saw = err
			return err
		}
		if p.got = append(p.got, v); len(p.got) == p.n {
			return p.end
		}
	}
	return nil
}

func plans(t *rapid.T) (all []*plan, sinks []pull.Sink[int]) {
	for range rapid.IntRange(1, 5).Draw(t, "sinks") {
		p := &plan{n: rapid.IntRange(1, 12).Draw(t, "n")}
		if rapid.IntRange(0, 4).Draw(t, "fails") == 0 {
			p.end = errBoom
		}
		all, sinks = append(all, p), append(sinks, p.sink)
	}
	return all, sinks
}

// Whatever the sinks do: each gets the values from the first on without a gap,
// the source is released once, and nobody is left.
func TestTeeOfAnySinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, sinks := plans(t)
		src := &probe{n: rapid.IntRange(0, 10).Draw(t, "values")}
		if rapid.Bool().Draw(t, "source fails") {
			src.end = errClose
		}
		err := pull.Tee(sinks...)(context.Background(), src.source())
		longest, failed := 0, false
		for _, p := range all {
			for i, v := range p.got {
				require.Equal(t, i, v)
			}
			longest = max(longest, len(p.got))
			failed = failed || p.end != nil && len(p.got) == p.n
		}
		require.Len(t, src.causes, 1)
		require.LessOrEqual(t, src.calls, longest+1, "nothing is read ahead")
		switch {
		case failed: // the source may have failed at the same time
			require.Error(t, err)
		case src.end != nil && src.calls > src.n:
			require.Equal(t, src.end, err)
		default:
			require.NoError(t, err)
		}
		if failed {
			return
		}
		for _, p := range all { // then nobody was disturbed
			require.Len(t, p.got, min(p.n, src.n))
			if p.n > src.n {
				require.Equal(t, src.end, p.saw)
			}
		}
	})
}

// A cancel at any moment ends it all, with its cause.
func TestTeeCancelledAtAnyMoment(t *testing.T) {
	for range 500 {
		ctx, cancel := context.WithCancelCause(context.Background())
		src := &probe{n: 1 << 30}
		a, b := &plan{}, &plan{}
		go cancel(errBoom)
		require.Equal(t, errBoom, pull.Tee(a.sink, b.sink)(ctx, src.source()))
		require.Len(t, src.causes, 1)
		require.Equal(t, errBoom, a.saw)
		require.Equal(t, errBoom, b.saw)
	}
}
