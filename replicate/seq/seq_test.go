package seq_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
)

// row: 28 seq simple
func TestEnds(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1, 2, 3)
	first, err := s.l.Unshift(0)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3}, s.values(t))

	there, err := s.l.Delete(ids[1])
	require.NoError(t, err)
	require.True(t, there)
	head := s.r.Head()
	there, err = s.l.Delete(ids[1])
	require.NoError(t, err)
	require.False(t, there)
	require.Equal(t, head, s.r.Head(), "deleting nothing writes nothing")

	e, err := s.l.Pop()
	require.NoError(t, err)
	require.Equal(t, seq.Element[int]{ID: ids[2], Value: 3}, e)
	e, err = s.l.Shift()
	require.NoError(t, err)
	require.Equal(t, seq.Element[int]{ID: first, Value: 0}, e)
	e, err = s.l.DeleteAt(0)
	require.NoError(t, err)
	require.Equal(t, seq.Element[int]{ID: ids[0], Value: 1}, e)

	require.Zero(t, s.l.Len())
	_, err = s.l.Pop()
	require.ErrorIs(t, err, seq.ErrNotFound)
	_, err = s.l.Shift()
	require.ErrorIs(t, err, seq.ErrNotFound)
	s.push(t, 7, 8)
	require.Equal(t, []int{7, 8}, s.values(t), "an emptied list goes on")
}

// row: 29 seq push
func TestNeighbours(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 10, 11, 12)
	for i, id := range ids {
		at, err := s.l.At(i)
		require.NoError(t, err)
		require.Equal(t, seq.Element[int]{ID: id, Value: 10 + i}, at)
		index, err := s.l.Index(id)
		require.NoError(t, err)
		require.Equal(t, i, index)
		v, err := s.l.Get(id)
		require.NoError(t, err)
		require.Equal(t, 10+i, v)

		if next, err := s.l.Next(id); i < 2 {
			require.NoError(t, err)
			require.Equal(t, ids[i+1], next.ID)
		} else {
			require.ErrorIs(t, err, seq.ErrNotFound)
		}
		if prev, err := s.l.Prev(id); i > 0 {
			require.NoError(t, err)
			require.Equal(t, ids[i-1], prev.ID)
		} else {
			require.ErrorIs(t, err, seq.ErrNotFound)
		}
	}
	first, err := s.l.Next(seq.ID{})
	require.NoError(t, err)
	require.Equal(t, ids[0], first.ID)
	last, err := s.l.Prev(seq.ID{})
	require.NoError(t, err)
	require.Equal(t, ids[2], last.ID)
}

// Every edit of one replica does what it does to a plain slice, and what is
// read by index, by name and from neighbour to neighbour agrees.
//
// row: 31 seq random, 42 r-array
func TestAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSite(t, 1)
		want := elements{}
		for step := range rapid.IntRange(1, 80).Draw(t, "steps") {
			want = edit(t, s, want, step)
			require.Equal(t, want, s.list())
			require.Equal(t, len(want), s.l.Len())
		}
		for i, e := range want {
			at, err := s.l.At(i)
			require.NoError(t, err)
			require.Equal(t, e.ID, at.ID)
			index, err := s.l.Index(e.ID)
			require.NoError(t, err)
			require.Equal(t, i, index)
		}
	})
}

// edit makes one random edit of a site, and the same of a slice.
func edit(t *rapid.T, s *site, list elements, v int) elements {
	n := len(list)
	add := func(i int, id seq.ID, err error) elements {
		require.NoError(t, err)
		return slices.Insert(list, i, seq.Element[string]{ID: id, Value: raw(v)})
	}
	take := func(i int, e seq.Element[int], err error) elements {
		require.NoError(t, err)
		require.Equal(t, list[i], seq.Element[string]{ID: e.ID, Value: raw(e.Value)})
		return slices.Delete(list, i, i+1)
	}
	i := rapid.IntRange(0, n).Draw(t, "index")
	what := rapid.IntRange(0, 12).Draw(t, "what")
	switch what {
	case 0:
		id, err := s.l.Push(v)
		return add(n, id, err)
	case 1:
		id, err := s.l.Unshift(v)
		return add(0, id, err)
	case 2:
		id, err := s.l.Insert(i, v)
		return add(i, id, err)
	}
	if n == 0 {
		return list
	}
	i = min(i, n-1)
	at, other := list[i], rapid.IntRange(0, n-1).Draw(t, "other")
	switch what {
	case 3:
		id, err := s.l.InsertBefore(at.ID, v)
		return add(i, id, err)
	case 4:
		id, err := s.l.InsertAfter(at.ID, v)
		return add(i+1, id, err)
	case 5:
		e, err := s.l.Pop()
		return take(n-1, e, err)
	case 6:
		e, err := s.l.Shift()
		return take(0, e, err)
	case 7:
		e, err := s.l.DeleteAt(i)
		return take(i, e, err)
	case 8:
		there, err := s.l.Delete(at.ID)
		require.NoError(t, err)
		require.True(t, there)
		return slices.Delete(list, i, i+1)
	case 9:
		require.NoError(t, s.l.Set(at.ID, v))
		list[i].Value = raw(v)
		return list
	case 10:
		require.NoError(t, s.l.Move(at.ID, other))
		return slices.Insert(slices.Delete(list, i, i+1), other, at)
	}
	to := moveTo(t, s, what, at, list[other])
	if i == other {
		return list
	}
	list = slices.Delete(list, i, i+1)
	return slices.Insert(list, slices.Index(list, to)+what-11, at)
}

// moveTo moves an element before (11) or behind (12) another.
func moveTo(t *rapid.T, s *site, what int, e, other seq.Element[string]) seq.Element[string] {
	if what == 11 {
		require.NoError(t, s.l.MoveBefore(e.ID, other.ID))
	} else {
		require.NoError(t, s.l.MoveAfter(e.ID, other.ID))
	}
	return other
}

func TestMoveToTheEnds(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1, 2, 3)
	require.NoError(t, s.l.MoveBefore(ids[0], seq.ID{}))
	require.Equal(t, []int{2, 3, 1}, s.values(t))
	require.NoError(t, s.l.MoveAfter(ids[2], seq.ID{}))
	require.Equal(t, []int{3, 2, 1}, s.values(t))
	head := s.r.Head()
	for i, id := range []seq.ID{ids[2], ids[1], ids[0]} {
		require.NoError(t, s.l.Move(id, i))
		require.NoError(t, s.l.MoveBefore(id, id))
		require.NoError(t, s.l.MoveAfter(id, id))
	}
	require.NoError(t, s.l.MoveAfter(ids[2], seq.ID{}))
	require.NoError(t, s.l.MoveBefore(ids[0], seq.ID{}))
	require.NoError(t, s.l.MoveBefore(ids[2], ids[1]))
	require.NoError(t, s.l.MoveAfter(ids[1], ids[2]))
	require.Equal(t, head, s.r.Head(), "moving nothing writes nothing")
}

func TestWhatIsNotThere(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1, 2)
	there, err := s.l.Delete(ids[0])
	require.True(t, there && err == nil)
	other := newSite(t, 2).push(t, 9)[0]
	head := s.r.Head()
	for _, id := range []seq.ID{ids[0], other, {Time: 1, Author: "x"}} {
		_, err := s.l.Get(id)
		assert.ErrorIs(t, err, seq.ErrNotFound)
		_, err = s.l.Index(id)
		assert.ErrorIs(t, err, seq.ErrNotFound)
		_, err = s.l.Next(id)
		assert.ErrorIs(t, err, seq.ErrNotFound)
		_, err = s.l.Prev(id)
		assert.ErrorIs(t, err, seq.ErrNotFound)
		_, err = s.l.InsertBefore(id, 1)
		assert.ErrorIs(t, err, seq.ErrNotFound)
		got, err := s.l.InsertAfter(id, 1)
		assert.ErrorIs(t, err, seq.ErrNotFound)
		assert.Zero(t, got)
		assert.ErrorIs(t, s.l.Set(id, 1), seq.ErrNotFound)
		assert.ErrorIs(t, s.l.Move(id, 0), seq.ErrNotFound)
		assert.ErrorIs(t, s.l.MoveBefore(id, ids[1]), seq.ErrNotFound)
		assert.ErrorIs(t, s.l.MoveAfter(ids[1], id), seq.ErrNotFound)
	}
	assert.Equal(t, head, s.r.Head())
	assert.Equal(t, []int{2}, s.values(t))
}

func TestIndexOutOfRange(t *testing.T) {
	s := newSite(t, 1)
	id := s.push(t, 1, 2)[0]
	for _, i := range []int{-1, 2, 3} {
		want := &seq.IndexError{Index: i, Len: 2}
		_, err := s.l.At(i)
		assert.Equal(t, want, err)
		assert.ErrorIs(t, err, seq.ErrIndex)
		_, err = s.l.DeleteAt(i)
		assert.Equal(t, want, err)
		assert.Equal(t, want, s.l.Move(id, i))
		if i != 2 {
			_, err = s.l.Insert(i, 0)
			assert.Equal(t, want, err)
		}
	}
	_, err := s.l.At(7)
	assert.EqualError(t, err, "seq: index 7 is out of range in a list of 2")
}

func TestValueOfAnotherType(t *testing.T) {
	s := newSite(t, 1)
	ids := s.push(t, 1, 2)
	text, err := seq.Open[string](s.r, "")
	require.NoError(t, err)
	var want *json.UnmarshalTypeError
	_, err = text.Get(ids[0])
	require.ErrorAs(t, err, &want)
	for e, err := range text.All() {
		require.ErrorAs(t, err, &want)
		require.Contains(t, ids, e.ID)
	}
	_, err = text.Changes(0)(t.Context())
	require.ErrorAs(t, err, &want)
	e, err := text.Pop()
	require.ErrorAs(t, err, &want)
	require.Equal(t, ids[1], e.ID)
	require.Equal(t, []int{1}, s.values(t), "it is deleted all the same")
}

func TestUnencodableValue(t *testing.T) {
	s := newSite(t, 1)
	l, err := seq.Open[any](s.r, "")
	require.NoError(t, err)
	id := s.push(t, 1)[0]
	_, err = l.Push(func() {})
	require.Error(t, err)
	require.Error(t, l.Set(id, func() {}))
	require.Equal(t, []int{1}, s.values(t))
}

func TestTooLarge(t *testing.T) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{seq.JSON}})
	l, err := seq.Open[string](r, "")
	require.NoError(t, err)
	_, err = l.Push(strings.Repeat("v", replicate.MaxUpdate))
	require.ErrorIs(t, err, replicate.ErrTooLarge)
	id, err := l.Push(strings.Repeat("v", replicate.MaxUpdate-8))
	require.NoError(t, err)
	require.ErrorIs(t, l.Set(id, strings.Repeat("v", replicate.MaxUpdate)), replicate.ErrTooLarge)
	require.Equal(t, 1, l.Len())
}

func TestOpenNeedsTheType(t *testing.T) {
	_, err := seq.Open[int](replicate.New(replicate.Config{}), "")
	require.ErrorIs(t, err, replicate.ErrUnknownType)
}

func TestOwnCodec(t *testing.T) {
	typ := seq.TypeOf("seq/bytes")
	r := replicate.New(replicate.Config{Types: []replicate.Type{typ}})
	l, err := seq.OpenWith(r, "raw", replicate.Codec[string]{
		Type:   typ,
		Encode: func(s string) ([]byte, error) { return []byte(s), nil },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	})
	require.NoError(t, err)
	for _, want := range []string{"\xff\x00 not JSON", ""} {
		id, err := l.Push(want)
		require.NoError(t, err)
		got, err := l.Get(id)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// Two lists have nothing in common, also when one is edited while the other
// is read. The original's lists share variables of their module.
func TestTwoListsAtOnce(t *testing.T) {
	s := newSite(t, 1)
	other, err := seq.Open[int](s.r, "other")
	require.NoError(t, err)
	s.push(t, 1, 2, 3)
	for e, err := range s.l.All() {
		require.NoError(t, err)
		_, err = other.Unshift(e.Value)
		require.NoError(t, err)
		require.NoError(t, s.l.Set(e.ID, -e.Value))
	}
	require.Equal(t, []int{-1, -2, -3}, s.values(t))
	require.Equal(t, 3, other.Len())
	e, err := other.At(0)
	require.NoError(t, err)
	require.Equal(t, 3, e.Value)
}

func TestIDText(t *testing.T) {
	ids := newSite(t, 250).push(t, 1)
	ids = append(ids, seq.ID{Time: 1<<64 - 1, Author: replicate.Author(strings.Repeat("\xff", 40))})
	for _, id := range ids {
		got, err := seq.ParseID(id.String())
		require.NoError(t, err)
		require.Equal(t, id, got)
		b, err := json.Marshal(map[seq.ID]seq.ID{id: id})
		require.NoError(t, err)
		var back map[seq.ID]seq.ID
		require.NoError(t, json.Unmarshal(b, &back))
		require.Equal(t, map[seq.ID]seq.ID{id: id}, back)
	}
	text := ids[0].String()
	require.Equal(t, "01a3185c50000000-fa"+strings.Repeat("00", 15)+strings.Repeat("fa", 8), text)
	require.Len(t, text, 65)
	for _, bad := range []string{"", "-", "x", text[1:], text[:64], text + "0", text + "00", strings.ToUpper(text),
		strings.Replace(text, "-", "", 1), text[:20] + "g" + text[21:], text[:20] + "-" + text[21:], text + "\n",
		seq.ID{}.String(), seq.ID{Time: 5, Author: "short"}.String(), strings.Repeat("a", 1<<20)} {
		id, err := seq.ParseID(bad)
		require.ErrorIs(t, err, seq.ErrMalformedID, bad)
		require.Zero(t, id)
		require.Less(t, len(err.Error()), 200)
		kept := ids[0]
		require.ErrorIs(t, kept.UnmarshalText([]byte(bad)), seq.ErrMalformedID)
		require.Equal(t, ids[0], kept)
	}
}
