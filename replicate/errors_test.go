package replicate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// run connects two sessions and returns how each ended.
func run(x, y *replicate.Session) (errX, errY error) {
	a, b := duplex.Pair[[]byte, []byte]()
	done := make(chan error, 1)
	go func() { done <- y.Run(context.Background(), b) }()
	errX = x.Run(context.Background(), a)
	return errX, <-done
}

// both checks that a session between two replicas ends with want at both ends.
func both(t *testing.T, a, b *replicate.Replica, want error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		errX, errY := run(replicate.NewSession(a, replicate.SyncConfig{Once: true}),
			replicate.NewSession(b, replicate.SyncConfig{}))
		require.ErrorIs(t, errX, want)
		require.ErrorIs(t, errY, want)
	})
}

func TestTwoSetsRefuseEachOther(t *testing.T) {
	a, _ := newReplica(replicate.Config{Set: "one"})
	b, _ := newReplica(replicate.Config{Set: "two"})
	both(t, a, b, replicate.ErrWrongSet)
}

func TestNoSetJoinsAnything(t *testing.T) {
	a, ma := newReplica(replicate.Config{Set: "one"})
	b, mb := newReplica(replicate.Config{})
	require.NoError(t, ma.Set("x", 1))
	synctest.Test(t, func(t *testing.T) { syncOnce(t, a, b) })
	require.Equal(t, dumpOf(ma), dumpOf(mb))
}

func TestReplicaMeetsItself(t *testing.T) {
	a, _ := newReplica(replicate.Config{})
	both(t, a, a, replicate.ErrSelf)
}

func TestCopyMeetsOriginal(t *testing.T) {
	a, _ := newReplica(replicate.Config{})
	b, _ := newReplica(replicate.Config{ID: a.ID()})
	whoA, whoB := a.Author(), b.Author()
	both(t, a, b, replicate.ErrForked)
	require.NotEqual(t, whoA, a.Author())
	require.NotEqual(t, whoB, b.Author())
}

func TestStampFromTheFuture(t *testing.T) {
	a, ma := newReplica(replicate.Config{Now: func() time.Time { return noon().Add(time.Hour) }})
	b, mb := newReplica(replicate.Config{})
	require.NoError(t, ma.Set("x", 1))
	both(t, a, b, replicate.ErrFuture)
	require.Zero(t, mb.Len())

	_, err := b.Load(t.Context(), a.Read(nil))
	require.ErrorIs(t, err, replicate.ErrFuture)
	require.Zero(t, mb.Len())
}

func TestUnknownTypeEndsSession(t *testing.T) {
	other := model.TypeOf("model/other")
	a := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON, other}, Now: noon})
	h, err := a.Open(replicate.ObjectName{Type: "model/other", Name: "o"})
	require.NoError(t, err)
	_, err = h.Write("\x01\x01kv")
	require.NoError(t, err)

	b, _ := newReplica(replicate.Config{})
	both(t, a, b, replicate.ErrUnknownType)
	require.Empty(t, b.Live())

	// Kept unread, it is relayed to one that knows it.
	relay := replicate.New(replicate.Config{KeepUnknown: true, Now: noon})
	c := replicate.New(replicate.Config{Types: []replicate.Type{other}, Now: noon})
	synctest.Test(t, func(t *testing.T) {
		syncOnce(t, a, relay)
		syncOnce(t, relay, c)
	})
	require.Equal(t, a.Fingerprint(), c.Fingerprint())

	// What is overwritten stays there, since only the type knows that it is:
	// no broken promise.
	_, err = h.Write("\x01\x01kw")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		syncOnce(t, a, relay)
		syncOnce(t, a, relay)
		syncOnce(t, relay, c)
		syncOnce(t, a, c)
	})
	require.Equal(t, a.Fingerprint(), c.Fingerprint())
}

func TestBadOpEndsSession(t *testing.T) {
	loose := replicate.Type{Tag: model.JSON.Tag, New: model.JSON.New}
	a := replicate.New(replicate.Config{Types: []replicate.Type{loose}, Now: noon})
	h, err := a.Open(replicate.ObjectName{Type: loose.Tag})
	require.NoError(t, err)
	_, err = h.Write("\x01\x01k{not json")
	require.NoError(t, err)
	b, mb := newReplica(replicate.Config{})
	both(t, a, b, replicate.ErrCorrupt)
	require.Zero(t, mb.Len())
}

// What answers is not weir: the session ends at its first wrong byte.
func TestNotWeir(t *testing.T) {
	for _, hello := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "\x00\x00\x00\x00\x00", "6Weir"} {
		synctest.Test(t, func(t *testing.T) {
			a, _ := newReplica(replicate.Config{})
			d := duplex.Duplex[[]byte, []byte]{
				Source: pull.Values([]byte(hello)),
				Sink:   func(ctx context.Context, src pull.Source[[]byte]) error { return pull.Drain(ctx, src) },
			}
			err := replicate.NewSession(a, replicate.SyncConfig{}).Run(t.Context(), d)
			require.ErrorIs(t, err, replicate.ErrNotWeir)
		})
	}
}

// A peer that is silent is given up after the handshake's time.
func TestHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newReplica(replicate.Config{})
		x, y := duplex.Pair[[]byte, []byte]()
		go func() { _ = y.Sink(t.Context(), silent) }()
		go func() { _ = pull.Drain(t.Context(), y.Source) }()
		start := time.Now()
		err := replicate.NewSession(a, replicate.SyncConfig{}).Run(t.Context(), x)
		require.ErrorIs(t, err, replicate.ErrHandshake)
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}

func silent(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// A peer that vanishes, wherever it was, is never a clean end, and what it
// sent is kept.
func TestPeerVanishesAtEveryFrame(t *testing.T) {
	for n := 0; ; n++ {
		a, ma := newReplica(replicate.Config{})
		b, mb := newReplica(replicate.Config{})
		for i := range 3000 {
			require.NoError(t, ma.Set(strings.Repeat("k", i%7)+string(rune('0'+i%9)), i))
		}
		var whole bool
		synctest.Test(t, func(t *testing.T) {
			x, y := duplex.Pair[[]byte, []byte]()
			left := n
			source := x.Source
			x.Sink = cutAfter(x.Sink, &left)
			sx := replicate.NewSession(a, replicate.SyncConfig{Once: true})
			sy := replicate.NewSession(b, replicate.SyncConfig{})
			done := make(chan error, 1)
			go func() { done <- sy.Run(context.Background(), y) }()
			x.Source = source
			errX := sx.Run(context.Background(), x)
			errY := <-done
			if whole = errY == nil; !whole {
				require.Error(t, errX)
				require.ErrorIs(t, errY, io.ErrUnexpectedEOF)
			}
		})
		if whole {
			require.Greater(t, n, 4, "all frames are needed for a clean end")
			require.Equal(t, dumpOf(ma), dumpOf(mb))
			return
		}
	}
}

// cutAfter lets left chunks through, and then ends the bytes as a dead process
// does: cleanly, as far as a pipe can tell.
func cutAfter(sink pull.Sink[[]byte], left *int) pull.Sink[[]byte] {
	return func(ctx context.Context, src pull.Source[[]byte]) error {
		cut := errors.New("cut")
		err := sink(ctx, func(ctx context.Context) ([]byte, error) {
			if *left == 0 {
				_ = pull.Abort(src, cut)
				return nil, io.EOF
			}
			chunk, err := src(ctx)
			if err == nil {
				*left--
			}
			return chunk, err
		})
		if *left == 0 && err == nil {
			return cut
		}
		return err
	}
}

func TestCancelledSessionReturnsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newReplica(replicate.Config{})
		b, _ := newReplica(replicate.Config{})
		x, y := duplex.Pair[[]byte, []byte]()
		ctx, cancel := context.WithCancelCause(context.Background())
		done := make(chan error, 1)
		sy := replicate.NewSession(b, replicate.SyncConfig{})
		go func() { done <- sy.Run(context.Background(), y) }()
		why := errors.New("enough")
		go func() {
			synctest.Wait()
			cancel(why)
		}()
		require.ErrorIs(t, replicate.NewSession(a, replicate.SyncConfig{}).Run(ctx, x), why)
		require.Error(t, <-done)
	})
}

// A live session follows writes on both sides; Finish ends it with all of them
// on both sides.
func TestLiveThenFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, ma := newReplica(replicate.Config{})
		b, mb := newReplica(replicate.Config{})
		x, y := duplex.Pair[[]byte, []byte]()
		sx := replicate.NewSession(a, replicate.SyncConfig{})
		sy := replicate.NewSession(b, replicate.SyncConfig{})
		done := make(chan error, 2)
		go func() { done <- sx.Run(context.Background(), x) }()
		go func() { done <- sy.Run(context.Background(), y) }()
		for i := range 50 {
			require.NoError(t, ma.Set("a", i))
			require.NoError(t, mb.Set("b", i))
			synctest.Wait()
			require.Equal(t, dumpOf(ma), dumpOf(mb))
		}
		require.Equal(t, a.Clock(), b.Clock())
		require.NoError(t, ma.Set("last", 1))
		sx.Finish()
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		require.Equal(t, dumpOf(ma), dumpOf(mb))
		require.Equal(t, a.Fingerprint(), b.Fingerprint())
	})
}

// A replica restored from an old backup learns from a peer that it has
// forgotten writes: it fetches them, and writes as someone else from then on.
func TestRestoredReplicaTakesNewAuthor(t *testing.T) {
	w := newWorld(t, 2, 13, true)
	w.write(0, "x")
	w.commit(0)
	backup, who := w.nodes[0].disk[:len(w.nodes[0].disk):len(w.nodes[0].disk)], w.nodes[0].who
	w.write(0, "y")
	w.settle()
	w.kill(0)
	w.nodes[0].disk, w.nodes[0].who = backup, who
	w.restart(0)
	require.Equal(t, who, w.nodes[0].r.Author())
	w.connect(0, 1) // positions are exchanged, nothing is fetched yet
	require.NotEqual(t, who, w.nodes[0].r.Author(), "the next write must not reuse a stamp")
	w.settle()
	require.Equal(t, "x=0 y=1 ", dumpOf(w.nodes[0].m))
	w.write(0, "y")
	w.settle()
	w.converged()
}

// A promise that was false (b says it has all of a's writes, and lacks one) is
// noticed when clocks agree and contents do not, and mended at once.
func TestBrokenPromiseIsMended(t *testing.T) {
	a, ma := newReplica(replicate.Config{})
	b, mb := newReplica(replicate.Config{})
	require.NoError(t, ma.Set("x", 1))
	require.NoError(t, mb.Set("y", 2))
	synctest.Test(t, func(t *testing.T) { syncOnce(t, a, b) })
	require.NoError(t, ma.Set("z", 3))
	b.Lie(a.Clock())
	synctest.Test(t, func(t *testing.T) {
		sa, sb := syncOnce(t, a, b)
		require.True(t, sa.Diverged)
		require.True(t, sb.Diverged)
	})
	require.Equal(t, "x=1 y=2 z=3 ", dumpOf(mb))
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

// A journal that fails ends the session at both ends, instead of leaving the
// peer to wait for an ack.
func TestJournalFailsInMidSession(t *testing.T) {
	a, ma := newReplica(replicate.Config{})
	b, _ := newReplica(replicate.Config{})
	require.NoError(t, ma.Set("x", 1))
	tail, err := b.Attach()
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		go func() {
			synctest.Wait() // both wait: b for its disk, a for b's ack
			tail.Fail(full)
		}()
		errA, errB := run(replicate.NewSession(a, replicate.SyncConfig{Once: true}),
			replicate.NewSession(b, replicate.SyncConfig{}))
		require.ErrorIs(t, errB, full)
		var remote *replicate.RemoteError
		require.ErrorAs(t, errA, &remote)
		require.Contains(t, remote.Text, "disk full")
	})
}

// Names count for what fits into a frame: thousands of objects with long names
// and short ops do not make one that nobody accepts.
func TestManyLongNames(t *testing.T) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}, Now: noon})
	for i := range 2000 {
		m, err := model.Open[int](r, fmt.Sprint(strings.Repeat("n", 4000), i))
		require.NoError(t, err)
		require.NoError(t, m.Set("k", i))
	}
	b, _ := newReplica(replicate.Config{})
	_, err := b.Load(t.Context(), r.Read(nil))
	require.NoError(t, err)
	require.Equal(t, r.Fingerprint(), b.Fingerprint())
}

func TestWriteLimits(t *testing.T) {
	_, m := newReplica(replicate.Config{})
	err := m.Set(strings.Repeat("k", model.MaxKey+1), 1)
	require.ErrorIs(t, err, replicate.ErrTooLarge)
	require.LessOrEqual(t, len(err.Error()), 200)
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	s, err := model.Open[string](r, "")
	require.NoError(t, err)
	require.NoError(t, s.Set("big", strings.Repeat("v", replicate.MaxUpdate-100)))
	require.ErrorIs(t, s.Set("bigger", strings.Repeat("v", replicate.MaxUpdate)), replicate.ErrTooLarge)
	require.Equal(t, 1, s.Len())
}
