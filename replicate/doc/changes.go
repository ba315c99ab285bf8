package doc

import (
	"context"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// A Change is a row that was written.
type Change[V any] struct {
	Row     Row[V]          // as it is now, without fields if Removed
	Removed bool            // it is not there, or no more
	Fields  []string        // that were written or unset; not those that a removal took
	Stamp   replicate.Stamp // of the newest write: who, and when
}

// Changes returns the rows that are written, by whomever, from behind a place of
// the replica's log: 0 for all that are there and then what comes, Replica.Head
// for what comes from now on. It never ends by itself. A row that is written
// again before it is read is told once, as it is then, so a slow reader holds up
// nobody; to keep a copy, put Row in place of what it was. A value that does not
// fit V ends the source with the codec's error.
func (d *Doc[V]) Changes(after uint64) pull.Source[Change[V]] {
	src := replicate.Follow(d.h, after, func(o replicate.Object, updates []*replicate.Update) ([]news, bool) {
		return o.(*state).news(updates), true
	})
	return each(src, func(n news) (c Change[V], ok bool, err error) {
		c.Row, err = d.decode(n.rowCopy)
		c.Row.ID, c.Removed, c.Fields, c.Stamp = n.row.id, !n.exists, n.fields, n.stamp
		return c, true, err
	})
}

// news is what updates say of one row.
type news struct {
	rowCopy
	row    *row // for its id, which does not change
	fields []string
	stamp  replicate.Stamp
	member bool // it is in the set or sequence that is followed
	index  int  // in the sequence
}

// news groups updates by row, in the order in which they first name one.
func (s *state) news(updates []*replicate.Update) (all []news) {
	seen := make(map[*row]int)
	for _, u := range updates {
		o, _ := parseOp(u.Op())
		r := s.rows[o.row]
		i, ok := seen[r]
		if !ok {
			i = len(all)
			seen[r] = i
			all = append(all, news{rowCopy: r.copy(), row: r, stamp: u.Stamp()})
		}
		n := &all[i]
		if u.Stamp().Compare(n.stamp) > 0 {
			n.stamp = u.Stamp()
		}
		if o.kind == opSet || o.kind == opUnset && o.cell != "" {
			n.fields = append(n.fields, o.cell)
		}
	}
	for _, n := range all {
		slices.Sort(n.fields)
	}
	return all
}

// each returns what f makes of the elements of batches, where it is ok.
func each[T, C any](src pull.Source[[]T], f func(T) (c C, ok bool, err error)) pull.Source[C] {
	var batch []T
	return pull.From(func(ctx context.Context) (c C, err error) {
		for {
			for len(batch) > 0 {
				next := batch[0]
				batch = batch[1:]
				if c, ok, err := f(next); ok || err != nil {
					return c, err
				}
			}
			if batch, err = src(ctx); err != nil {
				return c, err
			}
		}
	}, func(cause error) error { return pull.Abort(src, cause) })
}

// Motion is what became of a row in a live set.
type Motion uint8

const (
	// Enter says that the row is in the set now, and was not.
	Enter Motion = iota
	// Update says that it was and is in the set, and has been written.
	Update
	// Leave says that it is in the set no longer, or not there at all.
	Leave
)

// String returns the word for m.
func (m Motion) String() string {
	return [...]string{Enter: "enter", Update: "update", Leave: "leave"}[m]
}

// A Member is a row that entered a live set, changed in it, or left it.
type Member[V any] struct {
	Motion Motion // which of these
	Row    Row[V] // as it is now
}

// members follows a live set: member says of a row whether it may be in it, and
// want, if it is not nil, of its fields. What was told is kept, one id a row.
func (d *Doc[V]) members(member func(*state, *row) bool, want func(Row[V]) bool) pull.Source[Member[V]] {
	told := make(map[string]bool)
	src := replicate.Follow(d.h, 0, func(o replicate.Object, updates []*replicate.Update) ([]news, bool) {
		s := o.(*state)
		all := s.news(updates)
		for i := range all {
			all[i].member = member(s, all[i].row)
		}
		return all, true
	})
	return each(src, func(n news) (m Member[V], ok bool, err error) {
		if m.Row, err = d.decode(n.rowCopy); err != nil && n.member {
			return m, false, err
		}
		id := n.row.id
		is, was := n.member && (want == nil || want(m.Row)), told[id]
		m.Row.ID = id
		switch {
		case !is && !was:
			return m, false, nil
		case !is:
			m.Motion = Leave
			delete(told, id)
		case was:
			m.Motion = Update
		default:
			told[id] = true
		}
		return m, true, nil
	})
}
