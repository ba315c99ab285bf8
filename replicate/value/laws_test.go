package value

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/orders"
)

// The state is what a plain function makes of the set of writes, in every
// order, with duplicates, and of what is live of them alone.
func TestValueConverges(t *testing.T) {
	for _, keep := range []int{1, 2, 3, 10} {
		typ := JSON
		if keep > 1 {
			typ = Keep(JSON, keep)
		}
		converges(t, orders.Case{
			Type:   typ,
			Show:   func(o replicate.Object) string { return show(o.(*last).shown()) },
			Oracle: func(set []*replicate.Update) string { return newest(set, keep) },
		}, func(r *replicate.Replica, n int) error {
			v, err := OpenWith(r, "", replicate.JSON[int](typ))
			require.NoError(t, err)
			return v.Set(n)
		})
	}
}

// A floor changes nothing that is shown where all that its author knew is there:
// the history is the newest writes, of all that were made.
func TestHistoryIsTheNewest(t *testing.T) {
	const keep = 3
	typ := Keep(JSON, keep)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 200 {
		written := orders.History(t, rng, typ, 2+i%3, 20, func(r *replicate.Replica) {
			v, err := OpenWith(r, "", replicate.JSON[int](typ))
			require.NoError(t, err)
			require.NoError(t, v.Set(i))
		})
		s := typ.New().(*last)
		rng.Shuffle(len(written), func(i, j int) { written[i], written[j] = written[j], written[i] })
		for _, u := range written {
			s.Apply(u, func(*replicate.Update) {})
		}
		require.Equal(t, byStamp(written)[20-keep:], s.shown())
	}
}

// Of a Multi, what no other write has seen is shown.
func TestMultiConverges(t *testing.T) {
	converges(t, orders.Case{
		Type:   MultiJSON,
		Show:   func(o replicate.Object) string { return show(o.(*all).live) },
		Oracle: func(set []*replicate.Update) string { return show(unseen(set)) },
	}, func(r *replicate.Replica, n int) error {
		m, err := OpenMulti[int](r, "")
		require.NoError(t, err)
		return m.Set(n)
	})
}

func converges(t *testing.T, c orders.Case, set func(*replicate.Replica, int) error) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		n := 0
		written := orders.History(t, rng, c.Type, 2+i%3, 2+i%12, func(r *replicate.Replica) {
			n++
			require.NoError(t, set(r, n))
		})
		c.Check(t, rng, written)
	}
}

// newest shows the newest writes, of those that are below no floor.
func newest(set []*replicate.Update, keep int) string {
	set = byStamp(set)
	kept := slices.DeleteFunc(slices.Clone(set), func(u *replicate.Update) bool {
		return keep > 1 && slices.ContainsFunc(set, func(w *replicate.Update) bool {
			return floorOf(w) > u.Stamp().Time
		})
	})
	return show(kept[max(0, len(kept)-keep):])
}

// unseen returns the writes that no other has seen.
func unseen(set []*replicate.Update) []*replicate.Update {
	return slices.DeleteFunc(byStamp(set), func(u *replicate.Update) bool {
		return slices.ContainsFunc(set, func(w *replicate.Update) bool {
			return slices.ContainsFunc(seenBy(w), func(s replicate.Stamp) bool {
				return s.Author == u.Stamp().Author && s.Time >= u.Stamp().Time
			})
		})
	})
}

func byStamp(set []*replicate.Update) []*replicate.Update {
	return slices.SortedFunc(slices.Values(set), func(u, v *replicate.Update) int {
		return u.Stamp().Compare(v.Stamp())
	})
}

func show(updates []*replicate.Update) string {
	var b strings.Builder
	for _, u := range updates {
		fmt.Fprintf(&b, "%s by %s\n", u.Op(), u.Stamp())
	}
	return b.String()
}

// Two writes that claim to have seen each other do not both vanish, and leave
// the same in every order.
func TestMultiClaimsOfEachOther(t *testing.T) {
	var reps [2]*replicate.Replica
	var multis [2]*Multi[int]
	for i := range reps {
		reps[i] = replicate.New(replicate.Config{
			Types: []replicate.Type{MultiJSON},
			Now:   func() time.Time { return time.UnixMilli(1e12) },
		})
		var err error
		multis[i], err = OpenMulti[int](reps[i], "")
		require.NoError(t, err)
	}
	var written []*replicate.Update
	for i, m := range multis {
		other := string(reps[1-i].Author())
		written = append(written, orders.Written(t, reps[i], func() {
			_, err := m.h.Write("\x01\x18" + other + "\x001")
			require.NoError(t, err)
		})...)
	}
	require.Equal(t, written[0].Stamp().Time, written[1].Stamp().Time)
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		s := new(all)
		for _, i := range order {
			s.Apply(written[i], func(*replicate.Update) {})
		}
		require.Len(t, s.live, 1)
		require.Equal(t, byStamp(written)[1], s.live[0])
	}
}

// FuzzOp feeds any op to the checks and, if it passes, to a replica.
func FuzzOp(f *testing.F) {
	f.Add("\x01\"x\"", "\x01null")
	f.Add("\x02\x051", "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x012")
	f.Add("\x001", "\x01\x00\x052")
	f.Add("\x02\x00\x01\x18"+strings.Repeat("a", 24)+"\xff\x013", "\x01\x18"+strings.Repeat("b", 24)+"\x002")
	f.Add("\xff\xff\xff\xff\x0f\x00\x01", "")
	f.Fuzz(func(t *testing.T, op, next string) {
		r := replicate.New(replicate.Config{Types: []replicate.Type{JSON, MultiJSON}})
		v, err := Open[json.RawMessage](r, "")
		require.NoError(t, err)
		m, err := OpenMulti[json.RawMessage](r, "")
		require.NoError(t, err)
		single, multi := 0, 0
		for _, op := range []string{op, next} {
			if _, err := v.h.Write(op); err == nil {
				single++
			}
			if _, err := m.h.Write(op); err == nil {
				multi++
			}
		}
		if _, err := v.Get(); single > 0 {
			require.NoError(t, err)
		}
		writes, err := m.Get()
		require.NoError(t, err)
		require.Equal(t, min(multi, 1), min(len(writes), 1))
		require.NoError(t, m.Set(json.RawMessage("1")))
	})
}
