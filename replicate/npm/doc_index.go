package npm

import (
	"cmp"
	"slices"
	"strings"
)

// An index is the rows in which a field has a value, in order.
type index struct {
	indexName
	entries []entry // by place, then by row
	places  map[*row]string
}

type indexName struct {
	field, value string // in JSON
	ordered      bool   // by place, else by row
}

// entry is where a row is in an index.
type entry struct {
	place string
	row   *row
}

func (e entry) compare(o entry) int {
	return cmp.Or(compareTexts(e.place, o.place), compareTexts(e.row.id, o.row.id))
}

// compareTexts orders strings, in quotes or without, as JavaScript does.
func compareTexts(a, b string) int { return ident(a).compare(ident(b)) }

// sortField is the field that has a row's place in all sequences.
const sortField = `"_sort"`

// placeOf returns a row's place in a sequence.
func (r *row) placeOf() string {
	if c := r.cell(sortField); c != nil && c.value[0] == '"' {
		return c.value[1 : len(c.value)-1]
	}
	return ""
}

// index returns the index of a name. Whoever reads the state may call it.
func (s *docState) index(name indexName) *index {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.indexes[name]
	if x == nil {
		x = &index{indexName: name, places: make(map[*row]string)}
		for _, r := range s.rows {
			if x.has(r) {
				x.entries = append(x.entries, x.entry(r))
				x.places[r] = x.entry(r).place
			}
		}
		slices.SortFunc(x.entries, entry.compare)
		s.indexes[name] = x
	}
	return x
}

func (x *index) has(r *row) bool {
	if r == nil {
		return false
	}
	c := r.cell(x.field)
	return c != nil && c.value == x.value
}

func (x *index) entry(r *row) entry {
	if x.ordered {
		return entry{strings.Clone(r.placeOf()), r}
	}
	return entry{"", r}
}

// update puts a row that was written where it belongs.
func (x *index) update(r *row) {
	old, was := x.places[r]
	is, e := x.has(r), x.entry(r)
	if is == was && e.place == old {
		return
	}
	if was {
		i, _ := slices.BinarySearchFunc(x.entries, entry{old, r}, entry.compare)
		x.entries = slices.Delete(x.entries, i, i+1)
		delete(x.places, r)
	}
	if is {
		i, _ := slices.BinarySearchFunc(x.entries, e, entry.compare)
		x.entries = slices.Insert(x.entries, i, e)
		x.places[r] = e.place
	}
}

// at returns where a row is, or -1.
func (x *index) at(r *row) int {
	place, ok := x.places[r]
	if !ok {
		return -1
	}
	i, _ := slices.BinarySearchFunc(x.entries, entry{place, r}, entry.compare)
	return i
}
