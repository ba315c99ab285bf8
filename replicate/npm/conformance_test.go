package npm_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate/npm"
)

func TestConformance(t *testing.T) {
	t.Run("Model.Changes", func(t *testing.T) {
		s := openKind(t, newReplica(), "model", "A")
		m, err := npm.NewModel[int](s)
		require.NoError(t, err)
		for i := range 300 {
			require.NoError(t, m.Set(fmt.Sprint("key", i), i))
		}
		changesConform(t, func() pull.Source[npm.Change[int]] { return m.Changes(0) }, 300)
	})
	t.Run("Value.Changes", func(t *testing.T) {
		v, err := npm.NewValue[int](openKind(t, newReplica(), "value", "A"))
		require.NoError(t, err)
		require.NoError(t, v.Set(1))
		changesConform(t, func() pull.Source[npm.Change[int]] { return v.Changes(0) }, 1)
	})
	t.Run("Emitter.Events", func(t *testing.T) {
		e, err := npm.NewEmitter(openKind(t, newReplica(), "events", "A"))
		require.NoError(t, err)
		for i := range 300 {
			require.NoError(t, e.Emit("e", i))
		}
		changesConform(t, func() pull.Source[npm.Event] { return e.Events(0) }, 300)
	})
	t.Run("Doc.Changes", func(t *testing.T) {
		s := openKind(t, newReplica(), "doc", "A")
		writeChange(t, s, `["r",{"a":1}]`)
		d, err := npm.NewDoc(s)
		require.NoError(t, err)
		changesConform(t, func() pull.Source[[]npm.RowChange] { return d.Changes(0) }, 1)
	})
	t.Run("Scuttlebutt.Changes", func(t *testing.T) {
		s := filled(t, 300)
		changesConform(t, func() pull.Source[[]byte] { return s.Changes(0) }, 300)
	})
	t.Run("Scuttlebutt.Dump", func(t *testing.T) {
		s := filled(t, 3000)
		want, err := pull.Collect(t.Context(), s.Dump())
		require.NoError(t, err)
		require.Greater(t, len(want), 4)
		pulltest.Source(t, func() pull.Source[[]byte] { return s.Dump() }, pulltest.SourceOptions[[]byte]{Want: want})
	})
	t.Run("Scuttlebutt.Load", func(t *testing.T) { loadConforms(t, (*npm.Scuttlebutt).Load) })
	t.Run("Scuttlebutt.Restore", func(t *testing.T) { loadConforms(t, (*npm.Scuttlebutt).Restore) })
	t.Run("Session.Run", sessionConforms)
}

// changesConform checks a source that tells n things and then waits.
func changesConform[C any](t *testing.T, src func() pull.Source[C], n int) {
	want, one := []C(nil), src()
	for range n {
		c, err := one(t.Context())
		require.NoError(t, err)
		want = append(want, c)
	}
	require.NoError(t, pull.Abort(one, nil))
	pulltest.Source(t, src, pulltest.SourceOptions[C]{Want: want, Stalls: true})
}

func filled(t testing.TB, n int) *npm.Scuttlebutt {
	s := openKind(t, newReplica(), "model", "A")
	m, err := npm.NewModel[string](s)
	require.NoError(t, err)
	for i := range n {
		require.NoError(t, m.Set(fmt.Sprintf("key%06d", i), fmt.Sprint("value of ", i)))
	}
	return s
}

func loadConforms(t *testing.T,
	load func(*npm.Scuttlebutt, context.Context, pull.Source[[]byte]) (npm.Stats, error)) {
	run := func(ctx context.Context, src pull.Source[[]byte]) error {
		_, err := load(openKind(t, newReplica(), "model", ""), ctx, src)
		return err
	}
	linesConform(t, run)
}

// linesConform checks what reads lines: a number means nothing, a SYNC is needed,
// and a value alone is no line.
func linesConform(t *testing.T, run pull.Sink[[]byte]) {
	pulltest.Sink(t, func(ctx context.Context, src pull.Source[[]byte]) error {
		var end error
		return run(ctx, func(ctx context.Context) ([]byte, error) {
			if end != nil {
				return nil, end
			}
			chunk, err := src(ctx)
			if end = err; err == io.EOF {
				return []byte("\"SYNC\"\n"), nil
			}
			return chunk, err
		})
	}, pulltest.SinkOptions[[]byte]{
		Value: func(i int) []byte { return fmt.Appendln(nil, i) },
		Fail: func(ctx context.Context, src pull.Source[[]byte]) error {
			return run(ctx, func(ctx context.Context) ([]byte, error) {
				if _, err := src(ctx); err != nil {
					return nil, err
				}
				return []byte("no line\n"), nil
			})
		},
	})
}

// sessionConforms checks both halves of a session: what it does with the peer's
// stream, and the stream that it makes.
func sessionConforms(t *testing.T) {
	t.Run("in", func(t *testing.T) {
		linesConform(t, func(ctx context.Context, src pull.Source[[]byte]) error {
			s := openKind(t, newReplica(), "model", "B")
			return s.NewSession(npm.SyncConfig{}).Run(ctx, duplex.Duplex[[]byte, []byte]{Source: src,
				Sink: func(ctx context.Context, src pull.Source[[]byte]) error { return pull.Drain(ctx, src) }})
		})
	})
	t.Run("out", func(t *testing.T) {
		s := filled(t, 3000)
		src := func() pull.Source[[]byte] { return npm.Outgoing(s.NewSession(npm.SyncConfig{Once: true})) }
		want, err := pull.Collect(t.Context(), src())
		require.NoError(t, err)
		require.Greater(t, len(want), 4)
		pulltest.Source(t, src, pulltest.SourceOptions[[]byte]{Want: want})
	})
}
