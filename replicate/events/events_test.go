package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/events"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through"
)

// read returns the values of the next n events.
func read[V any](t testing.TB, src pull.Source[events.Event[V]], n int) (values []V) {
	t.Helper()
	for range n {
		ev, err := src(t.Context())
		require.NoError(t, err)
		values = append(values, ev.Value)
	}
	return values
}

// all returns the values of the events that are here.
func all[V any](t testing.TB, e *events.Emitter[V]) (values []V) {
	t.Helper()
	for ev, err := range e.All() {
		require.NoError(t, err)
		values = append(values, ev.Value)
	}
	return values
}

// row: 7 events
func TestEventsOfBothOnBoth(t *testing.T) {
	ra, a := open[string](t)
	rb, b := open[string](t)
	for i := range 3 {
		_, err := a.Emit("event", fmt.Sprint("a", i))
		require.NoError(t, err)
		_, err = b.Emit("event", fmt.Sprint("b", i))
		require.NoError(t, err)
	}
	give(t, ra, rb)
	give(t, rb, ra)
	give(t, ra, rb)
	require.Equal(t, []string{"a0", "a1", "a2", "b0", "b1", "b2"}, read(t, a.Events(0), 6))
	require.Equal(t, []string{"b0", "b1", "b2", "a0", "a1", "a2"}, read(t, b.Events(0), 6))
	require.Equal(t, []string{"b0", "b1", "b2", "a0", "a1", "a2"}, all(t, b))
	require.Equal(t, ra.Fingerprint(), rb.Fingerprint())
	require.Equal(t, 6, a.Len())
}

// row: 16 persist
func TestPersist(t *testing.T) {
	ra, a := open[int](t)
	for i := range 3 {
		_, err := a.Emit("event", i)
		require.NoError(t, err)
	}
	dump, err := pull.Collect(t.Context(), ra.Read(nil))
	require.NoError(t, err)
	rb, b := open[int](t)
	require.NoError(t, rb.Write(t.Context(), pull.Values(dump...)))
	require.Equal(t, []int{0, 1, 2}, read(t, b.Events(0), 3))
	require.Equal(t, ra.Fingerprint(), rb.Fingerprint())
}

// Over a mesh of live sessions, where every event has two ways to come, all
// three hear each event once, and so does one that comes late.
func TestOnceOverAMesh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 8)
		join := func(a, b *replicate.Replica) {
			da, db := duplex.Pair[[]byte, []byte]()
			go func() { done <- replicate.NewSession(a, replicate.SyncConfig{}).Run(ctx, da) }()
			go func() { done <- replicate.NewSession(b, replicate.SyncConfig{}).Run(ctx, db) }()
		}
		var rs []*replicate.Replica
		var es []*events.Emitter[int]
		for range 4 {
			r, e := open[int](t)
			rs, es = append(rs, r), append(es, e)
		}
		join(rs[0], rs[1])
		join(rs[1], rs[2])
		join(rs[2], rs[0])
		var heard []map[int]int
		for _, e := range es {
			counts := map[int]int{}
			heard = append(heard, counts)
			go func() {
				done <- pull.Each(ctx, e.Events(0), func(ev events.Event[int]) error {
					counts[ev.Value]++
					return nil
				})
			}()
		}
		want := map[int]int{}
		for i := range 60 {
			_, err := es[i%3].Emit("n", i)
			require.NoError(t, err)
			want[i] = 1
			if i%7 == 0 {
				synctest.Wait()
			}
		}
		join(rs[3], rs[1])
		synctest.Wait()
		for _, counts := range heard {
			require.Equal(t, want, counts)
		}
		cancel()
		for range 8 + 4 {
			<-done
		}
	})
}

// A process that is told what it dealt with last goes on behind it, whatever
// its file has been through meanwhile.
func TestResumeOverRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.weir")
	cfg := journal.Config{Replica: replicate.Config{Types: []replicate.Type{events.JSON}}, Sync: journal.SyncNever}
	require.NoError(t, journal.Create(path, journal.Meta{}, cfg))
	other, peer := open[string](t)
	large := strings.Repeat("x", 200<<10)
	var last replicate.Stamp
	next := 0
	for round := range 6 {
		j, err := journal.Open(t.Context(), path, cfg)
		require.NoError(t, err)
		r := j.Replica()
		e, err := events.Open[string](r, "")
		require.NoError(t, err)
		src := e.Events(0)
		if round > 0 {
			src, err = e.Resume(last)
			require.NoError(t, err)
		}
		for i := range 6 { // own and foreign in turn, all late but for the first half
			n := fmt.Sprint(round*6+i, large)
			if i%2 == 0 {
				_, err = e.Emit("n", n)
			} else {
				_, err = peer.Emit("n", n)
				give(t, other, r)
			}
			require.NoError(t, err)
		}
		for range 4 + round%3 {
			ev, err := src(t.Context())
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(next), strings.TrimRight(ev.Value, "x"))
			last = ev.Stamp
			next++
		}
		require.NoError(t, pull.Abort(src, nil))
		if round == 4 {
			gone, err := e.TrimBefore(last.Time.Wall())
			require.NoError(t, err)
			require.Positive(t, gone)
		}
		require.NoError(t, j.Close())
		if round > 4 {
			require.Positive(t, j.Recovery().Compacted, "the file was compacted")
		}
	}
}

// The events of a transaction come together, and a process goes on in the midst
// of them.
func TestResumeInsideATransaction(t *testing.T) {
	r, e := open[int](t)
	other, peer := open[int](t)
	tx := r.Begin()
	for i := range 4 {
		_, err := e.In(tx).Emit("n", i)
		require.NoError(t, err)
	}
	require.Zero(t, e.Len())
	_, err := tx.Commit()
	require.NoError(t, err)
	_, err = e.Emit("n", 4)
	require.NoError(t, err)
	give(t, r, other)
	src := peer.Events(0)
	for i := range 5 {
		ev, err := src(t.Context())
		require.NoError(t, err)
		require.Equal(t, i, ev.Value)
		rest, err := peer.Resume(ev.Stamp)
		require.NoError(t, err)
		var want []int
		for j := i + 1; j < 5; j++ {
			want = append(want, j)
		}
		require.Equal(t, want, read(t, rest, 4-i))
	}
	require.Equal(t, []int{0, 1, 2, 3, 4}, all(t, peer))
	gone, err := e.Trim(2)
	require.NoError(t, err)
	require.Equal(t, 3, gone)
	give(t, r, other)
	require.Equal(t, []int{3, 4}, read(t, peer.Events(0), 2))
	require.Equal(t, []int{3, 4}, all(t, peer))
	place, ok := r.Place(replicate.Stamp{Time: 1, Author: r.Author()})
	require.False(t, ok, place)
}

// An event that a crash could still take back is not shown.
func TestShownOnceDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e := open[int](t)
		tail, err := r.Attach()
		require.NoError(t, err)
		defer tail.Close()
		_, err = e.Emit("n", 1)
		require.NoError(t, err)
		got := make(chan int, 1)
		go func() { got <- read(t, through.Take(e.Events(0), 1), 1)[0] }()
		synctest.Wait()
		require.Empty(t, got)
		batch, ok := tail.Take()
		require.True(t, ok)
		tail.Done(batch)
		require.Equal(t, 1, <-got)

		_, err = e.Emit("n", 2)
		require.NoError(t, err)
		failed := fmt.Errorf("disk full")
		tail.Fail(failed)
		_, err = e.Events(r.Head() - 1)(t.Context())
		require.ErrorIs(t, err, failed)
	})
}

// What the one who trims has not received stays, whatever its stamp; and so
// does each author's newest.
func TestTrimRemovesNothingUnheard(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	make := func() (*replicate.Replica, *events.Emitter[string]) {
		r := replicate.New(replicate.Config{
			Types: []replicate.Type{events.JSON}, Now: func() time.Time { return now },
		})
		e, err := events.Open[string](r, "")
		require.NoError(t, err)
		return r, e
	}
	ra, a := make()
	rb, b := make()
	rc, c := make()
	emit := func(e *events.Emitter[string], v string) replicate.Stamp {
		s, err := e.Emit("e", v)
		require.NoError(t, err)
		return s
	}
	first := emit(a, "a1")
	emit(b, "b1")
	give(t, rb, ra)
	give(t, rb, rc)
	give(t, ra, rc)
	emit(b, "b2, on the way")
	now = now.Add(time.Hour)
	emit(a, "a2")
	emit(a, "a3")

	gone, err := a.TrimBefore(now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, gone, "a1 and a2")
	give(t, ra, rb)
	give(t, rb, ra)
	require.Equal(t, []string{"b1", "a3", "b2, on the way"}, read(t, a.Events(0), 3))
	give(t, ra, rc)
	require.Equal(t, []string{"b1", "a3", "b2, on the way"}, read(t, c.Events(0), 3))
	require.Equal(t, 3, c.Len())
	require.Equal(t, rc.Fingerprint(), ra.Fingerprint())
	_, err = c.Resume(first)
	require.ErrorIs(t, err, events.ErrUnknownEvent)

	// Again costs nothing, and a trimmed event that comes again stays away.
	head := ra.Head()
	gone, err = a.TrimBefore(now)
	require.NoError(t, err)
	require.Equal(t, 1, gone, "b1 is b's newest no more")
	require.Equal(t, head+1, ra.Head())
	gone, err = a.Trim(9)
	require.NoError(t, err)
	require.Zero(t, gone)
	gone, err = a.Trim(-1)
	require.NoError(t, err)
	require.Zero(t, gone)
	require.Equal(t, head+1, ra.Head(), "nothing to trim writes nothing")
	give(t, rb, ra)
	require.Equal(t, 2, a.Len())
}

// Events that came without a marker may have others of the author between them
// that are still on the way: none of them is trimmed.
func TestTrimWaitsForTheMarker(t *testing.T) {
	ra, a := open[int](t)
	rb, b := open[int](t)
	for i := range 5 {
		_, err := a.Emit("n", i)
		require.NoError(t, err)
	}
	dump, err := pull.Collect(t.Context(), ra.Read(nil))
	require.NoError(t, err)
	err = rb.Write(t.Context(), pull.Values(dump[:len(dump)-1]...))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 5, b.Len())
	gone, err := b.Trim(1)
	require.NoError(t, err)
	require.Zero(t, gone)
	give(t, ra, rb)
	gone, err = b.Trim(1)
	require.NoError(t, err)
	require.Equal(t, 4, gone)
}

// A trim cannot reach beyond what was written when it was.
func TestTrimOfTheFuture(t *testing.T) {
	r, e := open[int](t)
	_, err := e.Emit("n", 1)
	require.NoError(t, err)
	h, err := r.Open(replicate.ObjectName{Type: events.JSON.Tag})
	require.NoError(t, err)
	_, err = h.Write("\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff")
	require.NoError(t, err)
	require.Zero(t, e.Len())
	_, err = e.Emit("n", 2)
	require.NoError(t, err)
	require.Equal(t, []int{2}, read(t, e.Events(0), 1))
}

func TestTrimKeepsTheNewest(t *testing.T) {
	ra, a := open[int](t)
	rb, b := open[int](t)
	for i := range 10 {
		_, err := []*events.Emitter[int]{a, b}[i%2].Emit("n", i)
		require.NoError(t, err)
		give(t, ra, rb)
		give(t, rb, ra)
	}
	gone, err := b.Trim(3)
	require.NoError(t, err)
	require.Equal(t, 7, gone)
	give(t, rb, ra)
	require.Equal(t, []int{7, 8, 9}, read(t, a.Events(0), 3))
	require.Equal(t, 5, ra.Len(), "three events and what is left of two authors' trimmed ones")
}

// A trim in a transaction is one. By itself it is not, so that it leaves one
// update for each author, also of authors who fell silent one after the other.
func TestTrimInATransaction(t *testing.T) {
	type host struct {
		r *replicate.Replica
		e *events.Emitter[int]
	}
	var hosts []host
	for range 4 {
		r, e := open[int](t)
		hosts = append(hosts, host{r, e})
	}
	trimmer := hosts[0]
	emit := func(who []host) {
		for _, h := range who {
			for range 2 {
				_, err := h.e.Emit("n", 1)
				require.NoError(t, err)
			}
			give(t, h.r, trimmer.r)
		}
	}
	for i := range hosts {
		emit(hosts[i:])
		_, err := trimmer.e.Trim(0)
		require.NoError(t, err)
	}
	require.Equal(t, 4, trimmer.e.Len(), "the newest of each")
	require.Equal(t, 4+4, trimmer.r.Len(), "and a trim of each")
	dump, err := pull.Collect(t.Context(), trimmer.r.Read(nil))
	require.NoError(t, err)
	require.Less(t, len(slices.Concat(dump...)), 600, "with those that are over it would be 762")

	emit(hosts)
	head := trimmer.r.Head()
	tx := trimmer.r.Begin()
	gone, err := trimmer.e.In(tx).Trim(0)
	require.NoError(t, err)
	require.Zero(t, gone)
	require.Equal(t, 12, trimmer.e.Len())
	_, err = tx.Commit()
	require.NoError(t, err)
	require.Equal(t, 4, trimmer.e.Len())
	require.Equal(t, head+1, trimmer.r.Head(), "one place in the log")
}

// Two that trim alike leave one trim between them, the newer.
func TestTrimTwice(t *testing.T) {
	ra, a := open[int](t)
	rb, b := open[int](t)
	for i := range 5 {
		_, err := a.Emit("n", i)
		require.NoError(t, err)
	}
	give(t, ra, rb)
	for _, e := range []*events.Emitter[int]{a, b} {
		gone, err := e.Trim(1)
		require.NoError(t, err)
		require.Equal(t, 4, gone)
	}
	ofA, err := pull.Collect(t.Context(), ra.Read(nil))
	require.NoError(t, err)
	give(t, rb, ra)
	require.NoError(t, rb.Write(t.Context(), pull.Values(ofA...)))
	require.Equal(t, 2, ra.Len())
	require.Equal(t, 2, rb.Len())
	require.Equal(t, ra.Fingerprint(), rb.Fingerprint())
}

func TestValueOfAnotherType(t *testing.T) {
	r, e := open[string](t)
	_, err := e.Emit("n", "text")
	require.NoError(t, err)
	n, err := events.Open[int](r, "")
	require.NoError(t, err)
	var want *json.UnmarshalTypeError
	_, err = n.Events(0)(t.Context())
	require.ErrorAs(t, err, &want)
	for _, err := range n.All() {
		require.ErrorAs(t, err, &want)
	}
	_, err = n.Emit("other", 5)
	require.NoError(t, err)
	require.Equal(t, []int{5}, read(t, n.Events(0, "other"), 1), "other names are not decoded")
}

func TestRefused(t *testing.T) {
	_, e := open[any](t)
	_, err := e.Emit("n", func() {})
	require.Error(t, err)
	var size *replicate.SizeError
	_, err = e.Emit(strings.Repeat("n", events.MaxName+1), 1)
	require.ErrorAs(t, err, &size)
	_, err = e.Emit("n", strings.Repeat("v", replicate.MaxUpdate))
	require.ErrorAs(t, err, &size)
	require.Zero(t, e.Len())
	_, err = e.Resume(replicate.Stamp{})
	require.ErrorIs(t, err, events.ErrUnknownEvent)
	_, err = events.Open[int](replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)
}

// An op that makes no sense ends the session it came by, and nothing else.
// The originals threw, in whoever received it.
func TestMalformedOps(t *testing.T) { // defect: D7
	r, e := open[any](t)
	h, err := r.Open(replicate.ObjectName{Type: events.JSON.Tag})
	require.NoError(t, err)
	for _, op := range []string{
		"", "\x00", "\x00\x02k", "\x00\x01k", "\x00\x01k{", "\x00\x80\x80\x80\x80\x01k1", "\x02\x01k1",
		"\x00\x81\x20" + strings.Repeat("k", 4097) + "1",
		"\x01", "\x01\x00", "\x01\x03\x00\x00\x00\x00\x00\x00\x00\x00\x01",
		"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00",
	} {
		_, err := h.Write(op)
		require.Error(t, err, "%q", op)
	}
	require.Zero(t, e.Len())
}

func TestOwnCodec(t *testing.T) {
	bytes := events.TypeOf("events/bytes")
	r := replicate.New(replicate.Config{Types: []replicate.Type{bytes, events.JSON}})
	e, err := events.OpenWith(r, "raw", replicate.Codec[string]{
		Type:   bytes,
		Encode: func(s string) ([]byte, error) { return []byte(s), nil },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	})
	require.NoError(t, err)
	_, err = e.Emit("", "\xff\x00 not JSON")
	require.NoError(t, err)
	require.Equal(t, []string{"\xff\x00 not JSON"}, read(t, e.Events(0), 1))
}
