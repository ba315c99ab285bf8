package doc

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// listed opens the sequence of the rows whose list is todo.
func listed(t testing.TB, d *Doc[any]) *Sequence[any] {
	q, err := d.Sequence("list", "todo")
	require.NoError(t, err)
	return q
}

// texts returns the texts of the rows, in order.
func texts(t testing.TB, q *Sequence[any]) (all []string) {
	for row, err := range q.All() {
		require.NoError(t, err)
		all = append(all, fmt.Sprint(row.Fields["text"]))
	}
	require.Equal(t, len(all), q.Len())
	return all
}

// push makes a row with a text at the end.
func push(t testing.TB, q *Sequence[any], text string) string {
	id, err := q.Push(m{"text": text})
	require.NoError(t, err)
	return id
}

// Sequences are those that a row was put into, and is in.
func TestSequences(t *testing.T) {
	_, d := open[any](t)
	names := func() (all []string) {
		for _, q := range d.Sequences() {
			value, err := q.Value()
			require.NoError(t, err)
			all = append(all, fmt.Sprint(q.Field(), "=", value, " ", texts(t, q)))
		}
		return all
	}
	require.NoError(t, d.Set("x", m{"list": "done", "text": "x"}))
	require.Empty(t, names(), "it only entered")
	todo := listed(t, d)
	push(t, todo, "a")
	require.NoError(t, todo.UnshiftRow("x"))
	prio, err := d.Sequence("a", 3)
	require.NoError(t, err)
	require.NoError(t, prio.PushRow("x"))
	require.Equal(t, []string{"a=3 [x]", "list=todo [x a]"}, names())
	require.NoError(t, d.Set("x", m{"list": "done"}))
	require.Equal(t, []string{"a=3 [x]", "list=todo [a]"}, names())
	remove(t, d, "x")
	require.Equal(t, []string{"list=todo [a]"}, names())
}

// row: 28 seq simple, 29 push
func TestSequence(t *testing.T) {
	_, d := open[any](t)
	q := listed(t, d)
	b := push(t, q, "b")
	a, err := q.Unshift(m{"text": "a"})
	require.NoError(t, err)
	d1, err := q.InsertAfter(b, m{"text": "d"})
	require.NoError(t, err)
	c, err := q.InsertBefore(d1, m{"text": "c"})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c", "d"}, texts(t, q))
	for i, id := range []string{a, b, c, d1} {
		row, err := q.At(i)
		require.NoError(t, err)
		require.Equal(t, id, row.ID)
		require.True(t, q.Has(id))
		at, err := q.Index(id)
		require.NoError(t, err)
		require.Equal(t, i, at)
		if next, err := q.Next(id); i < 3 {
			require.NoError(t, err)
			prev, err := q.Prev(next.ID)
			require.NoError(t, err)
			require.Equal(t, id, prev.ID)
		} else {
			require.ErrorIs(t, err, ErrNotFound)
		}
	}
	first, err := q.Next("")
	require.NoError(t, err)
	last, err := q.Prev("")
	require.NoError(t, err)
	require.Equal(t, []string{a, d1}, []string{first.ID, last.ID})

	require.NoError(t, q.MoveBefore(d1, a))
	require.NoError(t, q.MoveAfter(a, c))
	require.NoError(t, q.MoveAfter(a, a))
	require.Equal(t, []string{"d", "b", "c", "a"}, texts(t, q))
	require.NoError(t, q.PushRow(b))
	require.NoError(t, q.UnshiftRow(c))
	require.Equal(t, []string{"c", "d", "a", "b"}, texts(t, q))

	row, err := q.Pop()
	require.NoError(t, err)
	require.Equal(t, Row[any]{b, m{"text": "b", "list": "todo"}}, row)
	row, err = q.Shift()
	require.NoError(t, err)
	require.Equal(t, c, row.ID)
	require.Equal(t, m{"text": "c"}, fields(t, d, c), "it stays in the doc")
	removed, err := q.Remove(d1)
	require.NoError(t, err)
	require.True(t, removed)
	remove(t, d, a)
	require.Empty(t, texts(t, q))
	require.Equal(t, 3, d.Len())
	_, err = q.Pop()
	require.ErrorIs(t, err, ErrNotFound)
}

func TestSequenceErrors(t *testing.T) {
	r, d := open[any](t)
	q := listed(t, d)
	a := push(t, q, "a")
	require.NoError(t, d.Set("out", nil))
	head := r.Head()
	for _, i := range []int{-1, 1} {
		_, err := q.At(i)
		require.ErrorIs(t, err, ErrIndex)
	}
	for _, other := range []string{"out", "never there"} {
		_, err := q.InsertBefore(other, m{"text": "x"})
		require.ErrorIs(t, err, ErrNotFound)
		require.ErrorIs(t, q.MoveAfter(a, other), ErrNotFound)
		_, err = q.Next(other)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = q.Index(other)
		require.ErrorIs(t, err, ErrNotFound)
		removed, err := q.Remove(other)
		require.NoError(t, err)
		require.False(t, removed)
	}
	require.ErrorIs(t, q.PushRow("never there"), ErrNotFound)
	require.ErrorIs(t, q.Add("never there"), ErrNotFound)
	require.Equal(t, head, r.Head())

	tx := r.Begin()
	require.NoError(t, q.In(tx).PushRow("out"))
	require.NoError(t, q.In(tx).PushRow("never there"))
	_, err := tx.Commit()
	require.ErrorIs(t, err, ErrNotFound)
	require.False(t, q.Has("out"), "nothing of the transaction")
	require.Equal(t, []string{"a"}, texts(t, q))
}

// row: 31 random
func TestRandomEditsAsOfASlice(t *testing.T) {
	r, d := open[any](t)
	q := listed(t, d)
	src := q.Changes()
	var want []string
	var copied []Row[any]
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range 2000 {
		n := len(want)
		at := rnd.IntN(n + 1)
		switch k := rnd.IntN(10); {
		case k < 4 || n == 0:
			other := ""
			if at < n {
				other = want[at]
			}
			id, err := q.InsertBefore(other, m{"text": i})
			require.NoError(t, err)
			want = slices.Insert(want, at, id)
		case k < 6:
			id := want[rnd.IntN(n)]
			other := want[rnd.IntN(n)]
			require.NoError(t, q.MoveAfter(id, other))
			if id != other {
				want = slices.DeleteFunc(want, func(s string) bool { return s == id })
				want = slices.Insert(want, slices.Index(want, other)+1, id)
			}
		case k == 6:
			row, err := q.Pop()
			require.NoError(t, err)
			require.Equal(t, want[n-1], row.ID)
			want = want[:n-1]
		case k == 7:
			row, err := q.Shift()
			require.NoError(t, err)
			require.Equal(t, want[0], row.ID)
			want = want[1:]
		case k == 8:
			remove(t, d, want[at%n])
			want = slices.Delete(want, at%n, at%n+1)
		default:
			require.NoError(t, d.Set(want[at%n], m{"text": i}))
		}
		if i%100 == 99 {
			require.NoError(t, d.Set("end", m{"n": i}))
			b, err := src(t.Context())
			require.NoError(t, err)
			copied = b.Apply(copied)
			require.Equal(t, want, idList(copied))
		}
	}
	require.NoError(t, pull.Abort(src, nil))
	var all []Row[any]
	for row, err := range q.All() {
		require.NoError(t, err)
		all = append(all, row)
	}
	require.Equal(t, want, idList(all))
	require.Equal(t, copied, all)
	other, e := open[any](t)
	exchange(t, r, other)
	require.Equal(t, texts(t, q), texts(t, listed(t, e)))
}

func idList(rows []Row[any]) (all []string) {
	for _, row := range rows {
		all = append(all, row.ID)
	}
	return all
}

// A row moves to another list in one transaction, and takes the newer place if
// two move it.
func TestMoveBetweenLists(t *testing.T) {
	a, b, x, y, now := two(t)
	todo, other := listed(t, x), listed(t, y)
	done, err := x.Sequence("list", "done")
	require.NoError(t, err)
	beer, wine := push(t, todo, "beer"), push(t, todo, "wine")
	push(t, todo, "milk")
	exchange(t, a, b)
	head := a.Head()
	require.NoError(t, done.PushRow(beer))
	require.Equal(t, head+1, a.Head(), "one place in the log")
	*now = now.Add(time.Second)
	require.NoError(t, other.MoveAfter(beer, wine))
	exchange(t, a, b)
	require.Equal(t, []string{"wine", "milk"}, texts(t, other), "it stayed in the list for who only moved it")
	require.Equal(t, []string{"beer"}, texts(t, done))

	// Back by a plain write it is where it was put last.
	require.NoError(t, y.Set(beer, m{"list": "todo"}))
	exchange(t, a, b)
	require.Equal(t, []string{"wine", "beer", "milk"}, texts(t, todo))
}

// A row that two move at once to two lists, not knowing of each other, is in one
// of them: where the later put it.
func TestMoveToTwoListsAtOnce(t *testing.T) {
	a, b, x, y, now := two(t)
	todo := listed(t, x)
	beer := push(t, todo, "beer")
	exchange(t, a, b)
	done, err := x.Sequence("list", "done")
	require.NoError(t, err)
	require.NoError(t, done.PushRow(beer))
	*now = now.Add(time.Second)
	never, err := y.Sequence("list", "never")
	require.NoError(t, err)
	require.NoError(t, never.PushRow(beer))
	exchange(t, a, b)
	for _, d := range []*Doc[any]{x, y} {
		for _, name := range []string{"todo", "done", "never"} {
			q, err := d.Sequence("list", name)
			require.NoError(t, err)
			require.Equal(t, name == "never", q.Len() == 1, name)
		}
	}
}

// Rows that enter by a plain write come last, in the order in which they came,
// and what is pushed then is behind them.
func TestPlainEntry(t *testing.T) {
	_, d := open[any](t)
	q := listed(t, d)
	push(t, q, "a")
	for _, id := range []string{"z", "y", "x"} {
		require.NoError(t, d.Set(id, m{"text": id, "list": "todo"}))
	}
	push(t, q, "b")
	_, err := q.InsertBefore("x", m{"text": "c"})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "z", "y", "c", "x", "b"}, texts(t, q))
	require.NoError(t, q.MoveBefore("y", "z"))
	require.Equal(t, []string{"a", "y", "z", "c", "x", "b"}, texts(t, q))
}

// row: 30 collision
//
// Rows that share a place, as only another program makes them, are in the same
// order everywhere; what is inserted between goes behind them, and nobody writes
// but who inserts.
func TestSharedPlace(t *testing.T) {
	a, b, x, y, _ := two(t)
	place := encodePlace([]step{{tag: "xxxxx"}})
	h, err := a.Open(replicate.ObjectName{Type: JSON.Tag})
	require.NoError(t, err)
	for _, id := range []string{"c", "a", "b"} {
		require.NoError(t, x.Set(id, m{"text": id, "list": "todo"}))
		err := compose(h, func(replicate.Draft, *state) (op, error) {
			return op{kind: opPlace, row: id, cell: cellOf("list", `"todo"`), place: place}, nil
		})
		require.NoError(t, err)
	}
	exchange(t, a, b)
	require.Equal(t, []string{"a", "b", "c"}, texts(t, listed(t, x)))
	head := a.Head()
	q := listed(t, y)
	_, err = q.InsertAfter("a", m{"text": "d"})
	require.NoError(t, err)
	require.NoError(t, q.MoveBefore("c", "b"))
	exchange(t, a, b)
	require.Equal(t, []string{"a", "b", "c", "d"}, texts(t, listed(t, x)))
	require.Equal(t, texts(t, q), texts(t, listed(t, x)))
	require.Equal(t, head+2, a.Head(), "what was inserted and what was moved")
}

// What two insert at one place is neither mixed nor lost.
func TestConcurrentInsertions(t *testing.T) {
	a, b, x, y, now := two(t)
	p, q := listed(t, x), listed(t, y)
	push(t, p, "first")
	last := push(t, p, "last")
	exchange(t, a, b)
	for i := range 5 {
		_, err := p.InsertBefore(last, m{"text": fmt.Sprint("a", i)})
		require.NoError(t, err)
		*now = now.Add(time.Millisecond)
		_, err = q.InsertBefore(last, m{"text": fmt.Sprint("b", i)})
		require.NoError(t, err)
	}
	exchange(t, a, b)
	got := texts(t, p)
	require.Equal(t, got, texts(t, q))
	as, bs := []string{"a0", "a1", "a2", "a3", "a4"}, []string{"b0", "b1", "b2", "b3", "b4"}
	require.Contains(t, [][]string{slices.Concat(as, bs), slices.Concat(bs, as)}, got[1:11])
}
