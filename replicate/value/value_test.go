package value_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/value"
	"github.com/weir-go/weir/through/fan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// row: 41 set, get
func TestSetGet(t *testing.T) {
	r, v := open[string](t, value.JSON, replicate.Config{})
	_, err := v.Get()
	require.ErrorIs(t, err, value.ErrNotSet)
	history, err := v.History()
	require.NoError(t, err)
	require.Empty(t, history)
	require.NoError(t, v.Set("old"))
	require.NoError(t, v.Set("new"))
	w, err := v.Last()
	require.NoError(t, err)
	require.Equal(t, "new", w.Value)
	require.Equal(t, r.Author(), w.Stamp.Author)
	require.Equal(t, 1, r.Len(), "the old write is gone")
}

// row: 41 history
func TestHistory(t *testing.T) {
	r, v := open[int](t, value.Keep(value.JSON, 10), replicate.Config{})
	for i := range 25 {
		require.NoError(t, v.Set(i))
		got, err := v.Get()
		require.NoError(t, err)
		require.Equal(t, i, got)
	}
	writes, err := v.History()
	require.NoError(t, err)
	require.Len(t, writes, 10)
	for i, w := range writes {
		require.Equal(t, 15+i, w.Value)
	}
	require.Equal(t, 10, r.Len())
}

// row: 41 replicate
func TestReplicate(t *testing.T) {
	typ := value.Keep(value.JSON, 10)
	now := time.UnixMilli(1e12)
	clock := replicate.Config{Now: func() time.Time { now = now.Add(time.Millisecond); return now }}
	a, v := open[int](t, typ, clock)
	b, w := open[int](t, typ, clock)
	for i := range 14 {
		require.NoError(t, v.Set(i))
		require.NoError(t, w.Set(100+i))
	}
	exchange(t, a, b)
	here, err := v.History()
	require.NoError(t, err)
	there, err := w.History()
	require.NoError(t, err)
	require.Equal(t, here, there)
	require.Equal(t, a.Fingerprint(), b.Fingerprint())

	require.NoError(t, v.Set(14))
	exchange(t, a, b)
	for _, r := range []*replicate.Replica{a, b} {
		require.Equal(t, 10, r.Len(), "the next write drops what both had kept")
	}
}

// While a is dumped, several writes push out one that is still to be dumped. What
// is sent in its place stands in for it alone.
func TestPushedOutWhileItIsSent(t *testing.T) {
	now := time.UnixMilli(1e12)
	clock := replicate.Config{Now: func() time.Time { now = now.Add(time.Millisecond); return now }}
	typ := value.Keep(value.JSON, 3)
	for writes := range 6 {
		a, v := open[int](t, typ, clock)
		b, w := open[int](t, typ, clock)
		c, x := open[int](t, typ, clock)
		require.NoError(t, v.Set(0))
		require.NoError(t, c.Write(t.Context(), a.Read(nil)))
		src := a.Read(nil)
		header, err := src(t.Context()) // the cut is made
		require.NoError(t, err)
		for i := range writes {
			require.NoError(t, v.Set(10*writes+i))
		}
		require.NoError(t, b.Write(t.Context(), fan.Concat(pull.Values(header), src)))
		exchange(t, b, c)
		here, err := w.History()
		require.NoError(t, err)
		there, err := x.History()
		require.NoError(t, err)
		require.Equal(t, here, there)
		require.Equal(t, b.Fingerprint(), c.Fingerprint())
	}
}

// row: 41 null toJSON
func TestNull(t *testing.T) {
	_, v := open[*int](t, value.JSON, replicate.Config{})
	require.NoError(t, v.Set(nil))
	got, err := v.Get()
	require.NoError(t, err, "null is a value: it was set")
	require.Nil(t, got)
}

// Replicas that keep different numbers of writes have different types.
func TestKeepIsPartOfTheType(t *testing.T) {
	a, v := open[int](t, value.Keep(value.JSON, 10), replicate.Config{})
	b, _ := open[int](t, value.Keep(value.JSON, 11), replicate.Config{})
	require.NoError(t, v.Set(1))
	require.ErrorIs(t, b.Write(t.Context(), a.Read(nil)), replicate.ErrUnknownType)

	require.Panics(t, func() { value.Keep(value.JSON, 0) })
	require.Panics(t, func() { value.Keep(value.JSON, value.MaxKeep+1) })
	require.Panics(t, func() { value.Keep(value.MultiJSON, 2) })
}

// The originals' model kept, of two writes with one timestamp, the one that
// arrived last, so that two replicas differed for ever.
func TestD1EqualStamps(t *testing.T) {
	at := replicate.Config{Now: func() time.Time { return time.UnixMilli(1e12) }}
	a, v := open[string](t, value.JSON, at)
	b, w := open[string](t, value.JSON, at)
	require.NoError(t, v.Set("a"))
	require.NoError(t, w.Set("b"))
	x, err := v.Last()
	require.NoError(t, err)
	y, err := w.Last()
	require.NoError(t, err)
	require.Equal(t, x.Stamp.Time, y.Stamp.Time)
	exchange(t, a, b)
	x, err = v.Last()
	require.NoError(t, err)
	y, err = w.Last()
	require.NoError(t, err)
	require.Equal(t, x, y)
	require.Equal(t, max(a.Author(), b.Author()), x.Stamp.Author)
}

// The originals dropped a write that was made after the clock had stepped back,
// and said nothing.
func TestD3ClockStepsBack(t *testing.T) {
	now := time.UnixMilli(1e12)
	clock := replicate.Config{Now: func() time.Time { return now }}
	a, v := open[int](t, value.JSON, clock)
	b, w := open[int](t, value.JSON, clock)
	require.NoError(t, v.Set(1))
	exchange(t, a, b)
	now = now.Add(-time.Minute)
	require.NoError(t, w.Set(2))
	exchange(t, a, b)
	got, err := v.Get()
	require.NoError(t, err)
	require.Equal(t, 2, got)
}

// A malformed update threw in the originals, and took the process down.
func TestD7MalformedOp(t *testing.T) {
	for _, tag := range []string{value.JSON.Tag, value.MultiJSON.Tag} {
		for _, op := range []string{"", "\x03", "\x02", "\x01", "\x01{", "\x02\x80\x001", "\x02\x05", "\x00{", "\x01\x18aaa", "\xff"} {
			evil := replicate.New(replicate.Config{Types: []replicate.Type{{Tag: tag, New: value.JSON.New}}})
			h, err := evil.Open(replicate.ObjectName{Type: tag})
			require.NoError(t, err)
			_, err = h.Write(op)
			require.NoError(t, err)
			r := replicate.New(replicate.Config{Types: []replicate.Type{value.JSON, value.MultiJSON}})
			require.ErrorIs(t, r.Write(t.Context(), evil.Read(nil)), replicate.ErrCorrupt, "%q", op)
			require.Zero(t, r.Len())
		}
	}
}

// r-value told its listeners of writes that lose, too.
func TestStaleWriteIsNoChange(t *testing.T) {
	a, v := open[string](t, value.JSON, replicate.Config{})
	b, w := open[string](t, value.JSON, replicate.Config{})
	require.NoError(t, v.Set("old"))
	require.NoError(t, w.Set("new"))
	src := w.Changes(0)
	for range 2 {
		require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	}
	require.NoError(t, w.Set("newest"))
	got, err := src(t.Context())
	require.NoError(t, err)
	require.Equal(t, "newest", got.Value)
	require.Equal(t, 1, b.Len())
	require.NoError(t, pull.Abort(src, nil))
}

func TestErrors(t *testing.T) {
	_, err := value.Open[int](replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)

	r, v := open[any](t, value.JSON, replicate.Config{})
	require.Error(t, v.Set(func() {}))
	require.ErrorIs(t, v.Set(strings.Repeat("x", replicate.MaxUpdate)), replicate.ErrTooLarge)
	require.Zero(t, r.Len())
	require.NoError(t, v.Set("text"))
	n, err := value.Open[int](r, "")
	require.NoError(t, err)
	var want *json.UnmarshalTypeError
	_, err = n.Get()
	require.ErrorAs(t, err, &want)
	_, err = n.History()
	require.ErrorAs(t, err, &want)
	_, err = n.Changes(0)(t.Context())
	require.ErrorAs(t, err, &want)

	_, err = value.OpenMultiWith(r, "", replicate.JSON[int](value.JSON))
	require.ErrorContains(t, err, "another kind")
}

// What is written twice in one transaction is written once in the end.
func TestInTransaction(t *testing.T) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{value.JSON, value.MultiJSON}})
	v, err := value.Open[int](r, "")
	require.NoError(t, err)
	m, err := value.OpenMulti[int](r, "")
	require.NoError(t, err)
	tx := r.Begin()
	for i := range 3 {
		require.NoError(t, v.In(tx).Set(i))
		require.NoError(t, m.In(tx).Set(i))
	}
	_, err = v.Get()
	require.ErrorIs(t, err, value.ErrNotSet)
	_, err = tx.Commit()
	require.NoError(t, err)
	got, err := v.Get()
	require.NoError(t, err)
	require.Equal(t, 2, got)
	writes, err := m.Get()
	require.NoError(t, err)
	require.Len(t, writes, 1)
	require.Equal(t, 2, writes[0].Value)
}

func TestOwnCodec(t *testing.T) {
	raw, rawMulti := value.TypeOf("value/bytes"), value.MultiTypeOf("value.multi/bytes")
	r := replicate.New(replicate.Config{Types: []replicate.Type{raw, rawMulti}})
	codec := replicate.Codec[[]byte]{
		Type:   raw,
		Encode: func(b []byte) ([]byte, error) { return b, nil },
		Decode: func(b []byte) ([]byte, error) { return bytes.Clone(b), nil },
	}
	v, err := value.OpenWith(r, "raw", codec)
	require.NoError(t, err)
	codec.Type = rawMulti
	m, err := value.OpenMultiWith(r, "raw", codec)
	require.NoError(t, err)
	for _, b := range [][]byte{{0xff, 0}, {}} {
		require.NoError(t, v.Set(b))
		require.NoError(t, m.Set(b))
		got, err := v.Get()
		require.NoError(t, err)
		require.Equal(t, string(b), string(got))
		writes, err := m.Get()
		require.NoError(t, err)
		require.Equal(t, string(b), string(writes[0].Value))
	}
}

func open[V any](t testing.TB, typ replicate.Type, cfg replicate.Config) (*replicate.Replica, *value.Value[V]) {
	cfg.Types = []replicate.Type{typ}
	r := replicate.New(cfg)
	v, err := value.OpenWith(r, "", replicate.JSON[V](typ))
	require.NoError(t, err)
	return r, v
}

func exchange(t testing.TB, a, b *replicate.Replica) {
	require.NoError(t, a.Write(context.Background(), b.Read(nil)))
	require.NoError(t, b.Write(context.Background(), a.Read(nil)))
}
