package seq_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/seq"
)

// There is always room between two places, at no greater cost: an op does not
// grow with what was inserted there before. The original's keys grow by a
// character every four insertions, and two equal ones have nothing between
// them.
//
// row: H6
func TestBetween(t *testing.T) {
	const n = 10_000
	ways := map[string]func(l *seq.List[int], i int) (seq.ID, error){
		"push":    func(l *seq.List[int], i int) (seq.ID, error) { return l.Push(i) },
		"unshift": func(l *seq.List[int], i int) (seq.ID, error) { return l.Unshift(i) },
		"one gap": func(l *seq.List[int], i int) (seq.ID, error) { return l.Insert((i+1)/2, i) },
		"bisect":  func(l *seq.List[int], i int) (seq.ID, error) { return l.Insert(max(0, l.Len()-1-i%2), i) },
		"spread":  func(l *seq.List[int], i int) (seq.ID, error) { return l.Insert(i*7919%(i+1), i) },
	}
	for name, insert := range ways {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, 1)
			for i := range n {
				s.now = s.now.Add(time.Millisecond)
				_, err := insert(s.l, i)
				require.NoError(t, err)
			}
			require.Len(t, s.list(), n)
			src := take(s.h, n)
			for range n {
				u, err := src(context.Background())
				require.NoError(t, err)
				m, ok := seq.Read(u)
				require.True(t, ok)
				require.LessOrEqual(t, len(u.Op())-len(m.Value), 1+5)
			}
			require.NoError(t, pull.Abort(src, nil))
		})
	}
}

// A place that is no place is an error, at once.
//
// row: H6
func TestBadBounds(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1, 2)
	for _, i := range []int{-1 << 62, -1, 3, 1 << 62} {
		_, err := s.l.Insert(i, 0)
		require.ErrorIs(t, err, seq.ErrIndex)
		require.ErrorIs(t, s.l.Move(ids[0], i), seq.ErrIndex)
	}
	require.NoError(t, s.l.MoveBefore(ids[0], ids[0]))
	require.NoError(t, s.l.MoveAfter(ids[0], ids[0]))
	_, err := s.l.InsertBefore(seq.ID{Time: 1}, 0)
	require.ErrorIs(t, err, seq.ErrNotFound)
	require.Equal(t, []int{1, 2}, s.values(t))
}

// Two writers who take one place get two, with room between them, as often as
// they like.
//
// row: H6
func TestTwoWritersAtOnePlace(t *testing.T) {
	a, b := newSite(t, 1), newSite(t, 2)
	ids := a.push(t, 0, 1)
	meet(t, a, b)
	for i := range 100 {
		x, err := a.l.InsertAfter(ids[0], 10)
		require.NoError(t, err)
		y, err := b.l.InsertAfter(ids[0], 20)
		require.NoError(t, err)
		meet(t, a, b)
		require.Equal(t, 4+2*i, a.l.Len())
		at, err := a.l.Index(x)
		require.NoError(t, err)
		at2, err := b.l.Index(y)
		require.NoError(t, err)
		require.Equal(t, 3, at+at2, fmt.Sprint("side by side: ", at, at2))
	}
	require.Equal(t, 0, a.values(t)[0])
	require.Equal(t, 1, a.values(t)[201])
}
