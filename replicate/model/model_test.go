package model_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSetGetDelete(t *testing.T) {
	r, m := open[string](t)
	_, err := m.Get("k")
	require.ErrorIs(t, err, model.ErrNotFound)
	require.NoError(t, m.Set("k", "v"))
	require.NoError(t, m.Set("", "the empty key"))
	v, err := m.Get("k")
	require.NoError(t, err)
	require.Equal(t, "v", v)
	require.Equal(t, 2, m.Len())
	require.Equal(t, []string{"", "k"}, m.Keys(""))

	deleted, err := m.Delete("k")
	require.NoError(t, err)
	require.True(t, deleted)
	_, err = m.Get("k")
	require.ErrorIs(t, err, model.ErrNotFound)
	head := r.Head()
	deleted, err = m.Delete("k")
	require.NoError(t, err)
	require.False(t, deleted)
	require.Equal(t, head, r.Head(), "deleting nothing writes nothing")
	require.Equal(t, 1, m.Len())
}

func TestValueOfAnotherType(t *testing.T) {
	r, m := open[string](t)
	require.NoError(t, m.Set("k", "text"))
	n, err := model.Open[int](r, "")
	require.NoError(t, err)
	_, err = n.Get("k")
	var want *json.UnmarshalTypeError
	require.ErrorAs(t, err, &want)
	_, err = n.Changes(0)(t.Context())
	require.ErrorAs(t, err, &want)
}

func TestUnencodableValue(t *testing.T) {
	_, m := open[any](t)
	require.Error(t, m.Set("k", func() {}))
	require.Zero(t, m.Len())
}

func TestOpenNeedsTheType(t *testing.T) {
	_, err := model.Open[int](replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)
}

func TestOwnCodec(t *testing.T) {
	bytes := model.TypeOf("model/bytes")
	r := replicate.New(replicate.Config{Types: []replicate.Type{bytes, model.JSON}})
	m, err := model.OpenWith(r, "raw", replicate.Codec[string]{
		Type:   bytes,
		Encode: func(s string) ([]byte, error) { return []byte(s), nil },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	})
	require.NoError(t, err)
	require.NoError(t, m.Set("k", "\xff\x00 not JSON"))
	v, err := m.Get("k")
	require.NoError(t, err)
	require.Equal(t, "\xff\x00 not JSON", v)
}

// A slow reader of changes sees the newest state of each key, once.
func TestChangesConflate(t *testing.T) {
	_, m := open[int](t)
	src := m.Changes(0)
	for i := range 1000 {
		require.NoError(t, m.Set("a", i))
		require.NoError(t, m.Set("b", i))
	}
	_, err := m.Delete("a")
	require.NoError(t, err)
	b, err := src(t.Context())
	require.NoError(t, err)
	require.Equal(t, "b", b.Key)
	require.Equal(t, 999, b.Value)
	a, err := src(t.Context())
	require.NoError(t, err)
	require.True(t, a.Deleted)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = src(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// What a replica holds is what a plain map holds that is given the same
// updates in the order of their stamps, whatever order they came in.
func TestAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type rep struct {
			r *replicate.Replica
			m *model.Model[int]
		}
		var reps []rep
		for range 3 {
			r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
			m, err := model.Open[int](r, "")
			require.NoError(t, err)
			reps = append(reps, rep{r, m})
		}
		newest := map[string]replicate.Stamp{}
		oracle := map[string]int{}
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			k := rapid.IntRange(0, 2).Draw(t, "replica")
			at, to := reps[k], reps[rapid.IntRange(0, 2).Draw(t, "to")]
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				require.NoError(t, to.r.Write(context.Background(), at.r.Read(to.r.Clock())))
				continue
			case 1:
				if deleted, err := at.m.Delete(key); err != nil || !deleted {
					require.NoError(t, err)
					continue
				}
				step = -1
			default:
				require.NoError(t, at.m.Set(key, step))
			}
			stamp := replicate.Stamp{Time: at.r.Clock()[at.r.Author()], Author: at.r.Author()}
			if stamp.Compare(newest[key]) > 0 {
				newest[key], oracle[key] = stamp, step
			}
		}
		for range 2 {
			for _, a := range reps {
				for _, b := range reps {
					require.NoError(t, b.r.Write(context.Background(), a.r.Read(nil)))
				}
			}
		}
		for _, a := range reps {
			for key, want := range oracle {
				got, err := a.m.Get(key)
				if want < 0 {
					require.ErrorIs(t, err, model.ErrNotFound)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			require.Equal(t, reps[0].r.Fingerprint(), a.r.Fingerprint())
		}
	})
}

// FuzzOp feeds any op to the check and, if it passes, to a replica.
func FuzzOp(f *testing.F) {
	f.Add("\x01\x01k1")
	f.Add("\x00\x01k")
	f.Add("\x01\x80\x20" + strings.Repeat("k", 4096) + "null")
	f.Fuzz(func(t *testing.T, op string) {
		r, m := open[json.RawMessage](t)
		h, err := r.Open(replicate.ObjectName{Type: model.JSON.Tag})
		require.NoError(t, err)
		if _, err = h.Write(op); err != nil {
			return
		}
		for e, err := range m.All("") {
			require.NoError(t, err)
			require.True(t, json.Valid(e.Value))
		}
		_, err = pull.Collect(t.Context(), r.Read(nil))
		require.NoError(t, err)
	})
}

func TestLimits(t *testing.T) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, err := model.Open[string](r, "")
	require.NoError(t, err)
	for _, key := range []string{"", "k", strings.Repeat("k", 127), strings.Repeat("k", 128),
		strings.Repeat("k", model.MaxKey)} {
		room := replicate.MaxUpdate
		for model.Fits(key, room) != nil {
			room--
		}
		require.NoError(t, m.Set(key, strings.Repeat("v", room-2)))
		var size *replicate.SizeError
		require.ErrorAs(t, m.Set(key, strings.Repeat("v", room-1)), &size)
		require.Equal(t, key[:min(len(key), 32)], size.Text)
		require.Equal(t, replicate.MaxUpdate+1, size.Size)
	}
	require.ErrorIs(t, model.Fits(strings.Repeat("k", model.MaxKey+1), 0), replicate.ErrTooLarge)
}
