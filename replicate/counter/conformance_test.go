package counter_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/counter"
)

func TestConformance(t *testing.T) {
	t.Run("Counter.Changes", func(t *testing.T) {
		r, c := open(t, replicate.Config{})
		var want []counter.Change
		for i := range 50 {
			other, d := open(t, replicate.Config{})
			require.NoError(t, d.Add(int64(i)+1), fmt.Sprint(i))
			require.NoError(t, r.Write(t.Context(), other.Read(nil)))
		}
		src := c.Changes(0)
		for range 50 {
			change, err := src(t.Context())
			require.NoError(t, err)
			require.Equal(t, int64(1275), change.Value, "told late, it is the newest value")
			want = append(want, change)
		}
		require.NoError(t, pull.Abort(src, nil))
		pulltest.Source(t, func() pull.Source[counter.Change] { return c.Changes(0) },
			pulltest.SourceOptions[counter.Change]{Want: want, Stalls: true})
	})
}
