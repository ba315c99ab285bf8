package value_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/value"
)

func TestConformance(t *testing.T) {
	t.Run("Value.Changes", func(t *testing.T) {
		_, v := open[int](t, value.Keep(value.JSON, 300), replicate.Config{})
		for i := range 300 {
			require.NoError(t, v.Set(i))
		}
		want, err := v.History()
		require.NoError(t, err)
		pulltest.Source(t, func() pull.Source[value.Write[int]] { return v.Changes(0) },
			pulltest.SourceOptions[value.Write[int]]{Want: want, Stalls: true})
	})
	t.Run("Multi.Changes", func(t *testing.T) {
		_, m := openMulti[int](t)
		require.NoError(t, m.Set(1))
		want, err := m.Get()
		require.NoError(t, err)
		pulltest.Source(t, func() pull.Source[[]value.Write[int]] { return m.Changes(0) },
			pulltest.SourceOptions[[]value.Write[int]]{Want: [][]value.Write[int]{want}, Stalls: true})
	})
}
