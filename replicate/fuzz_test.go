package replicate_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/frame"
)

// FuzzSession feeds frames of any content, with good checksums, to a session
// that has sent its greeting: it answers or refuses, and what it holds stays
// something that can be dumped and loaded.
func FuzzSession(f *testing.F) {
	for _, payloads := range recordedPayloads(f) {
		f.Add(payloads[0], payloads[1], payloads[2], payloads[3])
	}
	signed := recordedRun(f, replicate.Filter{}, replicate.Config{Key: keyOfNo(0)})
	f.Add(signed[0], signed[1], signed[2], signed[3])
	f.Fuzz(func(t *testing.T, a, b, c, d []byte) {
		r, _ := newReplica(replicate.Config{})
		s := replicate.NewSession(r, replicate.SyncConfig{})
		s.Begin()
		defer s.End()
		for _, payload := range [][]byte{a, b, c, d} {
			if _, err := s.Next(); err != nil {
				break
			}
			if s.Take(frame.Append(nil, payload)) != nil {
				break
			}
		}
		dump, err := pull.Collect(t.Context(), r.Read(nil))
		require.NoError(t, err)
		again := replicate.New(replicate.Config{
			Types: []replicate.Type{model.JSON}, Now: noon, MaxAhead: 1 << 62,
		})
		require.NoError(t, again.Write(t.Context(), pull.Values(dump...)))
	})
}

// FuzzLoad feeds any bytes to a loader.
func FuzzLoad(f *testing.F) {
	r, m := newReplica(replicate.Config{})
	for i := range 5 {
		require.NoError(f, m.Set(string(rune('a'+i)), i))
	}
	dump, err := pull.Collect(f.Context(), r.Read(nil))
	require.NoError(f, err)
	var all []byte
	for _, chunk := range dump {
		all = append(all, chunk...)
	}
	f.Add(all)
	f.Add(all[:len(all)/2])
	signed, ms := newReplica(replicate.Config{Key: keyOfNo(0)})
	require.NoError(f, ms.Set("a", 1))
	dump, err = pull.Collect(f.Context(), signed.Read(nil))
	require.NoError(f, err)
	f.Add(slices.Concat(dump...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, _ := newReplica(replicate.Config{})
		stats, err := r.Load(t.Context(), pull.Values(b))
		if err == nil {
			require.Equal(t, int64(len(b)), stats.ReceivedBytes)
		}
	})
}

// recordedPayloads returns runs of four frames as sessions send them.
func recordedPayloads(t testing.TB) (runs [][4][]byte) {
	for _, want := range []replicate.Filter{{}, keys("x", "y"), replicate.Only()} {
		runs = append(runs, recordedRun(t, want, replicate.Config{}))
	}
	return runs
}

// recordedRun returns four frames of a session under a filter with a replica
// made by cfg.
func recordedRun(t testing.TB, want replicate.Filter, cfg replicate.Config) (run [4][]byte) {
	a, ma := newReplica(cfg)
	b, _ := newReplica(replicate.Config{})
	for i := range 3 {
		require.NoError(t, ma.Set(string(rune('x'+i)), i))
	}
	tx := a.Begin()
	require.NoError(t, ma.In(tx).Set("x", 8))
	require.NoError(t, ma.In(tx).Set("z", 9))
	_, err := tx.Commit()
	require.NoError(t, err)
	x := replicate.NewSession(a, replicate.SyncConfig{Once: true})
	y := replicate.NewSession(b, replicate.SyncConfig{Want: want})
	x.Begin()
	y.Begin()
	for n := 0; n < 4; {
		chunk, err := x.Next()
		require.NoError(t, err)
		if chunk != nil {
			run[n], _, err = frame.Parse(chunk, 1<<20)
			require.NoError(t, err)
			require.NoError(t, y.Take(chunk))
			n++
		}
		back, err := y.Next()
		require.NoError(t, err)
		require.NoError(t, x.Take(back))
		if chunk == nil && back == nil {
			break
		}
	}
	return run
}

// FuzzPartial feeds a restorer frames of what is held under a filter. What it
// takes it writes in the same form.
func FuzzPartial(f *testing.F) {
	r, m := newReplica(replicate.Config{})
	require.NoError(f, m.Set("x", 1))
	b, _ := newReplica(replicate.Config{})
	require.NoError(f, b.Write(f.Context(), r.ReadOf(keys("x", "y"), nil)))
	msg, _, err := frame.Parse(b.AppendNotes(nil), 1<<20)
	require.NoError(f, err)
	require.True(f, r.Restorer().Takes(msg))
	f.Add(msg)
	f.Add(msg[:len(msg)/2])
	f.Fuzz(func(t *testing.T, msg []byte) {
		r, _ := newReplica(replicate.Config{})
		if len(msg) == 0 || msg[0] != 0x50 || r.Restorer().Frame(msg) != nil {
			return
		}
		require.Len(t, r.Filters(), 1)
		for b := r.AppendNotes(nil); len(b) > 0; b = nil {
			msg, _, err := frame.Parse(b, 1<<30)
			require.NoError(t, err)
			again, _ := newReplica(replicate.Config{})
			require.NoError(t, again.Restorer().Frame(msg))
			require.Equal(t, r.ClockOf(r.Filters()[0]), again.ClockOf(r.Filters()[0]))
		}
	})
}
