package feed_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open[V any](t require.TestingT) (*replicate.Replica, *feed.Feed[V]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{feed.JSON}})
	f, err := feed.Open[V](r, "")
	require.NoError(t, err)
	return r, f
}

// give lets b have what a has.
func give(t testing.TB, a, b *replicate.Replica) {
	t.Helper()
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
}
