package reduce_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/reduce"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type set = map[string]bool

func union(a, b set) set {
	if a == nil {
		a = set{}
	}
	maps.Copy(a, b)
	return a
}

// A beat is one name's newest time.
type beat struct {
	Name string
	At   int
}

func later(a, b beat) beat {
	if b.At > a.At {
		return b
	}
	return a
}

func sum(a, b int) int { return a + b }

// reductions of the tests: one key, and a key for each name.
var (
	sets  = reduce.TypeOf("set", union, reduce.Config[set]{})
	beats = reduce.TypeOf("beats", later, reduce.Config[beat]{Key: func(b beat) string { return b.Name }})
	sums  = reduce.TypeOf("sum", sum, reduce.Config[int]{})
)

func open[V any](t require.TestingT, d *reduce.Reduction[V]) (*replicate.Replica, *reduce.Collection[V]) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{d.Type()}})
	c, err := reduce.Open(r, "", d)
	require.NoError(t, err)
	return r, c
}

// give lets b have what a has.
func give(t testing.TB, a, b *replicate.Replica) {
	t.Helper()
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
}

func update[V any](t testing.TB, c *reduce.Collection[V], v V) bool {
	t.Helper()
	changed, err := c.Update(v)
	require.NoError(t, err)
	return changed
}
