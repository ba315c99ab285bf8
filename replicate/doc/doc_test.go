package doc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// exchange makes replicas equal.
func exchange(t testing.TB, all ...*replicate.Replica) {
	t.Helper()
	for range 2 {
		for _, a := range all {
			for _, b := range all {
				require.NoError(t, b.Write(t.Context(), a.Read(b.Clock())))
			}
		}
	}
	for _, a := range all {
		require.Equal(t, all[0].Fingerprint(), a.Fingerprint())
	}
}

// fields returns the fields of a row, nil if it is not there.
func fields[V any](t testing.TB, d *Doc[V], id string) map[string]V {
	t.Helper()
	now := fieldsNow(t, d, id)
	require.Equal(t, now != nil, d.Has(id))
	return now
}

// fieldsNow is fields while a session writes, maybe between two questions.
func fieldsNow[V any](t testing.TB, d *Doc[V], id string) map[string]V {
	row, err := d.Get(id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	require.NoError(t, err)
	require.Equal(t, id, row.ID)
	return row.Fields
}

type m = map[string]any

// row: 22 add, 23 insert, 24 insert_with_id
func TestAdd(t *testing.T) {
	_, d := open[any](t)
	given := m{"type": "cheese", "ripe": true}
	src := d.Changes(0)
	id, err := d.Add(given)
	require.NoError(t, err)
	require.Equal(t, m{"type": "cheese", "ripe": true}, given, "the caller's own")
	c, err := src(t.Context())
	require.NoError(t, err)
	require.Equal(t, Row[any]{id, given}, c.Row, "the whole row at once")
	require.Equal(t, []string{"ripe", "type"}, c.Fields)

	other, err := d.Add(nil)
	require.NoError(t, err)
	require.Less(t, id, other)
	require.Equal(t, m{}, fields(t, d, other))
	require.NoError(t, d.Set("mine", m{"id": 1}))
	require.Equal(t, m{"id": 1.0}, fields(t, d, "mine"))
	require.Equal(t, 3, d.Len())
	require.NoError(t, pull.Abort(src, nil))
}

// row: 21 __proto__
func TestAnyNameWillDo(t *testing.T) {
	_, d := open[any](t)
	for _, name := range []string{"__proto__", "constructor", "\x00", "é☃", strings.Repeat("x", MaxName)} {
		require.NoError(t, d.Set(name, m{name: name}))
		require.Equal(t, m{name: name}, fields(t, d, name))
	}
	require.Error(t, d.Set("", m{"a": 1}))
	require.Error(t, d.Set("row", m{"": 1}))
	require.ErrorIs(t, d.Set(strings.Repeat("x", MaxName+1), nil), replicate.ErrTooLarge)
	require.ErrorIs(t, d.Set("row", m{strings.Repeat("x", MaxName+1): 1}), replicate.ErrTooLarge)
	_, err := d.Where(strings.Repeat("x", MaxName+1), 1)
	require.ErrorIs(t, err, replicate.ErrTooLarge)
	require.False(t, d.Has("row"))
	require.Equal(t, 5, d.Len())
}

func TestSetUnsetRemove(t *testing.T) {
	r, d := open[any](t)
	require.NoError(t, d.Set("r", m{"a": 1, "b": 2}))
	require.NoError(t, d.Set("r", m{"b": 3, "c": nil}))
	require.Equal(t, m{"a": 1.0, "b": 3.0, "c": nil}, fields(t, d, "r"))
	require.NoError(t, d.Unset("r", "a", "c", "nothing"))
	require.Equal(t, m{"b": 3.0}, fields(t, d, "r"))
	require.NoError(t, d.Unset("r", "b"))
	require.Equal(t, m{}, fields(t, d, "r"), "it stays")

	removed, err := d.Remove("r")
	require.NoError(t, err)
	require.True(t, removed)
	require.Nil(t, fields(t, d, "r"))
	require.ErrorIs(t, d.Unset("r", "b"), ErrNotFound)
	head := r.Head()
	for _, id := range []string{"r", "never there", ""} {
		removed, err = d.Remove(id)
		require.NoError(t, err)
		require.False(t, removed)
	}
	require.Equal(t, head, r.Head(), "what removes nothing writes nothing")
	require.Equal(t, 1, r.Len(), "a tombstone is all that is left")

	require.NoError(t, d.Set("r", m{"d": 1}))
	require.Equal(t, m{"d": 1.0}, fields(t, d, "r"), "nothing of its former life")
	require.Equal(t, 1, d.Len())
}

func TestErrors(t *testing.T) {
	r, d := open[any](t)
	_, err := d.Add(m{"f": func() {}})
	var unsupported *json.UnsupportedTypeError
	require.ErrorAs(t, err, &unsupported)
	_, err = d.Where("f", func() {})
	require.ErrorAs(t, err, &unsupported)
	require.NoError(t, d.Set("r", m{"n": "text"}))
	n, err := Open[int](r, "")
	require.NoError(t, err)
	_, err = n.Get("r")
	var mistyped *json.UnmarshalTypeError
	require.ErrorAs(t, err, &mistyped)
	_, err = n.Changes(0)(t.Context())
	require.ErrorAs(t, err, &mistyped)
	require.Zero(t, n.Filter(func(Row[int]) bool { return true }).Len())
	_, err = Open[int](replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)
	require.ErrorIs(t, d.Set("big", m{"n": strings.Repeat("x", replicate.MaxUpdate)}), replicate.ErrTooLarge)
	_, err = d.Add(m{"a": 1, "n": strings.Repeat("x", replicate.MaxUpdate)})
	require.ErrorIs(t, err, replicate.ErrTooLarge)
	require.Equal(t, 1, d.Len(), "half a row is none")
}

func TestInto(t *testing.T) {
	_, d := open[json.RawMessage](t)
	require.NoError(t, d.Set("r", map[string]json.RawMessage{"text": []byte(`"beer"`), "n": []byte(`3`)}))
	row, err := d.Get("r")
	require.NoError(t, err)
	var item struct {
		Text string
		N    int
	}
	require.NoError(t, row.Into(&item))
	require.Equal(t, "beer", item.Text)
	require.Equal(t, 3, item.N)
	var number int
	require.Error(t, row.Into(&number))
}

func TestOwnCodec(t *testing.T) {
	raw := TypeOf("doc/raw")
	r := replicate.New(replicate.Config{Types: []replicate.Type{raw, JSON}})
	codec := replicate.Codec[string]{
		Type:   raw,
		Encode: func(s string) ([]byte, error) { return []byte(s), nil },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	}
	d, err := OpenWith(r, "", codec)
	require.NoError(t, err)
	q, err := d.Sequence("f", "\xff\x00")
	require.NoError(t, err)
	id, err := q.Push(nil)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"f": "\xff\x00"}, fields(t, d, id))
	require.Equal(t, 1, q.Len())
	row, err := d.Get(id)
	require.NoError(t, err)
	require.Equal(t, "\xff\x00", row.Fields["f"])
}

// row: 32 do not emit _remove until something is not in the history
//
// What is told as removed is not in the log any more, but for its tombstone.
func TestRemovedOnceToldRemoved(t *testing.T) {
	r, d := open[any](t)
	require.NoError(t, d.Set("r", m{"a": 1, "b": 2}))
	src := d.Changes(r.Head())
	_, err := d.Remove("r")
	require.NoError(t, err)
	c, err := src(t.Context())
	require.NoError(t, err)
	require.True(t, c.Removed)
	require.Equal(t, "r", c.Row.ID)
	require.Empty(t, c.Fields)
	require.Equal(t, 1, r.Len())
	require.NoError(t, pull.Abort(src, nil))
}

// A row that is written again before it is read is told once.
//
// row: 37 listen, single
func TestChangesConflate(t *testing.T) {
	_, d := open[any](t)
	src := d.Changes(0)
	for i := range 1000 {
		require.NoError(t, d.Set("a", m{"n": i}))
		require.NoError(t, d.Set("b", m{"n": i, "m": i}))
	}
	_, err := d.Remove("a")
	require.NoError(t, err)
	got := map[string]Change[any]{}
	for range 2 {
		c, err := src(t.Context())
		require.NoError(t, err)
		got[c.Row.ID] = c
	}
	require.True(t, got["a"].Removed)
	require.Equal(t, m{"n": 999.0, "m": 999.0}, got["b"].Row.Fields)
	require.Equal(t, []string{"m", "n"}, got["b"].Fields)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = src(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// connect keeps two replicas equal until the test ends.
func connect(t *testing.T, a, b *replicate.Replica) {
	ctx, cancel := context.WithCancel(context.Background())
	da, db := duplex.Pair[[]byte, []byte]()
	done := make(chan error, 2)
	go func() { done <- replicate.NewSession(a, replicate.SyncConfig{}).Run(ctx, da) }()
	go func() { done <- replicate.NewSession(b, replicate.SyncConfig{}).Run(ctx, db) }()
	t.Cleanup(func() {
		cancel()
		<-done
		<-done
	})
}

// until reads changes until the doc is as it should be.
func until[V any](t *testing.T, d *Doc[V], ok func() bool) {
	src := d.Changes(0)
	for !ok() {
		_, err := src(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, pull.Abort(src, nil))
}

// row: 26 loop, 38 streaming client-server, histroy, 36 simple test
//
// A hub with two spokes, and a third that joins late.
func TestHub(t *testing.T) {
	hub, h := open[any](t)
	var spokes []*Doc[any]
	for range 2 {
		r, d := open[any](t)
		connect(t, hub, r)
		spokes = append(spokes, d)
	}
	require.NoError(t, spokes[0].Set("r", m{"a": 1}))
	until(t, spokes[1], func() bool { return spokes[1].Has("r") })
	require.NoError(t, spokes[1].Set("r", m{"b": 2}))
	until(t, spokes[0], func() bool { return len(fieldsNow(t, spokes[0], "r")) == 2 })
	r, late := open[any](t)
	connect(t, hub, r)
	until(t, late, func() bool { return len(fieldsNow(t, late, "r")) == 2 })
	require.Equal(t, fields(t, h, "r"), fields(t, late, "r"))
}

// row: 39 row remove
func TestRemoveReachesWhoIsConnected(t *testing.T) {
	a, x := open[any](t)
	b, y := open[any](t)
	connect(t, a, b)
	require.NoError(t, x.Set("r", m{"a": 1}))
	until(t, y, func() bool { return y.Has("r") })
	_, err := x.Remove("r")
	require.NoError(t, err)
	until(t, y, func() bool { return !y.Has("r") })
}

// row: 25 eventually-consistent, 38 random, 40 tcp
func TestRandomWritesWhileConnected(t *testing.T) {
	a, x := open[any](t)
	b, y := open[any](t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 100 {
		if i == 37 {
			connect(t, a, b)
		}
		d := []*Doc[any]{x, y}[rnd.IntN(2)]
		id := fmt.Sprint("r", rnd.IntN(5))
		if rnd.IntN(5) == 0 {
			_, err := d.Remove(id)
			require.NoError(t, err)
			continue
		}
		require.NoError(t, d.Set(id, m{fmt.Sprint("f", rnd.IntN(3)): i}))
	}
	require.NoError(t, x.Set("end", m{"x": 1}))
	require.NoError(t, y.Set("end", m{"y": 1}))
	for _, d := range []*Doc[any]{x, y} {
		until(t, d, func() bool { return len(fieldsNow(t, d, "end")) == 2 })
	}
	exchange(t, a, b)
	for i := range 5 {
		id := fmt.Sprint("r", i)
		require.Equal(t, fields(t, x, id), fields(t, y, id))
	}
}
