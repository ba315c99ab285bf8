package replicate_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through"
)

func filled(t *testing.T) *replicate.Replica {
	r, m := newReplica(replicate.Config{})
	for i := range 300 {
		require.NoError(t, m.Set(fmt.Sprint("key", i), i))
	}
	return r
}

func TestConformance(t *testing.T) {
	t.Run("Replica.Changes", func(t *testing.T) {
		r := filled(t)
		var want [][]*replicate.Update
		src := r.Changes(0)
		for range 2 {
			batch, err := src(t.Context())
			require.NoError(t, err)
			want = append(want, batch)
		}
		require.NoError(t, pull.Abort(src, nil))
		pulltest.Source(t, func() pull.Source[[]*replicate.Update] { return r.Changes(0) },
			pulltest.SourceOptions[[]*replicate.Update]{Want: want, Stalls: true})
	})
	t.Run("Replica.Read", func(t *testing.T) {
		r := filled(t)
		want, err := pull.Collect(t.Context(), r.Read(nil))
		require.NoError(t, err)
		pulltest.Source(t, func() pull.Source[[]byte] { return r.Read(nil) },
			pulltest.SourceOptions[[]byte]{Want: want})
	})
	t.Run("Replica.Load", func(t *testing.T) {
		loadConforms(t, func(ctx context.Context, r *replicate.Replica, src pull.Source[[]byte]) error {
			_, err := r.Load(ctx, src)
			return err
		})
	})
	t.Run("Replica.Write", func(t *testing.T) {
		loadConforms(t, func(ctx context.Context, r *replicate.Replica, src pull.Source[[]byte]) error {
			return r.Write(ctx, src)
		})
	})
}

func loadConforms(
	t *testing.T, load func(context.Context, *replicate.Replica, pull.Source[[]byte]) error,
) {
	into := func(bytes func(pull.Source[int]) pull.Source[[]byte]) pull.Sink[int] {
		return func(ctx context.Context, src pull.Source[int]) error {
			r, _ := newReplica(replicate.Config{})
			return load(ctx, r, bytes(src))
		}
	}
	pulltest.Sink(t, into(dumped), pulltest.SinkOptions[int]{
		Fail: into(func(src pull.Source[int]) pull.Source[[]byte] {
			return through.Map(src, func(int) []byte { return []byte("this is not a weir stream") })
		}),
	})
}

// dumped is the dump of a replica that holds src's values; it begins when src
// has ended.
func dumped(src pull.Source[int]) pull.Source[[]byte] {
	r, m := newReplica(replicate.Config{})
	return afterwards(src, func(i int) error { return m.Set(fmt.Sprint(i), i) }, r)
}

func afterwards(
	src pull.Source[int], set func(int) error, r *replicate.Replica,
) pull.Source[[]byte] {
	var dump pull.Source[[]byte]
	var end error
	return func(ctx context.Context) ([]byte, error) {
		for dump == nil && end == nil {
			i, err := src(ctx)
			switch {
			case err == io.EOF:
				dump = r.Read(nil)
			case err != nil:
				end = err
			default:
				_ = set(i)
			}
		}
		if end != nil {
			return nil, end
		}
		return dump(ctx)
	}
}
