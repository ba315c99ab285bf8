package events_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/events"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open[V any](t require.TestingT) (*replicate.Replica, *events.Emitter[V]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{events.JSON}})
	e, err := events.Open[V](r, "")
	require.NoError(t, err)
	return r, e
}

// give lets b have what a has.
func give(t testing.TB, a, b *replicate.Replica) {
	t.Helper()
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
}
