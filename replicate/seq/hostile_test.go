package seq_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
	"github.com/weir-go/weir/through"
)

// write writes an op that says m, and returns the update unless it means
// nothing.
func (s *site) write(t require.TestingT, m seq.Meaning) *replicate.Update {
	written := s.wrote(t, func() {
		_, err := s.h.Compose(func(d replicate.Draft) (string, error) {
			return m.Op(seq.ID(d.Stamp)), nil
		})
		require.NoError(t, err)
	})
	if len(written) == 0 {
		return nil
	}
	return written[0]
}

// An op that refers to itself or to what is newer means nothing, and is not
// even kept: there are no cycles.
func TestReferencesForward(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1)
	now := seq.ID{Time: s.r.Clock()[s.r.Author()], Author: s.r.Author()}
	next := func(n replicate.Time, author replicate.Author) seq.ID {
		now.Time++
		return seq.ID{Time: now.Time + n, Author: author}
	}
	own, above := s.r.Author(), replicate.Author(strings.Repeat("\xff", 24))
	before := s.r.Len()
	for _, m := range []seq.Meaning{
		{Kind: seq.OpInsert, Value: "2", Parent: next(0, own)},
		{Kind: seq.OpInsert, Value: "2", Parent: next(0, above)},
		{Kind: seq.OpInsert, Value: "2", Parent: next(1, own)},
		{Kind: seq.OpMove, Element: next(0, own)},
		{Kind: seq.OpMove, Element: next(1000, own)},
		{Kind: seq.OpMove, Element: ids[0], Parent: next(0, own), Move: true},
		{Kind: seq.OpSet, Value: "2", Element: next(0, own)},
		{Kind: seq.OpDelete, Element: next(0, above)},
		{Kind: seq.OpSet, Value: "2", Element: ids[0], Parent: ids[0]},
		{Kind: seq.OpDelete, Element: ids[0], Parent: next(0, own)},
	} {
		require.Nil(t, s.write(t, m), "%+v", m)
	}
	require.Equal(t, before, s.r.Len())
	require.Equal(t, []int{1}, s.values(t))
}

// What refers to places of another list, or of none, waits for ever; to wait
// costs what to be there costs.
func TestReferencesElsewhere(t *testing.T) {
	s := newSite(t, 1)
	other, err := seq.Open[int](s.r, "other")
	require.NoError(t, err)
	foreign, err := other.Push(1)
	require.NoError(t, err)
	ids := s.push(t, 1)
	for range 100 {
		s.write(t, seq.Meaning{Kind: seq.OpInsert, Value: "2", Parent: foreign})
		s.write(t, seq.Meaning{Kind: seq.OpMove, Element: ids[0], Parent: foreign, Left: true})
		s.write(t, seq.Meaning{Kind: seq.OpMove, Element: foreign})
		s.write(t, seq.Meaning{Kind: seq.OpInsert, Value: "2", Parent: ids[0], Move: true})
	}
	require.Equal(t, []int{1}, s.values(t))
	s.push(t, 3)
	require.Equal(t, []int{1, 3}, s.values(t))
	require.Equal(t, 1, other.Len())
	there := newSite(t, 2)
	there.pull(t, s)
	require.Equal(t, s.list(), there.list())
}

// Two updates that disagree on where an element was inserted lead to one list
// all the same.
func TestTwoFirstPlaces(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1, 2, 3)
	s.push(t, 4)
	all := updatesOf(t, s)
	changes := s.l.Changes(s.r.Head())
	defer func() { require.NoError(t, pull.Abort(changes, nil)) }()
	all = append(all,
		s.write(t, seq.Meaning{Kind: seq.OpSet, Value: "9", Element: ids[2]}),
		s.write(t, seq.Meaning{Kind: seq.OpDelete, Element: ids[1], Parent: ids[0], Left: true}))
	b, err := changes(t.Context())
	require.NoError(t, err)
	require.True(t, b.Reset, "more moved than an update said")
	list := everyOrder(t, all)
	require.Equal(t, listOf(updatesOf(t, s)), s.list())
	require.Equal(t, []string{"1", "9", "4"}, []string{list[0].Value, list[1].Value, list[2].Value})
}

// many is how much is tried of what must not be quadratic.
func many() int {
	switch {
	case os.Getenv("WEIR_LONG") != "":
		return 1_000_000
	case testing.Short():
		return 10_000
	}
	return 100_000
}

// bigSite returns a site that wrote many elements, each by what write says of
// the one before, and the updates.
func bigSite(t *testing.T, number byte, n int, insert func(l *seq.List[int], last seq.ID) (seq.ID, error)) []*replicate.Update {
	s := newSite(t, number)
	var last seq.ID
	var err error
	for range n {
		last, err = insert(s.l, last)
		require.NoError(t, err)
	}
	updates, err := pull.Collect(t.Context(), take(s.h, n))
	require.NoError(t, err)
	return updates
}

// A chain of children of any depth is placed without walking it, whether its
// beginning comes first or last, and so is a second chain at the same place.
func TestDeepChains(t *testing.T) {
	n := many()
	chains := map[string]func(l *seq.List[int], last seq.ID) (seq.ID, error){
		"right": func(l *seq.List[int], _ seq.ID) (seq.ID, error) { return l.Push(1) },
		"left":  func(l *seq.List[int], _ seq.ID) (seq.ID, error) { return l.Unshift(1) },
		"zigzag": func(l *seq.List[int], last seq.ID) (seq.ID, error) {
			if l.Len()%2 == 0 || last == (seq.ID{}) {
				return l.InsertAfter(last, 1)
			}
			return l.InsertBefore(last, 1)
		},
	}
	for name, insert := range chains {
		t.Run(name, func(t *testing.T) {
			a, b := bigSite(t, 1, n, insert), bigSite(t, 2, n, insert)
			both := make([]*replicate.Update, 0, 2*n)
			for i := range a {
				both = append(both, a[i], b[i])
			}
			want := stateOf(both)
			require.Len(t, want, 2*n)
			require.Equal(t, want, stateOf(slices.Concat(b, a)))
			slices.Reverse(both)
			require.Equal(t, want, stateOf(both))
			require.Empty(t, stateOf(both[:n/4]), "the beginning is missing")
			rand.New(rand.NewPCG(1, 1)).Shuffle(len(both), func(i, j int) { both[i], both[j] = both[j], both[i] })
			require.Equal(t, want, stateOf(both))
			o, _ := applied(t, both[:n/4])
			require.Less(t, len(seq.Shown(o)), n/4)
		})
	}
}

// Many children of one place, on both sides, in any order of arrival.
func TestManySiblings(t *testing.T) {
	n := many()
	s := newSite(t, 1)
	top := s.push(t, 0)[0]
	for i := range n {
		m := seq.Meaning{Kind: seq.OpInsert, Value: "1", Parent: top, Left: i%2 == 0}
		_, err := s.h.Compose(func(d replicate.Draft) (string, error) { return m.Op(seq.ID(d.Stamp)), nil })
		require.NoError(t, err)
	}
	all, err := pull.Collect(t.Context(), take(s.h, n+1))
	require.NoError(t, err)
	want := stateOf(all)
	require.Len(t, want, n+1)
	require.Equal(t, top, want[n/2].ID)
	slices.Reverse(all)
	require.Equal(t, want, stateOf(all))
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	require.Equal(t, want, stateOf(all))
	for i := 1; i < n/2; i++ {
		require.Less(t, replicate.Stamp(want[i-1].ID).Compare(replicate.Stamp(want[i].ID)), 0)
	}
}

// stateOf returns the list that a state shows after these updates.
func stateOf(updates []*replicate.Update) elements {
	o := seq.JSON.New()
	for _, u := range updates {
		o.Apply(u, func(*replicate.Update) {})
	}
	return seq.Shown(o)
}

// take returns the first n of an object's updates.
func take(h *replicate.Handle, n int) pull.Source[*replicate.Update] {
	src := replicate.Watch(h, 0, func(u *replicate.Update) (*replicate.Update, error) { return u, nil })
	return through.Take(src, n)
}

// FuzzOp feeds any op to the check and, if it passes, to a list; what it
// parses to is written as it was.
func FuzzOp(f *testing.F) {
	s := newSite(f, 1)
	ids := s.push(f, 1, 2)
	require.NoError(f, s.l.Set(ids[0], 5))
	require.NoError(f, s.l.Move(ids[0], 1))
	_, err := s.l.Delete(ids[1])
	require.NoError(f, err)
	for _, u := range s.since(f, 0) {
		f.Add(u.Op())
	}
	f.Add("\x19\x01\x18" + strings.Repeat("a", 24) + "\x02\x28" + strings.Repeat("b", 40) + "null")
	f.Add("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x011")
	f.Add("\x00\x80\x001")
	f.Fuzz(func(t *testing.T, op string) {
		s := newSite(t, 1)
		s.push(t, 1, 2)
		if _, err := s.h.Write(op); err != nil {
			require.Error(t, seq.JSON.Check(op))
			return
		}
		require.Equal(t, op, seq.Reencode(op))
		list, err := seq.Open[json.RawMessage](s.r, "")
		require.NoError(t, err)
		for e, err := range list.All() {
			require.NoError(t, err)
			require.True(t, json.Valid(e.Value))
		}
		require.Equal(t, listOf(s.since(t, 0)), s.list())
		there := newSite(t, 2)
		there.pull(t, s)
		require.Equal(t, s.list(), there.list())
		s.push(t, 3)
		require.NoError(t, s.r.Flush(t.Context()))
	})
}

func TestMalformedOps(t *testing.T) {
	for _, op := range []string{
		"", "\x00", "\x80\x011", "\x201x", "\x10\x011", "\x00\x80", "\x00\x80\x00", "\x01", "\x01\x01", "\x21\x01",
		"\x22\x011", "\x23\x011", "\x24", "\x60", "\x28", "\x08\x01", "\x08\x01\x18abc", "\x08\x01\x03abc1",
		"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01", "\x00\x01", "\x20nul",
	} {
		require.Error(t, seq.JSON.Check(op), "%q", op)
	}
	typ := seq.TypeOf("seq/bytes")
	require.NoError(t, typ.Check("\x20nul"))
	require.Error(t, typ.Check("\x23\x01x"))
}
