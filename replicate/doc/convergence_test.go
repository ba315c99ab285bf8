package doc

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// row: 25 eventually-consistent, 38 streaming random
func TestConvergence(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types:  []replicate.Type{JSON},
		Open:   openSubject,
		Oracle: oracle,
		Reencode: func(s string) (string, error) {
			o, err := parseOp(s)
			if o.kind == opPlace {
				o.place = encodePlace(parsePlace(o.place))
			}
			return o.encode(), err
		},
	}, replicatetest.Config{})
}

// subject is a doc with three lists of rows, and what reads it.
type subject struct {
	r     *replicate.Replica
	d     *Doc[int]
	lists []*Sequence[int]
	set   *Set[int]
	odd   *Filtered[int]
}

// ids are of rows that come and go; others have new ids.
var ids = []string{"x", "y", "z"}

func openSubject(r *replicate.Replica) (replicatetest.Subject, error) {
	s, err := newSubject(r)
	if err != nil {
		return replicatetest.Subject{}, err
	}
	return replicatetest.Subject{Edit: s.edit, State: s.state, Follow: s.follow()}, nil
}

func newSubject(r *replicate.Replica) (s subject, err error) {
	s.r = r
	if s.d, err = Open[int](r, ""); err != nil {
		return s, err
	}
	for v := range 2 {
		q, err := s.d.Sequence("list", v)
		if err != nil {
			return s, err
		}
		s.lists = append(s.lists, q)
	}
	if s.set, err = s.d.Where("n", 1); err != nil {
		return s, err
	}
	s.odd = s.d.Filter(isOdd)
	return s, nil
}

func isOdd(r Row[int]) bool { return r.Fields["n"]%2 == 1 }

func (s subject) edit(rnd *rand.Rand) (err error) {
	id := ids[rnd.IntN(len(ids))]
	list := s.lists[rnd.IntN(len(s.lists))]
	other := ""
	if n := list.Len(); n > 0 && rnd.IntN(3) > 0 {
		row, err := list.At(rnd.IntN(n))
		if err != nil {
			return err
		}
		other = row.ID
	}
	n := map[string]int{"n": rnd.IntN(4)}
	there := s.d.Has(id)
	switch k := rnd.IntN(16); {
	case k == 0:
		n["m"] = rnd.IntN(4)
		err = s.d.Set(id, n)
	case k == 1:
		err = s.d.Set(id, map[string]int{"list": rnd.IntN(3)})
	case k == 2:
		err = s.d.Set(id, nil)
	case k <= 4:
		_, err = s.d.Remove(id)
	case k == 5:
		_, err = s.set.Remove(id)
	case k == 6:
		_, err = list.Remove(id)
	case k == 7 && s.d.Len() < 8:
		_, err = list.InsertBefore(other, n)
	case k == 8 && s.d.Len() < 8:
		_, err = list.InsertAfter(other, n)
	case k == 9 && list.Len() > 0:
		var row Row[int]
		if row, err = list.Pop(); err == nil && !slices.Contains(ids, row.ID) {
			_, err = s.d.Remove(row.ID)
		}
	case !there:
		err = s.again(id, n, list)
	case k == 10:
		err = s.set.Add(id)
	case k == 11:
		err = s.d.Unset(id, "m", "n")
	case k <= 13:
		err = list.MoveBefore(id, other)
	default:
		err = list.MoveAfter(id, other)
	}
	return err
}

// again makes a row and puts it last, in one transaction.
func (s subject) again(id string, fields map[string]int, list *Sequence[int]) error {
	tx := s.r.Begin()
	if _, err := s.d.In(tx).Remove(id); err != nil {
		return err
	}
	if err := s.d.In(tx).Set(id, fields); err != nil {
		return err
	}
	if err := list.In(tx).PushRow(id); err != nil {
		return err
	}
	_, err := tx.Commit()
	return err
}

func (s subject) state() string {
	var b strings.Builder
	for row, err := range s.d.All() {
		if err != nil {
			return err.Error()
		}
		b.WriteString(showRow(row))
	}
	for _, q := range s.lists {
		b.WriteString("\n" + idsOf(q.All()))
	}
	b.WriteString("\n" + idsOf(s.set.All()) + "\n" + idsOf(s.odd.All()))
	return b.String()
}

// followSet folds a live set, each motion as what it says it is.
func followSet(src pull.Source[Member[int]], all func() iter.Seq2[Row[int], error]) replicatetest.Follower {
	in := map[string]string{}
	f := replicatetest.Follow(src, func(m Member[int]) {
		if _, was := in[m.Row.ID]; was == (m.Motion == Enter) {
			in["wrong"] = m.Motion.String()
		}
		if in[m.Row.ID] = showRow(m.Row); m.Motion == Leave {
			delete(in, m.Row.ID)
		}
	}, func() string { return fmt.Sprint(in) })
	f.Want = func() string {
		now := map[string]string{}
		for row := range all() {
			now[row.ID] = showRow(row)
		}
		return fmt.Sprint(now)
	}
	return f
}

func showRow(row Row[int]) string {
	return fmt.Sprint(row.ID, row.Fields, " ")
}

func idsOf(rows func(func(Row[int], error) bool)) string {
	var all []string
	for row, err := range rows {
		if err != nil {
			return err.Error()
		}
		all = append(all, row.ID)
	}
	return strings.Join(all, " ")
}

func (s subject) follow() (all []replicatetest.Follower) {
	rows := map[string]Row[int]{}
	show := func() string {
		var b strings.Builder
		for _, id := range slices.Sorted(maps.Keys(rows)) {
			b.WriteString(showRow(rows[id]))
		}
		return b.String()
	}
	f := replicatetest.Follow(s.d.Changes(0), func(c Change[int]) {
		if rows[c.Row.ID] = c.Row; c.Removed {
			delete(rows, c.Row.ID)
		}
	}, show)
	f.Want = func() string { before, _, _ := strings.Cut(s.state(), "\n"); return before }
	all = append(all, f)
	for _, q := range s.lists {
		var list []Row[int]
		f := replicatetest.Follow(q.Changes(),
			func(b Batch[int]) { list = b.Apply(list) },
			func() string { return fmt.Sprint(list) })
		f.Want = func() string {
			var list []Row[int]
			for row := range q.All() {
				list = append(list, row)
			}
			return fmt.Sprint(list)
		}
		all = append(all, f)
	}
	return append(all, followSet(s.set.Changes(), s.set.All), followSet(s.odd.Changes(), s.odd.All))
}

// oracle goes by the words of the law: what was written in a life that a
// removal ended does not count, and of the rest the newest write does.
func oracle(updates []*replicate.Update) string {
	updates = slices.SortedFunc(slices.Values(updates), func(u, v *replicate.Update) int {
		return u.Stamp().Compare(v.Stamp())
	})
	ended := map[string]replicate.Time{}
	for _, u := range updates {
		if o, _ := parseOp(u.Op()); o.kind == opRemove {
			ended[o.row] = max(ended[o.row], u.Stamp().Time)
		}
	}
	type cellName struct {
		row, cell string
		place     bool
	}
	newest := map[cellName]*replicate.Update{}
	rows := map[string]map[string]string{}
	for _, u := range updates {
		o, _ := parseOp(u.Op())
		if o.kind == opRemove || u.Stamp().Time-replicate.Time(o.age) <= ended[o.row] {
			continue
		}
		newest[cellName{o.row, o.cell, o.kind == opPlace}] = u
		rows[o.row] = map[string]string{}
	}
	for name, u := range newest {
		if o, _ := parseOp(u.Op()); o.kind == opSet {
			rows[name.row][name.cell] = o.value
		}
	}
	all := slices.Sorted(maps.Keys(rows))
	var b strings.Builder
	for _, id := range all {
		fmt.Fprint(&b, id, rows[id], " ")
	}
	for _, v := range []string{"0", "1"} {
		places := map[string]string{}
		for _, id := range all {
			if rows[id]["list"] != v {
				continue
			}
			places[id] = entryPlace(newest[cellName{id, "list", false}].Stamp())
			if u := newest[cellName{id, cellOf("list", v), true}]; u != nil {
				o, _ := parseOp(u.Op())
				places[id] = o.place
			}
		}
		list := slices.SortedFunc(maps.Keys(places), func(a, b string) int {
			return cmp.Or(cmp.Compare(places[a], places[b]), cmp.Compare(a, b))
		})
		b.WriteString("\n" + strings.Join(list, " "))
	}
	return b.String() + "\n" + where(rows, "1") + "\n" + where(rows, "1", "3")
}

func where(rows map[string]map[string]string, values ...string) string {
	var in []string
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		if slices.Contains(values, rows[id]["n"]) {
			in = append(in, id)
		}
	}
	return strings.Join(in, " ")
}
