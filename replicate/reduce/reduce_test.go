package reduce_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/reduce"
)

// The log holds one update for each author, or author and key, however much
// was contributed, and none for what is no news.
func TestOneUpdateForEachAuthor(t *testing.T) {
	ra, a := open(t, sets)
	rb, b := open(t, sets)
	for i := range 50 {
		require.True(t, update(t, a, set{fmt.Sprint(i): true}))
	}
	require.False(t, update(t, a, set{"7": true}))
	require.Equal(t, 1, ra.Len())
	give(t, ra, rb)
	head := rb.Head()
	require.False(t, update(t, b, set{"7": true, "9": true}), "another has contributed it")
	require.Equal(t, head, rb.Head())
	require.True(t, update(t, b, set{"x": true}))
	require.Equal(t, 2, rb.Len())
	v, err := b.Value()
	require.NoError(t, err)
	require.Len(t, v, 51)

	rc, c := open(t, beats)
	for i := range 50 {
		update(t, c, beat{fmt.Sprint(i % 5), i})
	}
	require.Equal(t, 5, rc.Len())
	require.Equal(t, 5, c.Len())
	require.Equal(t, []string{"3"}, c.Keys("3"))
	got, err := c.Get("3")
	require.NoError(t, err)
	require.Equal(t, beat{"3", 48}, got)
}

// In a transaction each contribution is made in the state that the ones before
// it made.
func TestTransaction(t *testing.T) {
	r, c := open(t, sums)
	update(t, c, 1)
	tx := r.Begin()
	for i := range 3 {
		changed, err := c.In(tx).Update(10 * i)
		require.NoError(t, err)
		require.False(t, changed)
	}
	_, err := tx.Commit()
	require.NoError(t, err)
	v, err := c.Value()
	require.NoError(t, err)
	require.Equal(t, 31, v)
}

// Readers and writers meet only in the replica's lock.
func TestAtOnce(t *testing.T) {
	_, c := open(t, sums)
	update(t, c, 1)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				_, err := c.Update(1)
				assert.NoError(t, err)
				_, err = c.Value()
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	v, err := c.Value()
	require.NoError(t, err)
	require.Equal(t, 201, v)
}

// What is returned is the caller's own, and what was contributed stays the
// caller's.
func TestNothingIsShared(t *testing.T) {
	_, c := open(t, sets)
	mine := set{"a": true}
	update(t, c, mine)
	update(t, c, set{"b": true})
	require.Equal(t, set{"a": true}, mine)
	v, err := c.Value()
	require.NoError(t, err)
	clear(v)
	v, err = c.Value()
	require.NoError(t, err)
	require.Equal(t, set{"a": true, "b": true}, v)
}

// A sum counts each contribution once, though it is not idempotent.
func TestSum(t *testing.T) {
	ra, a := open(t, sums)
	rb, b := open(t, sums)
	for i := range 5 {
		update(t, a, i)
		update(t, b, 10*i)
		give(t, ra, rb)
		give(t, rb, ra)
	}
	v, err := a.Value()
	require.NoError(t, err)
	require.Equal(t, 110, v)
	v, err = b.Value()
	require.NoError(t, err)
	require.Equal(t, 110, v)
}

// Who folds what it is told has what a reader sees.
func TestFoldChanges(t *testing.T) {
	ra, a := open(t, beats)
	rb, b := open(t, beats)
	src := b.Changes(0)
	folded := map[string]beat{}
	told := uint64(0)
	for i := range 30 {
		update(t, a, beat{fmt.Sprint(i % 4), i})
		update(t, b, beat{fmt.Sprint(i % 3), 30 - i})
		if i%5 != 0 {
			continue
		}
		give(t, ra, rb)
		for told < rb.Head() {
			ch, err := src(t.Context())
			require.NoError(t, err)
			folded[ch.Key] = later(folded[ch.Key], ch.Value)
			told, _ = rb.Place(ch.Stamp)
		}
		for key, want := range folded {
			got, err := b.Get(key)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	require.Len(t, folded, 4)
}

// A function that panics ends the call that needed it, and nothing else: what a
// peer contributed is kept, relayed, and an error to who reads it.
func TestPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		touchy := reduce.TypeOf("touchy", func(a, b int) int {
			if a == 13 || b == 13 {
				panic(boom)
			}
			return max(a, b)
		}, reduce.Config[int]{})
		ra, a := open(t, touchy)
		rb, b := open(t, touchy)
		update(t, a, 1)
		update(t, b, 13)
		head := ra.Head()
		_, err := a.Update(13)
		require.ErrorIs(t, err, boom)
		var asPanic *pull.PanicError
		require.ErrorAs(t, err, &asPanic)
		require.Equal(t, head, ra.Head())

		da, db := duplex.Pair[[]byte, []byte]()
		done := make(chan error)
		once := replicate.SyncConfig{Once: true}
		go func() { done <- replicate.NewSession(ra, once).Run(t.Context(), da) }()
		require.NoError(t, replicate.NewSession(rb, once).Run(t.Context(), db))
		require.NoError(t, <-done)
		require.Equal(t, ra.Fingerprint(), rb.Fingerprint())
		_, err = a.Value()
		require.ErrorIs(t, err, boom)
		for _, err := range a.All("") {
			require.ErrorIs(t, err, boom)
		}
		require.ErrorIs(t, touchy.Check(1, 13), boom)
		require.NoError(t, touchy.Check(1, 2, 5))
	})
}

// So does a key that panics, of a peer's value too.
func TestKeyPanics(t *testing.T) {
	boom := errors.New("boom")
	d := reduce.TypeOf("d", later, reduce.Config[beat]{Key: func(b beat) string {
		if b.At == 13 {
			panic(boom)
		}
		return b.Name
	}})
	r, c := open(t, d)
	_, err := c.Update(beat{"a", 13})
	require.ErrorIs(t, err, boom)
	require.ErrorIs(t, d.Check(beat{"a", 13}), boom)
	h, err := r.Open(replicate.ObjectName{Type: "d"})
	require.NoError(t, err)
	_, err = h.Write("\x01a{\"Name\":\"a\",\"At\":13}")
	require.ErrorIs(t, err, boom)
}

func TestCheck(t *testing.T) {
	require.NoError(t, sets.Check(set{}, set{"a": true}, set{"b": true}, set{"a": true, "c": true}))
	require.NoError(t, beats.Check(beat{"x", 1}, beat{"x", 2}, beat{"y", 1}, beat{"x", 3}))
	name := reduce.Config[beat]{Key: func(b beat) string { return b.Name }}
	for _, c := range []struct {
		law string
		err error
	}{
		{"f(a, a) = a", sums.Check(0, 1)},
		{"f(a, b) = f(b, a)", reduce.TypeOf("last", func(_, b int) int { return b }, reduce.Config[int]{}).Check(1, 2)},
		{"f(f(a, b), c) = f(a, f(b, c))", reduce.TypeOf("mean", func(a, b int) int { return (a + b) / 2 },
			reduce.Config[int]{}).Check(0, 4, 8)},
		{"b is left as it was", reduce.TypeOf("theirs", func(a, b set) set {
			maps.Copy(b, a)
			return b
		}, reduce.Config[set]{}).Check(set{"a": true}, set{"b": true})},
		{"Key(f(a, b)) = Key(a)", reduce.TypeOf("renamed", func(a, b beat) beat {
			if a == b {
				return a
			}
			return beat{"other", a.At + b.At}
		}, name).Check(beat{"x", 1}, beat{"x", 2})},
		{"Encode(Decode(a)) = a", reduce.TypeOf("lossy", sum, reduce.Config[int]{
			Encode: func(v int) ([]byte, error) { return json.Marshal(v) },
			Decode: func(b []byte) (int, error) { return len(b), nil },
		}).Check(5)},
		{"Key(Decode(a)) = Key(a)", reduce.TypeOf("unnamed", later, reduce.Config[beat]{
			Key:    name.Key,
			Encode: func(b beat) ([]byte, error) { return json.Marshal(b.At) },
			Decode: func(b []byte) (v beat, err error) { return v, json.Unmarshal(b, &v.At) },
		}).Check(beat{"x", 5})},
	} {
		var broken *reduce.LawError
		require.ErrorAs(t, c.err, &broken, c.law)
		require.Equal(t, c.law, broken.Law)
	}
	unfit := reduce.TypeOf("any", func(a, _ any) any { return a }, reduce.Config[any]{})
	var unsupported *json.UnsupportedTypeError
	require.ErrorAs(t, unfit.Check(func() {}), &unsupported)
}

func TestRefused(t *testing.T) {
	r, c := open(t, beats)
	_, err := c.Get("nobody")
	require.ErrorIs(t, err, reduce.ErrNotFound)
	_, err = c.Value()
	require.ErrorIs(t, err, reduce.ErrNotFound)
	var size *replicate.SizeError
	_, err = c.Update(beat{Name: strings.Repeat("k", reduce.MaxKey+1)})
	require.ErrorAs(t, err, &size)
	h, err := r.Open(replicate.ObjectName{Type: "beats"})
	require.NoError(t, err)
	for _, op := range []string{
		"", "\x00", "\x01", "\x00{", "\x01k", "\x80\x80\x80\x01", "\xff\xff\x7f{}",
		"\x01k{\"Name\":\"x\"}", "\x01k{\"Name\":5}", "\x00{\"Name\":\"x\"}",
		"\x81\x20" + strings.Repeat("k", 4097) + "{}",
	} {
		_, err := h.Write(op)
		require.Error(t, err, "%q", op)
	}
	require.Zero(t, r.Len())

	_, whole := open(t, sets)
	_, err = whole.Update(set{strings.Repeat("v", replicate.MaxUpdate): true})
	require.ErrorAs(t, err, &size)
	_, err = reduce.Open(replicate.New(replicate.Config{}), "", sets)
	require.ErrorIs(t, err, replicate.ErrUnknownType)
	require.Panics(t, func() {
		reduce.TypeOf("half", sum, reduce.Config[int]{Encode: func(int) ([]byte, error) { return nil, nil }})
	})
}
