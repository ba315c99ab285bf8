package doc

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
)

func TestConformance(t *testing.T) {
	_, d := open[int](t)
	odd, err := d.Where("odd", 1)
	require.NoError(t, err)
	list, err := d.Sequence("list", 1)
	require.NoError(t, err)
	for i := range 300 {
		require.NoError(t, d.Set(fmt.Sprintf("row%03d", i), map[string]int{"n": i, "odd": i % 2}))
		require.NoError(t, list.PushRow(fmt.Sprintf("row%03d", i)))
	}
	t.Run("Doc.Changes", func(t *testing.T) {
		conforms(t, 300, func() pull.Source[Change[int]] { return d.Changes(0) })
	})
	t.Run("Set.Changes", func(t *testing.T) {
		conforms(t, 150, func() pull.Source[Member[int]] { return odd.Changes() })
	})
	t.Run("Filtered.Changes", func(t *testing.T) {
		low := d.Filter(func(r Row[int]) bool { return r.Fields["n"] < 200 })
		conforms(t, 200, func() pull.Source[Member[int]] { return low.Changes() })
	})
	t.Run("Sequence.Changes", func(t *testing.T) {
		conforms(t, 1, func() pull.Source[Batch[int]] { return list.Changes() })
	})
}

// conforms checks a source that yields n values and then waits.
func conforms[C any](t *testing.T, n int, open func() pull.Source[C]) {
	var want []C
	src := open()
	for range n {
		c, err := src(t.Context())
		require.NoError(t, err)
		want = append(want, c)
	}
	require.NoError(t, pull.Abort(src, nil))
	pulltest.Source(t, open, pulltest.SourceOptions[C]{Want: want, Stalls: true})
}

func open[V any](t testing.TB) (*replicate.Replica, *Doc[V]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{JSON}})
	d, err := Open[V](r, "")
	require.NoError(t, err)
	return r, d
}
