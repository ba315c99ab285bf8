package set_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/set"
)

func TestConformance(t *testing.T) {
	a, s := open[int](t, replicate.Config{})
	g := openGrow[int](t, a, "")
	for i := range 300 {
		require.NoError(t, s.Add(i))
		if i%2 == 0 {
			_, err := g.Add(i)
			require.NoError(t, err)
		}
	}
	d := set.Minus[int](s, g)
	// Of the difference, each element of both sets is told.
	for name, c := range map[string]struct {
		set  set.Set[int]
		news int
	}{"Grow.Changes": {g, 150}, "AddWins.Changes": {s, 300}, "Difference.Changes": {d, 450}} {
		t.Run(name, func(t *testing.T) {
			changes := func() pull.Source[set.Change[int]] { return c.set.Changes(0) }
			var want []set.Change[int]
			src := changes()
			for range c.news {
				change, err := src(t.Context())
				require.NoError(t, err)
				want = append(want, change)
			}
			require.NoError(t, pull.Abort(src, nil))
			pulltest.Source(t, changes, pulltest.SourceOptions[set.Change[int]]{Want: want, Stalls: true})
		})
	}
}
