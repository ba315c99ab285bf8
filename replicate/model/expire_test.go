package model_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/fan"
)

// A wall is a clock that tests set.
type wall struct{ now time.Time }

func newWall() *wall { return &wall{time.UnixMilli(1e12)} }

func (w *wall) pass(d time.Duration) { w.now = w.now.Add(d) }

func openExpiring[V any](t testing.TB, w *wall, l model.Limits) (*replicate.Replica, *model.Model[V]) {
	typ := model.Expiring(model.JSON, l)
	r := replicate.New(replicate.Config{Types: []replicate.Type{typ}, Now: func() time.Time { return w.now }})
	m, err := model.OpenWith(r, "", replicate.JSON[V](typ))
	require.NoError(t, err)
	return r, m
}

func exchange(t testing.TB, a, b *replicate.Replica) {
	require.NoError(t, a.Write(context.Background(), b.Read(nil)))
	require.NoError(t, b.Write(context.Background(), a.Read(nil)))
}

// row: 44 outdated keys do not propagate
// row: 44 history returns empty if update too old
func TestOldKeysAreHiddenThenGone(t *testing.T) {
	w := newWall()
	a, m := openExpiring[int](t, w, model.Limits{MaxAge: time.Hour})
	b, n := openExpiring[int](t, w, model.Limits{MaxAge: time.Hour})
	require.NoError(t, m.Set("x", 1))
	w.pass(time.Hour)
	require.True(t, m.Has("x"), "an hour is not over an hour")
	exchange(t, a, b)
	require.True(t, n.Has("x"))
	w.pass(time.Millisecond)
	for _, m := range []*model.Model[int]{m, n} {
		require.False(t, m.Has("x"))
		require.Zero(t, m.Len())
		require.Empty(t, m.Keys(""))
		_, err := m.Get("x")
		require.ErrorIs(t, err, model.ErrNotFound)
		for range m.All("") {
			require.Fail(t, "shown")
		}
		deleted, err := m.Delete("x")
		require.NoError(t, err)
		require.False(t, deleted)
	}
	require.Equal(t, 1, a.Len(), "hidden")
	require.NoError(t, m.Set("y", 2))
	exchange(t, a, b)
	require.Equal(t, 1, a.Len(), "gone")
	require.Equal(t, 1, b.Len())
	require.Equal(t, a.Fingerprint(), b.Fingerprint())

	require.NoError(t, n.Set("x", 3))
	require.True(t, n.Has("x"), "what is written again is new")
}

// row: 44 many keys
// row: 44 pushing too much data
func TestTheNewestKeysAreShown(t *testing.T) {
	w := newWall()
	a, m := openExpiring[int](t, w, model.Limits{MaxCount: 100})
	b, n := openExpiring[int](t, w, model.Limits{MaxCount: 100})
	for i := range 1000 {
		w.pass(time.Millisecond)
		require.NoError(t, m.Set(fmt.Sprint("a", i), i))
		w.pass(time.Millisecond)
		require.NoError(t, n.Set(fmt.Sprint("b", i), i))
		require.Equal(t, min(i+1, 100), m.Len())
		require.LessOrEqual(t, a.Len(), 100+25+3)
	}
	exchange(t, a, b)
	want := n.Keys("")
	require.Len(t, want, 100)
	require.Equal(t, want, m.Keys(""))
	require.Equal(t, "a950", want[0])
	require.Equal(t, "b999", want[99])
	require.Equal(t, a.Fingerprint(), b.Fingerprint())

	require.NoError(t, m.Set("last", 0))
	exchange(t, a, b)
	require.LessOrEqual(t, b.Len(), 101, "the next write drops what both had kept")
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

// row: 44 sources get cleaned up
func TestADeletedKeyGoesToo(t *testing.T) {
	w := newWall()
	r, m := openExpiring[int](t, w, model.Limits{MaxCount: 4})
	for i := range 100 {
		require.NoError(t, m.Set("k", i))
		_, err := m.Delete("k")
		require.NoError(t, err)
		require.NoError(t, m.Set(fmt.Sprint(i), i))
	}
	require.LessOrEqual(t, r.Len(), 4+2+1)
	require.Equal(t, 3, m.Len(), "the deletion is one of the newest four")
	for i := range 4 {
		require.NoError(t, m.Set(fmt.Sprint("new", i), i))
	}
	require.Equal(t, 4, m.Len())
}

// row: 44 applying older updates gets ignored
// row: 44 setting a value to null in the past
func TestOlderWritesAreIgnored(t *testing.T) {
	w := newWall()
	limits := model.Limits{MaxCount: 2, MaxAge: time.Hour}
	a, m := openExpiring[int](t, w, limits)
	b, n := openExpiring[int](t, w, limits)
	require.NoError(t, m.Set("x", 1))
	exchange(t, a, b)
	w.pass(time.Millisecond)
	_, err := m.Delete("x") // b does not know
	require.NoError(t, err)
	w.pass(time.Millisecond)
	require.NoError(t, n.Set("x", 2))
	exchange(t, a, b)
	v, err := m.Get("x")
	require.NoError(t, err)
	require.Equal(t, 2, v)
	require.Equal(t, 1, a.Len())
}

// The originals' replicas differed once keys had been evicted, and agreed on
// neither the keys nor the clock.
func TestD15EvictionConverges(t *testing.T) {
	w := newWall()
	limits := model.Limits{MaxCount: 3}
	a, m := openExpiring[int](t, w, limits)
	b, n := openExpiring[int](t, w, limits)
	c, o := openExpiring[int](t, w, limits)
	for i := range 50 {
		w.pass(time.Millisecond)
		require.NoError(t, m.Set(fmt.Sprint(i%7), i))
		if i%5 == 0 {
			_, err := n.Delete(fmt.Sprint(i % 7))
			require.NoError(t, err)
		}
		require.NoError(t, n.Set(fmt.Sprint(i%4), i))
		if i%10 == 0 {
			exchange(t, a, b)
		}
		if i%15 == 0 {
			exchange(t, b, c)
		}
	}
	for range 2 {
		exchange(t, a, b)
		exchange(t, b, c)
	}
	require.NotEmpty(t, m.Keys(""))
	require.Equal(t, m.Keys(""), n.Keys(""))
	require.Equal(t, m.Keys(""), o.Keys(""))
	require.Equal(t, a.Clock(), c.Clock())
	require.Equal(t, a.Fingerprint(), c.Fingerprint())
}

// While a is dumped, several writes push out one that is still to be dumped. What
// is sent in its place stands in for it alone: the others come behind the cut, a
// dies, and the dump's clock covers what was pushed out.
func TestPushedOutWhileItIsSent(t *testing.T) {
	w := newWall()
	limits := model.Limits{MaxCount: 2}
	for writes := range 6 {
		a, m := openExpiring[int](t, w, limits)
		b, n := openExpiring[int](t, w, limits)
		c, o := openExpiring[int](t, w, limits)
		require.NoError(t, m.Set("first", 0))
		require.NoError(t, c.Write(t.Context(), a.Read(nil)))
		src := a.Read(nil)
		header, err := src(t.Context()) // the cut is made
		require.NoError(t, err)
		for i := range writes {
			w.pass(time.Millisecond)
			require.NoError(t, m.Set(fmt.Sprint(writes, i), i))
		}
		require.NoError(t, b.Write(t.Context(), fan.Concat(pull.Values(header), src)))
		exchange(t, b, c)
		require.Equal(t, n.Keys(""), o.Keys(""))
		require.Equal(t, b.Fingerprint(), c.Fingerprint())
	}
}

// Replicas that disagree on the limits have different types.
func TestLimitsArePartOfTheType(t *testing.T) {
	require.Equal(t, "model/json;age=24h0m0s;count=500",
		model.Expiring(model.JSON, model.Limits{MaxAge: 24 * time.Hour, MaxCount: 500}).Tag)
	w := newWall()
	a, m := openExpiring[int](t, w, model.Limits{MaxCount: 2})
	b, _ := openExpiring[int](t, w, model.Limits{MaxCount: 3})
	require.NoError(t, m.Set("x", 1))
	require.ErrorIs(t, b.Write(t.Context(), a.Read(nil)), replicate.ErrUnknownType)

	expiring := model.Expiring(model.JSON, model.Limits{MaxCount: 1})
	for _, f := range []func(){
		func() { model.Expiring(model.JSON, model.Limits{}) },
		func() { model.Expiring(model.JSON, model.Limits{MaxAge: -time.Hour, MaxCount: 1}) },
		func() { model.Expiring(model.JSON, model.Limits{MaxAge: time.Microsecond}) },
		func() { model.Expiring(model.JSON, model.Limits{MaxCount: -1}) },
		func() { model.Expiring(expiring, model.Limits{MaxCount: 1}) },
	} {
		require.Panics(t, f)
	}
}

// Who follows the changes is told nothing of floors, and can keep to the limits.
func TestChangesOfExpiring(t *testing.T) {
	w := newWall()
	_, m := openExpiring[int](t, w, model.Limits{MaxCount: 4})
	src := m.Changes(0)
	for i := range 21 { // the last floor lies before the last write
		w.pass(time.Millisecond)
		require.NoError(t, m.Set(fmt.Sprintf("%02d", i), i))
	}
	last := map[string]int{}
	for c, err := src(t.Context()); ; c, err = src(t.Context()) {
		require.NoError(t, err)
		if last[c.Key] = c.Value; c.Value == 20 {
			break
		}
	}
	for _, key := range m.Keys("") {
		require.Contains(t, last, key)
	}
	require.LessOrEqual(t, len(last), 4+2, "what is gone is not told")
}

// FuzzExpiringOp feeds any two ops to the check and, if they pass, to a replica.
func FuzzExpiringOp(f *testing.F) {
	f.Add("\x01\x01k1", "\x02\x05")
	f.Add("\x02\x00", "\x00\x01k")
	f.Add("\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x02\x00")
	f.Fuzz(func(t *testing.T, op, next string) {
		r, m := openExpiring[json.RawMessage](t, newWall(), model.Limits{MaxCount: 1, MaxAge: time.Hour})
		h, err := r.Open(r.Objects()[0])
		require.NoError(t, err)
		for _, op := range []string{op, next} {
			_, _ = h.Write(op)
		}
		n := 0
		for e, err := range m.All("") {
			require.NoError(t, err)
			require.True(t, json.Valid(e.Value))
			n++
		}
		require.Equal(t, n, m.Len())
		require.NoError(t, m.Set("new", json.RawMessage("1")))
		require.Equal(t, []string{"new"}, m.Keys(""))
	})
}
