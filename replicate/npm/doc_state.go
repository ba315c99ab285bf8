package npm

import (
	"slices"
	"strings"
	"sync"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/compact"
)

// docState is the rows. Each field of a row is a register, and so is the row for
// removals: a removal takes away all that was written before it. What was written
// after it makes the row anew.
//
// An update may write several fields. It is obsolete once a newer one writes all
// of them, or removes the row; where it takes several newer ones, each of which
// has a part of it, it stays in the log, but the originals are not sent it.
type docState struct {
	rows map[string]*row // by id, in quotes

	mu      sync.Mutex // guards indexes against readers that make one
	indexes map[indexName]*index
}

// row is what is known of a row.
type row struct {
	id      string // in quotes
	removed *replicate.Update
	live    []*replicate.Update // that are not obsolete
	cells   []cell              // few; those that a removal took are gone
}

// cell is the newest write of a field.
type cell struct {
	key   string // the field, in quotes
	value string
	u     *replicate.Update
}

// cell returns where a field is, or nil.
func (r *row) cell(key string) *cell {
	for i := range r.cells {
		if r.cells[i].key == key {
			return &r.cells[i]
		}
	}
	return nil
}

func newDocState() object {
	return &docState{rows: make(map[string]*row), indexes: make(map[indexName]*index)}
}

// checkDoc refuses what is neither a row's fields nor its removal.
func checkDoc(change string) error {
	id, fields, _ := pair(change)
	switch {
	case id == "" || id[0] != '"' || fields != "null" && (fields == "" || fields[0] != '{'):
		return errUnwritten
	case id == `"`+proto+`"` || strings.Contains(fields, `"`+proto+`"`) && hasProto(fields):
		return errProto
	}
	return nil
}

// hasProto reports whether an object has the one key that is refused.
func hasProto(fields string) (found bool) {
	compact.Object(fields, func(key, _ string) { found = found || key == `"`+proto+`"` })
	return found
}

// Apply implements replicate.Object.
func (s *docState) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	id, fields, _ := pair(changeOf(u.Op()))
	r := s.rows[id]
	if r == nil {
		r = &row{id: strings.Clone(id)}
		s.rows[r.id] = r
	}
	if slices.Contains(r.live, u) {
		return
	}
	for _, v := range r.live {
		if newer(v, u) && replaces(v, u) {
			obsolete(u)
			return
		}
	}
	r.live = slices.DeleteFunc(r.live, func(v *replicate.Update) bool {
		gone := newer(u, v) && replaces(u, v)
		if gone {
			obsolete(v)
		}
		return gone
	})
	r.live = append(r.live, u)
	r.write(u, fields)
	for _, x := range s.indexes {
		x.update(r)
	}
}

// replaces reports whether u, which is newer, alone stands in for v.
func replaces(u, v *replicate.Update) bool {
	_, new, _ := pair(changeOf(u.Op()))
	_, old, _ := pair(changeOf(v.Op()))
	if new == "null" {
		return true
	}
	if old == "null" {
		return false
	}
	all := true
	compact.Object(old, func(key, _ string) { all = all && writes(new, key) })
	return all
}

// writes reports whether fields has the key.
func writes(fields, key string) (found bool) {
	compact.Object(fields, func(k, _ string) { found = found || k == key })
	return found
}

// write has u write its fields, where it is the newest to do so.
func (r *row) write(u *replicate.Update, fields string) {
	if fields == "null" {
		if r.removed == nil || newer(u, r.removed) {
			r.removed = u
		}
		r.cells = slices.DeleteFunc(r.cells, func(c cell) bool { return newer(r.removed, c.u) })
		return
	}
	if r.removed != nil && newer(r.removed, u) {
		return
	}
	compact.Object(fields, func(key, value string) {
		switch c := r.cell(key); {
		case c == nil:
			r.cells = append(r.cells, cell{key, value, u})
		case newer(u, c.u):
			*c = cell{key, value, u}
		}
	})
}

// kept implements object: the original has what is the newest of some field, and
// removals, which it loses.
func (s *docState) kept(u *replicate.Update) (kept bool) {
	id, fields, _ := pair(changeOf(u.Op()))
	r := s.rows[id]
	if r == nil {
		return false
	}
	if fields == "null" {
		return u == r.removed
	}
	for _, c := range r.cells {
		kept = kept || c.u == u
	}
	return kept
}

// exists reports whether the row is there: something was written since it was last
// removed.
func (r *row) exists() bool { return r != nil && len(r.cells) > 0 }

// copyOf returns the fields as they are.
func (r *row) copyOf() map[string]string {
	fields := make(map[string]string, len(r.cells))
	for _, c := range r.cells {
		fields[c.key] = c.value
	}
	return fields
}
