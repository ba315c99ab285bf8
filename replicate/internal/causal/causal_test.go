package causal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/causal"
)

var (
	ann = replicate.Author(strings.Repeat("a", 24))
	bob = replicate.Author(strings.Repeat("b", 40))
	cid = replicate.Author(strings.Repeat("c", 24))
)

func at(a replicate.Author, t replicate.Time) replicate.Stamp {
	return replicate.Stamp{Time: t, Author: a}
}

func TestOf(t *testing.T) {
	c := causal.Of([]replicate.Stamp{at(cid, 3), at(ann, 5), at(ann, 7), at(bob, 1), at(ann, 6)})
	require.Equal(t, causal.Context{at(ann, 7), at(bob, 1), at(cid, 3)}, c)
	require.True(t, c.Covers(at(ann, 7)))
	require.True(t, c.Covers(at(ann, 2)))
	require.False(t, c.Covers(at(ann, 8)))
	require.False(t, c[:2].Covers(at(cid, 1)))
	require.True(t, causal.Context{at(ann, 6), at(cid, 3)}.Within(c))
	require.False(t, causal.Context{at(ann, 6), at(cid, 4)}.Within(c))
	require.True(t, causal.Context(nil).Within(nil))
}

func TestAppendThenParse(t *testing.T) {
	c := causal.Context{at(ann, 7), at(bob, 1), at(cid, 100)}
	for _, own := range []replicate.Author{ann, bob, cid, ann[:23] + "z"} {
		text := string(c.Append(nil, at(own, 100))) + "rest"
		rest, err := causal.Check(text, 3)
		require.NoError(t, err)
		require.Equal(t, "rest", rest)
		got, rest := causal.Parse(text, 3, at(own, 100))
		require.Equal(t, "rest", rest)
		require.Equal(t, c, got)
	}
	require.Len(t, c[:1].Append(nil, at(ann, 100)), 2, "the own author costs a byte")
}

func TestCheckRefuses(t *testing.T) {
	a, b := "\x18"+string(ann)+"\x01", "\x18"+string(cid)+"\x01"
	for name, text := range map[string]string{
		"nothing": "", "short author": a[:20], "no time": a[:25], "odd author": "\x05aaaaa\x01",
		"twice": a + a, "out of order": b + a, "own behind another": a + "\x00\x01",
		"fewer than said": a,
	} {
		_, err := causal.Check(text, 2)
		require.Error(t, err, name)
	}
	_, err := causal.Check(a+b, 2)
	require.NoError(t, err)
	_, err = causal.Check(a+b, 1<<63)
	require.Error(t, err)
}

// FuzzParse: what is accepted can be parsed and searched.
func FuzzParse(f *testing.F) {
	c := causal.Context{at(ann, 7), at(bob, 1), at(cid, 100)}
	f.Add(string(c.Append(nil, at(ann, 200))), uint64(3))
	f.Add("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", uint64(1))
	f.Fuzz(func(t *testing.T, text string, n uint64) {
		want, err := causal.Check(text, n)
		if err != nil {
			return
		}
		own := at(ann, 200)
		c, rest := causal.Parse(text, n, own)
		require.Equal(t, want, rest)
		require.LessOrEqual(t, uint64(len(c)), n)
		require.True(t, c.Within(c))
		for _, s := range c {
			require.LessOrEqual(t, s.Time, own.Time)
		}
	})
}
