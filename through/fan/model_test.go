package fan_test

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/fan"
)

// A model says what comes of some slices, in which order (sorted: in any).
type model struct {
	join     func(srcs sources, n int) source
	want     func(in [][]int) []int
	anyOrder bool
}

var models = map[string]model{
	"Merge": {
		join:     fan.Merge[int],
		want:     func(in [][]int) []int { return slices.Concat(in...) },
		anyOrder: true,
	},
	"Concat": {
		join: func(srcs sources, _ int) source { return fan.Concat(srcs...) },
		want: func(in [][]int) []int { return slices.Concat(in...) },
	},
	"Interleave": {
		join: func(srcs sources, _ int) source { return fan.Interleave(srcs...) },
		want: func(in [][]int) (out []int) {
			for i := range 20 {
				for _, vs := range in {
					if i < len(vs) {
						out = append(out, vs[i])
					}
				}
			}
			return out
		},
	},
	"MergeSorted": {
		join: func(srcs sources, _ int) source { return fan.MergeSorted(srcs, cmp.Compare[int]) },
		want: func(in [][]int) []int { return slices.Sorted(slices.Values(slices.Concat(in...))) },
	},
}

// Joins of random sources give what the model says, and when cut at a random
// point a part of it; every source is released once.
func TestJoinsAgreeWithTheirModels(t *testing.T) {
	for name, m := range models {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				in := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, 9), 0, 20), 0, 5).Draw(t, "in")
				n := rapid.IntRange(0, 9).Draw(t, "n")
				var srcs sources
				released := make([]int, len(in))
				for i := range in {
					slices.Sort(in[i])
					srcs = append(srcs, pull.From(pull.Values(in[i]...),
						func(error) error { released[i]++; return nil }))
				}
				want := m.want(in)
				cut := rapid.IntRange(0, len(want)+1).Draw(t, "cut")
				got, left := cutAt(t, m.join(srcs, n), cut), want
				if m.anyOrder {
					for _, v := range got {
						i := slices.Index(left, v)
						require.GreaterOrEqual(t, i, 0)
						left = slices.Delete(left, i, i+1)
					}
				} else {
					require.True(t, slices.Equal(want[:min(cut, len(want))], got), "%v %v", want, got)
				}
				require.Len(t, got, min(cut, len(want)))
				for i := range released {
					require.Equal(t, 1, released[i])
				}
			})
		})
	}
}

// cutAt reads up to n values, then aborts.
func cutAt(t *rapid.T, src source, n int) (got []int) {
	for range n {
		v, err := src(context.Background())
		if err != nil {
			break
		}
		got = append(got, v)
	}
	require.NoError(t, pull.Abort(src, nil))
	return got
}
