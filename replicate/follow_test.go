package replicate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// The state that Follow shows has all of the updates that it calls news, those
// that it told before, and nothing else, however many are written meanwhile;
// what it has nothing to tell of is not asked about again.
func TestFollow(t *testing.T) {
	const writes = 2000
	r, m := newReplica(replicate.Config{})
	h, err := r.Open(replicate.ObjectName{Type: model.JSON.Tag})
	require.NoError(t, err)
	told := 0
	src := replicate.Follow(h, 0, func(_ replicate.Object, news []*replicate.Update) (int, bool) {
		told += len(news)
		// With each write a new key, what was told is what there is.
		return int(r.HeadLocked()) - told, told%3 != 0 || told == writes
	})
	done := make(chan error)
	go func() {
		for i := range writes {
			if err := m.Set(fmt.Sprint("key", i), i); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for told < writes {
		missed, err := src(t.Context())
		require.NoError(t, err)
		require.Zero(t, missed)
	}
	require.NoError(t, <-done)
	require.NoError(t, pull.Abort(src, nil))
	require.Zero(t, r.Readers())
}
