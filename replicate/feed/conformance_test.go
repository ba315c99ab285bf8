package feed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
	"github.com/weir-go/weir/through"
)

func TestConformance(t *testing.T) {
	t.Run("Feed.Changes", func(t *testing.T) {
		_, f := open[int](t)
		var want []feed.Change[int]
		for i := range 300 {
			id, err := f.Append(i)
			require.NoError(t, err)
			want = append(want, feed.Change[int]{ID: id, Value: i, Stamp: id})
		}
		removed := replicate.Stamp{Time: 5, Author: want[0].ID.Author}
		_, err := f.Remove(removed)
		require.NoError(t, err)
		all, err := pull.Collect(t.Context(), through.Take(f.Changes(0), 301))
		require.NoError(t, err)
		want = append(want, feed.Change[int]{ID: removed, Removed: true, Stamp: all[300].Stamp})
		pulltest.Source(t, func() pull.Source[feed.Change[int]] { return f.Changes(0) },
			pulltest.SourceOptions[feed.Change[int]]{Want: want, Stalls: true})
	})
}
