package replicate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
)

// foreign is an author of another protocol.
var foreign = replicate.Author(strings.Repeat("f", 24))

func at(ms int64) replicate.Time { return replicate.TimeOf(time.UnixMilli(ms)) }

// modelHandle returns a replica and the handle of its model.
func modelHandle(t testing.TB, cfg replicate.Config) (*replicate.Replica, *replicate.Handle) {
	t.Helper()
	r, _ := newReplica(cfg)
	h, err := r.Open(replicate.ObjectName{Type: "model/json"})
	require.NoError(t, err)
	return r, h
}

const opX, opY = "\x01\x01x1", "\x01\x01y1"

func TestTake(t *testing.T) {
	r, h := modelHandle(t, replicate.Config{})
	s := replicate.Stamp{Time: at(5), Author: foreign}
	news, err := h.Take(s, opX)
	require.NoError(t, err)
	require.True(t, news)
	require.Empty(t, r.Clock(), "a single update moves no clock")
	news, err = h.Take(s, opX)
	require.NoError(t, err)
	require.False(t, news)
	_, err = h.Take(s, opY)
	require.ErrorIs(t, err, replicate.ErrForked)
	require.NoError(t, r.Promise(replicate.Clock{foreign: at(9)}))
	news, err = h.Take(replicate.Stamp{Time: at(7), Author: foreign}, opY)
	require.NoError(t, err)
	require.False(t, news, "below the clock")
	require.Equal(t, 1, r.Len())

	far := replicate.Stamp{Time: replicate.TimeOf(noon().Add(time.Hour)), Author: foreign}
	_, err = h.Take(far, opY)
	require.ErrorIs(t, err, replicate.ErrFuture)
	require.ErrorIs(t, r.Promise(replicate.Clock{foreign: far.Time}), replicate.ErrFuture)
	_, err = h.Take(replicate.Stamp{Author: foreign}, opY)
	require.ErrorIs(t, err, replicate.ErrStamp)
	_, err = h.Take(replicate.Stamp{Time: at(10), Author: "short"}, opY)
	require.ErrorIs(t, err, replicate.ErrStamp)
	_, err = h.Take(replicate.Stamp{Time: at(10), Author: foreign}, "no op")
	require.Error(t, err)
	_, err = h.Take(replicate.Stamp{Time: at(10), Author: foreign + replicate.Author(strings.Repeat("k", 16))}, opY)
	require.ErrorIs(t, err, replicate.ErrUnsigned)
	require.Equal(t, 1, r.Len())

	_, h = modelHandle(t, replicate.Config{SignedOnly: true})
	_, err = h.Take(s, opX)
	require.ErrorIs(t, err, replicate.ErrUnsigned)
}

// What an author of another protocol writes reaches replicas of weir as what any
// other does, under its promise.
func TestComposeAs(t *testing.T) {
	r, h := modelHandle(t, replicate.Config{})
	write := func(choose func(replicate.Time) replicate.Time, op string) (replicate.Stamp, error) {
		return h.ComposeAs(func(d replicate.Draft) (replicate.Stamp, string, error) {
			return replicate.Stamp{Time: choose(d.Stamp.Time), Author: foreign}, op, nil
		})
	}
	s, err := write(func(at replicate.Time) replicate.Time { return at + 16 }, opX)
	require.NoError(t, err)
	require.Equal(t, replicate.Clock{foreign: s.Time}, r.Clock())
	_, err = write(func(at replicate.Time) replicate.Time { return at - 1 }, opY)
	require.ErrorIs(t, err, replicate.ErrStamp)
	s, err = write(func(at replicate.Time) replicate.Time { return at }, "")
	require.NoError(t, err)
	require.Zero(t, s)
	_, err = write(func(at replicate.Time) replicate.Time { return at }, "no op")
	require.Error(t, err)
	_, err = h.In(r.Begin()).ComposeAs(nil)
	require.Error(t, err)
	require.Equal(t, 1, r.Len())

	other, _ := newReplica(replicate.Config{})
	syncOnce(t, r, other)
	require.Equal(t, r.Clock(), other.Clock())
	require.Equal(t, r.Fingerprint(), other.Fingerprint())
}

// covered returns a source of what r covers of its model, and what it goes by.
func covered(h *replicate.Handle) (pull.Source[[]*replicate.Update], replicate.Clock) {
	known := replicate.Clock{}
	return h.Covered(func(a replicate.Author) replicate.Time { return known[a] }), known
}

func TestCovered(t *testing.T) {
	r, h := modelHandle(t, replicate.Config{})
	for i, op := range []string{opX, opY} { // in the order that is not that of stamps
		_, err := h.Take(replicate.Stamp{Time: at(int64(9 - i)), Author: foreign}, op)
		require.NoError(t, err)
	}
	src, known := covered(h)
	round, err := src(t.Context())
	require.NoError(t, err)
	require.Empty(t, round, "the first call waits for nothing")
	require.NoError(t, r.Promise(replicate.Clock{foreign: at(8)}))
	round, err = src(t.Context())
	require.NoError(t, err)
	require.Len(t, round, 1)
	require.Equal(t, at(8), round[0].Stamp().Time)
	known[foreign] = at(8)
	require.NoError(t, r.Promise(replicate.Clock{foreign: at(20)}))
	round, err = src(t.Context())
	require.NoError(t, err)
	require.Len(t, round, 1)
	require.Equal(t, opX, round[0].Op())
	require.NoError(t, pull.Abort(src, nil))
	require.Zero(t, r.Readers())
}

// With a journal, only what is durable is shown.
func TestCoveredIsDurable(t *testing.T) {
	r, m := newReplica(replicate.Config{})
	h, err := r.Open(replicate.ObjectName{Type: "model/json"})
	require.NoError(t, err)
	tail, err := r.Attach()
	require.NoError(t, err)
	require.NoError(t, m.Set("x", 1))
	src, _ := covered(h)
	round, err := src(t.Context())
	require.NoError(t, err)
	require.Empty(t, round)
	batch, ok := tail.Take()
	require.True(t, ok)
	tail.Done(batch)
	round, err = src(t.Context())
	require.NoError(t, err)
	assert.Len(t, round, 1)
	require.NoError(t, pull.Abort(src, nil))
}

func coveredConforms(t *testing.T) {
	r, m := newReplica(replicate.Config{})
	h, err := r.Open(replicate.ObjectName{Type: "model/json"})
	require.NoError(t, err)
	require.NoError(t, m.Set("x", 1))
	pulltest.Source(t, func() pull.Source[[]*replicate.Update] {
		src, known := covered(h)
		return pull.From(func(ctx context.Context) ([]*replicate.Update, error) {
			round, err := src(ctx)
			for _, u := range round {
				known[u.Stamp().Author] = u.Stamp().Time
			}
			return round, err
		}, func(cause error) error { return pull.Abort(src, cause) })
	}, pulltest.SourceOptions[[]*replicate.Update]{
		Want: [][]*replicate.Update{r.Live()}, Stalls: true, Held: r.Readers,
	})
}
