package feed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through"
)

// values returns what a reader of a feed sees.
func values[V any](t testing.TB, f *feed.Feed[V]) (vs []V) {
	t.Helper()
	for item, err := range f.All(replicate.Stamp{}) {
		require.NoError(t, err)
		vs = append(vs, item.Value)
	}
	return vs
}

func add[V any](t testing.TB, f *feed.Feed[V], v V) replicate.Stamp {
	t.Helper()
	id, err := f.Append(v)
	require.NoError(t, err)
	return id
}

// The originals showed items in order of arrival: t2 t3 t4 here, t3 t2 t4
// there.
func TestOneOrderEverywhere(t *testing.T) { // defect: D15
	ra, a := open[string](t)
	rb, b := open[string](t)
	t1 := add(t, a, "t1")
	add(t, a, "t2")
	add(t, b, "t3")
	fromA, err := pull.Collect(t.Context(), ra.Read(nil))
	require.NoError(t, err)
	give(t, rb, ra) // to a last, and to b first
	require.NoError(t, rb.Write(t.Context(), pull.Values(fromA...)))
	here, err := a.Remove(t1)
	require.NoError(t, err)
	require.True(t, here)
	add(t, b, "t4")
	give(t, ra, rb)
	give(t, rb, ra)
	require.ElementsMatch(t, []string{"t2", "t3"}, values(t, a)[:2])
	require.Equal(t, "t4", values(t, a)[2], "b had seen both")
	require.Equal(t, values(t, a), values(t, b))
}

// What is removed while a peer is away is gone from it when it comes back, and
// does not come back with it; the originals dropped the removal with the item.
func TestAwayWhileRemoved(t *testing.T) {
	ra, a := open[string](t)
	rb, b := open[string](t)
	rc, c := open[string](t)
	id := add(t, a, "secret")
	give(t, ra, rb)
	give(t, ra, rc)
	here, err := a.Remove(id)
	require.NoError(t, err)
	require.True(t, here)
	give(t, rb, ra)
	require.Empty(t, values(t, a), "what was removed stays away")
	give(t, ra, rb)
	require.Empty(t, values(t, b))
	give(t, rb, rc)
	require.Empty(t, values(t, c))
	require.Equal(t, ra.Fingerprint(), rc.Fingerprint())
	require.Equal(t, 1, rc.Len(), "the item is not even in the log")
	_, err = c.Get(id)
	require.ErrorIs(t, err, feed.ErrNotFound)
	require.Empty(t, c.Authors())
}

// A removal of what has not arrived waits for it. The originals threw, in
// whoever received it.
func TestRemovedBeforeItCame(t *testing.T) { // defect: D7, probe P17
	ra, a := open[string](t)
	rb, b := open[string](t)
	rc, c := open[string](t)
	id := add(t, a, "item")
	here, err := b.Remove(id) // known by its text, say
	require.NoError(t, err)
	require.False(t, here)
	head := rb.Head()
	here, err = b.Remove(id)
	require.NoError(t, err)
	require.False(t, here)
	require.Equal(t, head, rb.Head(), "to remove it again writes nothing")
	give(t, rb, rc)
	give(t, ra, rc)
	give(t, rb, ra)
	require.Empty(t, values(t, a))
	require.Empty(t, values(t, c))
	require.Zero(t, c.Len())
	changes, err := pull.Collect(t.Context(), through.Take(c.Changes(0), 1))
	require.NoError(t, err)
	require.True(t, changes[0].Removed)
	require.Equal(t, id, changes[0].ID)
}

// Two removals of one item are one, the newer, in whatever order they came.
func TestRemovedTwice(t *testing.T) {
	ra, a := open[string](t)
	rb, b := open[string](t)
	id := add(t, a, "item")
	give(t, ra, rb)
	for _, f := range []*feed.Feed[string]{a, b} {
		here, err := f.Remove(id)
		require.NoError(t, err)
		require.True(t, here)
	}
	ofA, err := pull.Collect(t.Context(), ra.Read(nil))
	require.NoError(t, err)
	give(t, rb, ra)
	require.NoError(t, rb.Write(t.Context(), pull.Values(ofA...)))
	require.Equal(t, 1, ra.Len())
	require.Equal(t, ra.Fingerprint(), rb.Fingerprint())
	_, err = a.Remove(replicate.Stamp{Time: 1, Author: "nobody"})
	require.ErrorIs(t, err, replicate.ErrStamp)
}

// row: 46 hyperlog clones, syncs with initial subset and superset, shared
// history with duplicates
func TestSyncFromAnywhere(t *testing.T) {
	type hold struct{ ours, theirs, both int }
	for _, h := range []hold{{3, 0, 0}, {0, 3, 0}, {0, 0, 3}, {2, 0, 3}, {0, 2, 3}, {2, 4, 0}, {2, 4, 3}} {
		synctest.Test(t, func(t *testing.T) {
			ra, a := open[string](t)
			rb, b := open[string](t)
			for i := range h.both {
				add(t, a, fmt.Sprint("both", i))
			}
			give(t, ra, rb)
			for i := range h.ours {
				add(t, a, fmt.Sprint("ours", i))
			}
			for i := range h.theirs {
				add(t, b, fmt.Sprint("theirs", i))
			}
			da, db := duplex.Pair[[]byte, []byte]()
			x := replicate.NewSession(ra, replicate.SyncConfig{Once: true})
			y := replicate.NewSession(rb, replicate.SyncConfig{Once: true})
			done := make(chan error)
			go func() { done <- x.Run(t.Context(), da) }()
			require.NoError(t, y.Run(t.Context(), db))
			require.NoError(t, <-done)
			require.Len(t, values(t, a), h.ours+h.theirs+h.both)
			require.Equal(t, values(t, a), values(t, b))
			require.Equal(t, int64(h.ours), x.Stats().SentUpdates, "only what is missing")
			require.Equal(t, int64(h.theirs), y.Stats().SentUpdates)
		})
	}
}

// row: 46 hyperlog live replication: what is appended is on its way without
// being asked for, and not sent back to where it came from (defect: D10).
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ra, a := open[string](t)
		rb, b := open[string](t)
		da, db := duplex.Pair[[]byte, []byte]()
		x := replicate.NewSession(ra, replicate.SyncConfig{})
		y := replicate.NewSession(rb, replicate.SyncConfig{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 2)
		go func() { done <- x.Run(ctx, da) }()
		go func() { done <- y.Run(ctx, db) }()
		synctest.Wait()
		for i := range 5 {
			id := add(t, a, fmt.Sprint(i))
			synctest.Wait()
			v, err := b.Get(id)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(i), v)
		}
		require.Zero(t, y.Stats().SentUpdates)
		cancel()
		<-done
		<-done
	})
}

// Removals are as lasting as items, through a file and a sweep of what is
// removed.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.weir")
	cfg := journal.Config{Replica: replicate.Config{Types: []replicate.Type{feed.JSON}}, Sync: journal.SyncNever}
	require.NoError(t, journal.Create(path, journal.Meta{}, cfg))
	j, err := journal.Open(t.Context(), path, cfg)
	require.NoError(t, err)
	f, err := feed.Open[int](j.Replica(), "")
	require.NoError(t, err)
	var want []int
	var ids []replicate.Stamp
	for i := range 500 {
		ids = append(ids, add(t, f, i))
	}
	for i, id := range ids {
		if i%4 == 0 {
			want = append(want, i)
			continue
		}
		here, err := f.Remove(id)
		require.NoError(t, err)
		require.True(t, here)
	}
	require.Equal(t, want, values(t, f))
	require.NoError(t, j.Close())

	j, err = journal.Open(t.Context(), path, cfg)
	require.NoError(t, err)
	f, err = feed.Open[int](j.Replica(), "")
	require.NoError(t, err)
	require.Equal(t, want, values(t, f))
	require.Equal(t, len(want), f.Len())
	var updates []*replicate.Update
	for place := uint64(0); len(updates) < 500; place = updates[len(updates)-1].Place() {
		batch, err := j.Replica().Changes(place)(t.Context())
		require.NoError(t, err)
		updates = append(updates, batch...)
	}
	require.Equal(t, 500-len(want), feed.Tombstones(feed.JSON.New(), updates))
	require.NoError(t, j.Close())
}

// A loop goes on over what is written meanwhile.
func TestWriteWhileReading(t *testing.T) {
	_, f := open[int](t)
	var ids []replicate.Stamp
	for i := range 300 {
		ids = append(ids, add(t, f, i))
	}
	n := 0
	for item, err := range f.All(replicate.Stamp{}) {
		require.NoError(t, err)
		if n == 0 {
			_, err := f.Remove(ids[299])
			require.NoError(t, err)
			add(t, f, 300)
		}
		require.NotEqual(t, 299, item.Value)
		n++
	}
	require.Equal(t, 300, n)
}

// An item moves from one feed to another in one step.
func TestMoveInATransaction(t *testing.T) {
	r, inbox := open[string](t)
	archive, err := feed.Open[string](r, "archive")
	require.NoError(t, err)
	id := add(t, inbox, "letter")
	tx := r.Begin()
	here, err := inbox.In(tx).Remove(id)
	require.NoError(t, err)
	require.False(t, here)
	_, err = archive.In(tx).Append("letter")
	require.NoError(t, err)
	require.Equal(t, 1, inbox.Len())
	stamp, err := tx.Commit()
	require.NoError(t, err)
	require.Empty(t, values(t, inbox))
	require.Equal(t, []string{"letter"}, values(t, archive))
	_, ok := r.Place(stamp)
	require.True(t, ok)
}

func TestValueOfAnotherType(t *testing.T) {
	r, f := open[string](t)
	id := add(t, f, "text")
	n, err := feed.Open[int](r, "")
	require.NoError(t, err)
	var want *json.UnmarshalTypeError
	_, err = n.Get(id)
	require.ErrorAs(t, err, &want)
	_, err = n.Changes(0)(t.Context())
	require.ErrorAs(t, err, &want)
	for _, err := range n.All(replicate.Stamp{}) {
		require.ErrorAs(t, err, &want)
	}
}

func TestRefused(t *testing.T) {
	r, f := open[any](t)
	_, err := f.Append(func() {})
	require.Error(t, err)
	var size *replicate.SizeError
	_, err = f.Append(strings.Repeat("v", replicate.MaxUpdate))
	require.ErrorAs(t, err, &size)
	h, err := r.Open(replicate.ObjectName{Type: feed.JSON.Tag})
	require.NoError(t, err)
	for _, op := range []string{
		"", "\x00", "\x00{", "\x02", "\x01", "\x01\x00", "\x01\x03\x00\x00\x00\x00\x00\x00\x00\x01",
		"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00", "\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01",
	} {
		_, err := h.Write(op)
		require.Error(t, err, "%q", op)
	}
	require.Zero(t, r.Len())
	_, err = feed.Open[int](replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)
}

func TestOwnCodec(t *testing.T) {
	bytes := feed.TypeOf("feed/bytes")
	r := replicate.New(replicate.Config{Types: []replicate.Type{bytes}})
	f, err := feed.OpenWith(r, "raw", replicate.Codec[string]{
		Type:   bytes,
		Encode: func(s string) ([]byte, error) { return []byte(s), nil },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	})
	require.NoError(t, err)
	add(t, f, "\xff\x00 not JSON")
	add(t, f, "")
	require.Equal(t, []string{"\xff\x00 not JSON", ""}, values(t, f))
}
