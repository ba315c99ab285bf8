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
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/frame"
)

// TestConformance runs the package's sources and sinks through pulltest.
func TestConformance(t *testing.T) {
	t.Run("Replica.Read", readConforms)
	t.Run("Replica.ReadOf", readOfConforms)
	t.Run("Replica.Snapshot", snapshotConforms)
	t.Run("Replica.Changes", changesConforms)
	t.Run("Handle.Changes", handleChangesConforms)
	t.Run("Handle.Covered", coveredConforms)
	t.Run("Watch", watchConforms)
	t.Run("Follow", followConforms)
	t.Run("Replica.Write", writeConforms)
	t.Run("Replica.Load", loadConforms)
}

func filled(t *testing.T, n int) *replicate.Replica {
	r, m := newReplica(replicate.Config{})
	for i := range n {
		require.NoError(t, m.Set(fmt.Sprint("key", i), i))
	}
	return r
}

func readConforms(t *testing.T) {
	r := filled(t, 5000)
	want, err := pull.Collect(t.Context(), r.Read(nil))
	require.NoError(t, err)
	require.Greater(t, len(want), 4)
	pulltest.Source(t, func() pull.Source[[]byte] { return r.Read(nil) },
		pulltest.SourceOptions[[]byte]{Want: want, Held: r.Readers})
}

func readOfConforms(t *testing.T) {
	r, f := filled(t, 5000), keys("key1", "key3")
	want, err := pull.Collect(t.Context(), r.ReadOf(f, nil))
	require.NoError(t, err)
	require.Greater(t, len(want), 3)
	pulltest.Source(t, func() pull.Source[[]byte] { return r.ReadOf(f, nil) },
		pulltest.SourceOptions[[]byte]{Want: want, Held: r.Readers})
}

func snapshotConforms(t *testing.T) {
	r := filled(t, 5000)
	want, err := pull.Collect(t.Context(), r.Read(nil))
	require.NoError(t, err)
	pulltest.Source(t, func() pull.Source[[]byte] { return r.Snapshot() },
		pulltest.SourceOptions[[]byte]{Want: want, Held: r.Readers})
}

func changesConforms(t *testing.T) {
	r := filled(t, 600)
	live := r.Live()
	pulltest.Source(t, func() pull.Source[[]*replicate.Update] { return r.Changes(0) },
		pulltest.SourceOptions[[]*replicate.Update]{
			Want:   [][]*replicate.Update{live[:256], live[256:512], live[512:]},
			Stalls: true, Held: r.Readers,
		})
}

// twoObjects is a replica with 300 updates in each of two objects, in turn,
// and the handle of the first.
func twoObjects(t *testing.T) (*replicate.Replica, *replicate.Handle) {
	r, m := newReplica(replicate.Config{})
	other, err := model.Open[int](r, "other")
	require.NoError(t, err)
	for i := range 300 {
		require.NoError(t, m.Set(fmt.Sprint("key", i), i))
		require.NoError(t, other.Set("key", i))
	}
	h, err := r.Open(replicate.ObjectName{Type: model.JSON.Tag})
	require.NoError(t, err)
	return r, h
}

func handleChangesConforms(t *testing.T) {
	r, h := twoObjects(t)
	live := r.Live()
	require.Len(t, live, 301)
	pulltest.Source(t, func() pull.Source[[]*replicate.Update] { return h.Changes(0) },
		pulltest.SourceOptions[[]*replicate.Update]{
			Want:   [][]*replicate.Update{live[:256], live[256:300]},
			Stalls: true, Held: r.Readers,
		})
}

func watchConforms(t *testing.T) {
	r, h := twoObjects(t)
	stamp := func(u *replicate.Update) (replicate.Stamp, error) { return u.Stamp(), nil }
	var want []replicate.Stamp
	for _, u := range r.Live()[:300] {
		want = append(want, u.Stamp())
	}
	pulltest.Source(t, func() pull.Source[replicate.Stamp] { return replicate.Watch(h, 0, stamp) },
		pulltest.SourceOptions[replicate.Stamp]{Want: want, Stalls: true, Held: r.Readers})
}

func followConforms(t *testing.T) {
	r, h := twoObjects(t)
	stamps := func(_ replicate.Object, news []*replicate.Update) (all []replicate.Stamp, ok bool) {
		for _, u := range news {
			all = append(all, u.Stamp())
		}
		return all, true
	}
	var want []replicate.Stamp
	for _, u := range r.Live()[:300] {
		want = append(want, u.Stamp())
	}
	pulltest.Source(t, func() pull.Source[[]replicate.Stamp] { return replicate.Follow(h, 0, stamps) },
		pulltest.SourceOptions[[]replicate.Stamp]{
			Want: [][]replicate.Stamp{want}, Stalls: true, Held: r.Readers,
		})
}

func writeConforms(t *testing.T) {
	r := filled(t, 3)
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[[]byte]) error {
		return r.Write(ctx, dumpAround(r, src))
	}, pulltest.SinkOptions[[]byte]{
		Fail: func(ctx context.Context, src pull.Source[[]byte]) error { return r.Write(ctx, src) },
	})
}

func loadConforms(t *testing.T) {
	r := filled(t, 3)
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[[]byte]) error {
		_, err := r.Load(ctx, dumpAround(r, src))
		return err
	}, pulltest.SinkOptions[[]byte]{})
}

// dumpAround makes a dump of any values: the head of a dump of r, each value
// as a frame of a kind to come, and the rest of the dump.
func dumpAround(r *replicate.Replica, src pull.Source[[]byte]) pull.Source[[]byte] {
	var dump [][]byte
	var end error
	return func(ctx context.Context) ([]byte, error) {
		if dump == nil && ctx.Err() == nil {
			dump, _ = pull.Collect(ctx, r.Read(nil))
			return dump[0], nil
		}
		if end == nil {
			v, err := src(ctx)
			if err == nil {
				return frame.Append(nil, append([]byte{0x80}, v...)), nil
			}
			end = err
		}
		if end == io.EOF && len(dump) > 1 {
			dump = dump[1:]
			return dump[0], nil
		}
		return nil, end
	}
}
