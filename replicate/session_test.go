package replicate_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// noon is a wall clock that stands still, in and out of bubbles.
func noon() time.Time { return time.UnixMilli(1_700_000_000_000) }

func newReplica(cfg replicate.Config) (*replicate.Replica, *model.Model[int]) {
	cfg.Types = []replicate.Type{model.JSON}
	if cfg.Now == nil {
		cfg.Now = noon
	}
	r := replicate.New(cfg)
	m, err := model.Open[int](r, "")
	if err != nil {
		panic(err)
	}
	return r, m
}

// sync runs one session between a and b, once.
func syncOnce(t *testing.T, a, b *replicate.Replica) (sa, sb replicate.Stats) {
	t.Helper()
	da, db := duplex.Pair[[]byte, []byte]()
	x := replicate.NewSession(a, replicate.SyncConfig{Once: true})
	y := replicate.NewSession(b, replicate.SyncConfig{})
	errs := make(chan error, 2)
	go func() { errs <- x.Run(context.Background(), da) }()
	go func() { errs <- y.Run(context.Background(), db) }()
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	return x.Stats(), y.Stats()
}

func dumpOf(m *model.Model[int]) string {
	s := ""
	for e, err := range m.All("") {
		if err != nil {
			return err.Error()
		}
		s += fmt.Sprintf("%s=%d ", e.Key, e.Value)
	}
	return s
}

func TestTwoReplicasConvergeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, ma := newReplica(replicate.Config{})
		b, mb := newReplica(replicate.Config{})
		for i := range 1000 {
			require.NoError(t, ma.Set(fmt.Sprint("a", i), i))
			require.NoError(t, mb.Set(fmt.Sprint("b", i%300), i))
			require.NoError(t, mb.Set("both", i))
		}
		sa, sb := syncOnce(t, a, b)
		require.Equal(t, dumpOf(ma), dumpOf(mb))
		require.Equal(t, a.Fingerprint(), b.Fingerprint())
		require.Equal(t, a.Clock(), b.Clock())
		require.EqualValues(t, 1000, sa.SentUpdates)
		require.EqualValues(t, 301, sb.SentUpdates)
		require.Equal(t, sa.SentBytes, sb.ReceivedBytes)

		sa, _ = syncOnce(t, a, b)
		require.Zero(t, sa.SentUpdates)
		require.Less(t, sa.SentBytes, int64(120))
		t.Log(sa)
	})
}

// Nobody waits for a peer that has said bye to acknowledge more.
func TestBothFinishAtOnce(t *testing.T) {
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			a, _ := newReplica(replicate.Config{})
			b, mb := newReplica(replicate.Config{})
			x := replicate.NewSession(a, replicate.SyncConfig{})
			y := replicate.NewSession(b, replicate.SyncConfig{})
			go func() {
				synctest.Wait()
				go func() { x.Finish() }()
				go func() { _ = mb.Set("x", 1); y.Finish() }()
			}()
			start := time.Now()
			errX, errY := run(x, y)
			for _, err := range []error{errX, errY} {
				if err != nil {
					require.ErrorContains(t, err, "left before it had everything")
				}
			}
			require.Zero(t, time.Since(start))
		})
	}
}
