package replicate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/replicate/set"
)

// Each type that has tombstones forgets them, and is then what it would be had
// there never been what they deleted; it can be written to as before.
func TestTypesForget(t *testing.T) {
	for name, use := range map[string]func(t *testing.T, r *replicate.Replica) (del func(), again func(), state func() int){
		"model": func(t *testing.T, r *replicate.Replica) (del, again func(), state func() int) {
			m, err := model.Open[int](r, "")
			require.NoError(t, err)
			add := func() { require.NoError(t, m.Set("x", 1)) }
			add()
			return func() { _, err := m.Delete("x"); require.NoError(t, err) }, add, m.Len
		},
		"set": func(t *testing.T, r *replicate.Replica) (del, again func(), state func() int) {
			s, err := set.Open[string](r, "")
			require.NoError(t, err)
			add := func() { require.NoError(t, s.Add("x")) }
			add()
			return func() { _, err := s.Remove("x"); require.NoError(t, err) }, add, s.Len
		},
		"feed": func(t *testing.T, r *replicate.Replica) (del, again func(), state func() int) {
			f, err := feed.Open[string](r, "")
			require.NoError(t, err)
			var id replicate.Stamp
			add := func() { id, err = f.Append("x"); require.NoError(t, err) }
			add()
			return func() { _, err := f.Remove(id); require.NoError(t, err) }, add, f.Len
		},
	} {
		t.Run(name, func(t *testing.T) {
			types := []replicate.Type{model.JSON, set.JSON, feed.JSON}
			r := replicate.New(replicate.Config{Types: types})
			r.SetMembers([]replicate.ReplicaID{r.ID()})
			del, again, size := use(t, r)
			empty := replicate.New(replicate.Config{Types: types}).Content()
			for range 3 {
				require.Equal(t, 1, size())
				del()
				require.Zero(t, size())
				require.Equal(t, 1, r.Len(), "the tombstone")
				n, err := r.Forget(false)
				require.NoError(t, err)
				require.Equal(t, 1, n)
				require.Zero(t, r.Len())
				require.Zero(t, size())
				require.NotEqual(t, empty, r.Content(), "but for the clock")
				again()
			}
			copied := replicate.New(replicate.Config{Types: types})
			require.NoError(t, copied.Write(t.Context(), r.Read(nil)))
			require.Equal(t, r.Fingerprint(), copied.Fingerprint())
			require.Equal(t, r.Horizon(), copied.Horizon())
		})
	}
}
