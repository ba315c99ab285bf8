package pulltest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// TestCorrect runs streams without fault through every check that a fault is
// planted in.
func TestCorrect(t *testing.T) {
	t.Run("source", func(t *testing.T) {
		opts := threeWanted
		opts.Panic = newThree(func(s *three) {
			s.last = func() (int, error) {
				s.end = errors.New("panicked")
				panic("user")
			}
		})
		pulltest.Source(t, newThree(func(*three) {}), opts)
	})
	t.Run("stalling source", func(t *testing.T) {
		opts := threeWanted
		opts.Stalls = true
		pulltest.Source(t, newThree(func(s *three) {
			s.wait = func(ctx context.Context) { <-ctx.Done() }
		}), opts)
	})
	t.Run("source of chunks", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[[]byte] {
			return pull.Values([]byte("ab"), []byte("cd"), []byte("ef"))
		}, chunksWanted)
	})
	t.Run("through", func(t *testing.T) { pulltest.Through(t, readsThrough, passes) })
	t.Run("sink", func(t *testing.T) {
		pulltest.Sink(t, pull.Drain[int], pulltest.SinkOptions[int]{})
	})
	t.Run("fan", func(t *testing.T) {
		pulltest.Fan(t, (&dealer{}).fan, pulltest.FanOptions[int]{})
	})
}
