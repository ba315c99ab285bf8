package replicate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
)

func drawStamp(t *rapid.T, name string) replicate.Stamp {
	size := rapid.SampledFrom([]int{24, 40}).Draw(t, name+" size")
	return replicate.Stamp{
		Time:   replicate.Time(rapid.Uint64().Draw(t, name+" time")),
		Author: replicate.Author(rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, name+" author")),
	}
}

// The text of a stamp says all of it, and sorts as stamps do.
func TestStampText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawStamp(t, "a"), drawStamp(t, "b")
		if rapid.Bool().Draw(t, "one time") {
			b.Time = a.Time
		}
		textA, err := a.MarshalText()
		require.NoError(t, err)
		textB, err := b.MarshalText()
		require.NoError(t, err)
		require.Equal(t, a.Compare(b), strings.Compare(string(textA), string(textB)))

		asJSON, err := json.Marshal(a)
		require.NoError(t, err)
		var back replicate.Stamp
		require.NoError(t, json.Unmarshal(asJSON, &back))
		require.Equal(t, a, back)
	})
	_, err := replicate.Stamp{}.MarshalText()
	require.ErrorIs(t, err, replicate.ErrStamp)
}

func TestNoStampText(t *testing.T) {
	author := strings.Repeat("ab", 24)
	for _, text := range []string{
		"", "-", author, "0000000000000001", "0000000000000001-", "0000000000000001-" + author + "ab",
		"1-" + author, "000000000000000001-" + author, "000000000000000g-" + author,
		"0000000000000001-" + author[1:] + "g",
		"0000000000000001-" + strings.ToUpper(author),
	} {
		kept := replicate.Stamp{Time: 7}
		require.ErrorIs(t, kept.UnmarshalText([]byte(text)), replicate.ErrStamp, text)
		require.Equal(t, replicate.Stamp{Time: 7}, kept)
	}
}

// An op names any update, its own author's in less.
func TestRef(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, by := drawStamp(t, "s"), drawStamp(t, "by").Author
		if rapid.Bool().Draw(t, "own") {
			by = s.Author
		}
		op := string(s.AppendRef(nil, by)) + "rest"
		got, rest, ok := replicate.CutRef(op, by)
		require.True(t, ok)
		require.Equal(t, s, got)
		require.Equal(t, "rest", rest)
		require.Equal(t, s.Author == by, len(op) == 9+4)
		for cut := range len(op) - 4 {
			_, _, ok := replicate.CutRef(op[:cut], by)
			require.False(t, ok)
		}
	})
	_, _, ok := replicate.CutRef("\x03"+strings.Repeat("x", 60), "")
	require.False(t, ok)
}

// FuzzCutRef takes any bytes for a reference, and writes it again as it was.
func FuzzCutRef(f *testing.F) {
	f.Add("\x00\x00\x00\x00\x00\x00\x00\x00\x01")
	f.Add("\x01" + strings.Repeat("a", 24) + "\x00\x00\x00\x00\x00\x00\x00\x01more")
	f.Fuzz(func(t *testing.T, op string) {
		s, rest, ok := replicate.CutRef(op, "")
		if ok {
			require.Equal(t, op, string(s.AppendRef(nil, ""))+rest)
		}
	})
}

// A place is found by its stamp while its update is live.
func TestPlace(t *testing.T) {
	r, m := newReplica(replicate.Config{})
	require.NoError(t, m.Set("a", 1))
	require.NoError(t, m.Set("b", 2))
	for _, u := range r.Live() {
		place, ok := r.Place(u.Stamp())
		require.True(t, ok)
		require.Equal(t, u.Place(), place)
	}
	a := r.Live()[0].Stamp()
	require.NoError(t, m.Set("a", 3))
	_, ok := r.Place(a)
	require.False(t, ok, "replaced")
	_, ok = r.Place(replicate.Stamp{Time: a.Time, Author: "nobody"})
	require.False(t, ok)
}
