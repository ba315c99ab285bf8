package doc

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/orders"
)

// at opens a doc of a replica whose wall clock is what the pointer says.
func at(t testing.TB, now *time.Time) (*replicate.Replica, *Doc[any]) {
	r := replicate.New(replicate.Config{
		Types: []replicate.Type{JSON}, Now: func() time.Time { return *now },
	})
	d, err := Open[any](r, "")
	require.NoError(t, err)
	return r, d
}

// two returns two docs of two replicas, and their clock.
func two(t testing.TB) (a, b *replicate.Replica, x, y *Doc[any], now *time.Time) {
	clock := time.UnixMilli(1e12)
	now = &clock
	a, x = at(t, now)
	b, y = at(t, now)
	return a, b, x, y, now
}

func remove(t testing.TB, d *Doc[any], id string) {
	t.Helper()
	removed, err := d.Remove(id)
	require.NoError(t, err)
	require.True(t, removed)
}

// Of one row, the newest write of each field counts, whoever writes.
func TestFieldsMerge(t *testing.T) {
	a, b, x, y, now := two(t)
	require.NoError(t, x.Set("r", m{"a": 1, "b": 1, "c": 1}))
	exchange(t, a, b)
	require.NoError(t, x.Set("r", m{"a": 2, "b": 2}))
	*now = now.Add(time.Second)
	require.NoError(t, y.Set("r", m{"b": 3}))
	require.NoError(t, y.Unset("r", "c"))
	exchange(t, a, b)
	want := m{"a": 2.0, "b": 3.0}
	require.Equal(t, want, fields(t, x, "r"))
	require.Equal(t, want, fields(t, y, "r"))
}

// A removal wins over a change that its author had not seen, be it later or
// earlier; no half of the row comes back.
func TestRemovalWinsOverConcurrentChange(t *testing.T) {
	for _, later := range []bool{false, true} {
		a, b, x, y, now := two(t)
		require.NoError(t, x.Set("r", m{"text": "beer", "done": false}))
		exchange(t, a, b)
		if later {
			remove(t, x, "r")
			*now = now.Add(time.Second)
			require.NoError(t, y.Set("r", m{"done": true}))
		} else {
			require.NoError(t, y.Set("r", m{"done": true}))
			*now = now.Add(time.Second)
			remove(t, x, "r")
		}
		exchange(t, a, b)
		require.Nil(t, fields(t, x, "r"))
		require.Nil(t, fields(t, y, "r"))
		require.Equal(t, 1, a.Len(), "the change is gone for good")
	}
}

// Who writes after seeing the removal makes the row anew.
func TestRowMadeAnew(t *testing.T) {
	a, b, x, y, _ := two(t)
	require.NoError(t, x.Set("r", m{"text": "beer", "done": true}))
	exchange(t, a, b)
	remove(t, x, "r")
	exchange(t, a, b)
	require.NoError(t, y.Set("r", m{"text": "wine"}))
	exchange(t, a, b)
	require.Equal(t, m{"text": "wine"}, fields(t, x, "r"))
}

// Of a removal and a row with the same id that its author never knew, the later
// wins, all of it, also what others then wrote in it.
func TestRemovalOfAnotherLife(t *testing.T) {
	a, b, x, y, now := two(t)
	require.NoError(t, x.Set("milk", m{"text": "old"}))
	remove(t, x, "milk")
	*now = now.Add(time.Second)
	require.NoError(t, y.Set("milk", m{"text": "new", "n": 1}))
	*now = now.Add(time.Second)
	require.NoError(t, y.Set("milk", m{"n": 2}))
	exchange(t, a, b)
	require.Equal(t, m{"text": "new", "n": 2.0}, fields(t, x, "milk"))

	a, b, x, y, now = two(t)
	require.NoError(t, y.Set("milk", m{"text": "old", "n": 1}))
	*now = now.Add(time.Second)
	require.NoError(t, x.Set("milk", m{"text": "other"}))
	remove(t, x, "milk")
	*now = now.Add(time.Second)
	require.NoError(t, y.Set("milk", m{"n": 2}))
	exchange(t, a, b)
	require.Nil(t, fields(t, y, "milk"), "it was made before the removal")
}

// A row is removed whole even if the removal's time falls among those of the
// transaction that made it.
func TestNoHalfRow(t *testing.T) {
	for range 20 {
		a, b, x, y, _ := two(t)
		require.NoError(t, x.Set("r", m{"z": 0})) // the clocks tick together
		remove(t, x, "r")
		require.NoError(t, y.Set("r", m{"a": 1, "b": 1, "c": 1, "d": 1}))
		exchange(t, a, b)
		require.Contains(t, []int{0, 4}, len(fields(t, x, "r")))
		require.Equal(t, fields(t, x, "r"), fields(t, y, "r"))
	}
}

// A life that began at the very time of a removal is ended by it, whichever comes
// first.
func TestRemovalOfTheSameTime(t *testing.T) {
	a, b, x, y, _ := two(t)
	require.NoError(t, x.Set("r", m{"f": 1}))
	require.NoError(t, y.Set("other", m{"f": 1}))
	remove(t, x, "r")
	require.NoError(t, y.Set("r", m{"f": 2}))
	require.Equal(t, a.Clock()[a.Author()], b.Clock()[b.Author()])
	require.NoError(t, a.Write(t.Context(), b.Read(a.Clock()))) // the removal is there first
	exchange(t, a, b)
	require.Nil(t, fields(t, x, "r"))
	require.Nil(t, fields(t, y, "r"))
}

// Two rows made with one id are one row. If the life of one is removed, the
// other's writes count again, though older than what was removed.
func TestRowMadeTwice(t *testing.T) {
	now := time.UnixMilli(1e12)
	a, x := at(t, &now)
	b, y := at(t, &now)
	c, z := at(t, &now)
	require.NoError(t, x.Set("r", m{"f": "of the old life"}))
	now = now.Add(time.Second)
	exchange(t, a, c)
	now = now.Add(time.Second)
	require.NoError(t, y.Set("r", m{"f": "of the new life", "g": 1}))
	late := now.Add(time.Second)
	now = now.Add(-time.Millisecond)
	remove(t, z, "r") // before the new life began
	now = late
	require.NoError(t, x.Set("r", m{"f": "late, in the old life"}))
	exchange(t, a, b)
	require.Equal(t, m{"f": "late, in the old life", "g": 1.0}, fields(t, y, "r"), "one row")
	exchange(t, a, b, c)
	for _, d := range []*Doc[any]{x, y, z} {
		require.Equal(t, m{"f": "of the new life", "g": 1.0}, fields(t, d, "r"))
	}
}

// The state is a function of the set of updates and of the live ones alone,
// each of which stands alone for what it replaces.
func TestLaws(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 7))
		docs := map[*replicate.Replica]subject{}
		updates := orders.History(t, rng, JSON, 3, 4+int(seed%8), func(r *replicate.Replica) {
			s, ok := docs[r]
			if !ok {
				var err error
				s, err = newSubject(r)
				require.NoError(t, err)
				docs[r] = s
			}
			require.NoError(t, s.edit(rng))
		})
		orders.Case{Type: JSON, Show: showState, Oracle: oracle}.Check(t, rng, updates)
	}
}

// showState shows a state as subject.state does.
func showState(o replicate.Object) string {
	s := o.(*state)
	rows := map[string]map[string]string{}
	for id, r := range s.rows {
		if !r.exists() {
			continue
		}
		rows[id] = map[string]string{}
		for _, u := range r.copy().fields {
			o, _ := parseOp(u.Op())
			rows[id][o.cell] = o.value
		}
	}
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprint(&b, id, rows[id], " ")
	}
	for _, v := range []string{"0", "1"} {
		var list []string
		s.index(indexName{"list", true}).tree(v).each(func(r *row) { list = append(list, r.id) })
		b.WriteString("\n" + strings.Join(list, " "))
	}
	return b.String() + "\n" + where(rows, "1") + "\n" + where(rows, "1", "3")
}
