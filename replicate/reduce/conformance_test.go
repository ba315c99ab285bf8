package reduce_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate/reduce"
	"github.com/weir-go/weir/through"
)

func TestConformance(t *testing.T) {
	t.Run("Collection.Changes", func(t *testing.T) {
		_, c := open(t, beats)
		for i := range 300 {
			update(t, c, beat{fmt.Sprint(i), i})
		}
		want, err := pull.Collect(t.Context(), through.Take(c.Changes(0), 300))
		require.NoError(t, err)
		for i, ch := range want {
			require.Equal(t, beat{fmt.Sprint(i), i}, ch.Value)
		}
		pulltest.Source(t, func() pull.Source[reduce.Change[beat]] { return c.Changes(0) },
			pulltest.SourceOptions[reduce.Change[beat]]{Want: want, Stalls: true})
	})
}
