package doc

import (
	"hash/maphash"
	"strings"
)

// An index has, for each value of a field, the rows that have it. It is made
// when it is first read, in time O(rows), and kept with the state.
type index struct {
	indexName
	entries map[*row]entry
	groups  map[string]*group // by value
}

type indexName struct {
	field   string
	ordered bool // by place, else by id
}

// entry is where a row is in an index.
type entry struct {
	g     *group
	place string
}

// group is the rows of one value, in order.
type group struct {
	value string
	tree  *node
}

// index returns the index of a field. Whoever reads the state may call it.
func (s *state) index(name indexName) *index {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.indexes[name]
	if x == nil {
		x = &index{name, make(map[*row]entry), make(map[string]*group)}
		for _, r := range s.rows {
			x.update(r)
		}
		s.indexes[name] = x
	}
	return x
}

// update puts a row that was changed where it belongs.
func (x *index) update(r *row) {
	old, was := x.entries[r]
	value, u, is := r.get(x.field)
	place := ""
	if is && x.ordered {
		place, _ = r.placeIn(x.field, value, u)
	}
	if was && is && old.g.value == value && old.place == place {
		return
	}
	if was {
		old.g.tree = old.g.tree.remove(old.place, r.id)
		if old.g.tree == nil {
			delete(x.groups, old.g.value)
		}
		delete(x.entries, r)
	}
	if !is {
		return
	}
	g := x.groups[value]
	if g == nil {
		g = &group{value: strings.Clone(value)}
		x.groups[g.value] = g
	}
	place = strings.Clone(place) // it shared memory with an op
	g.tree = g.tree.insert(&node{row: r, place: place, rank: rankOf(r.id), size: 1})
	x.entries[r] = entry{g, place}
}

// tree returns the rows of a value, in order.
func (x *index) tree(value string) *node {
	if g := x.groups[value]; g != nil {
		return g.tree
	}
	return nil
}

// has returns where a row is, if it has a value.
func (x *index) has(r *row, value string) (place string, ok bool) {
	e := x.entries[r]
	return e.place, e.g != nil && e.g.value == value
}

// A node is a row in a tree ordered by place and id, which is balanced by being
// a heap of random ranks: a treap.
//
// Source: Seidel and Aragon, Randomized Search Trees (1996).
type node struct {
	row         *row
	place       string
	rank        uint64
	size        int
	left, right *node
}

var seed = maphash.MakeSeed()

func rankOf(id string) uint64 { return maphash.String(seed, id) }

// before reports whether n is before a place and id.
func (n *node) before(place, id string) bool {
	if n.place != place {
		return n.place < place
	}
	return n.row.id < id
}

func (n *node) len() int {
	if n == nil {
		return 0
	}
	return n.size
}

func (n *node) resize() *node {
	n.size = n.left.len() + 1 + n.right.len()
	return n
}

// split cuts a tree in front of a place and id.
func (n *node) split(place, id string) (left, right *node) {
	if n == nil {
		return nil, nil
	}
	if n.before(place, id) {
		n.right, right = n.right.split(place, id)
		return n.resize(), right
	}
	left, n.left = n.left.split(place, id)
	return left, n.resize()
}

// join is the tree of two, of which the first is before the second.
func (n *node) join(m *node) *node {
	switch {
	case n == nil:
		return m
	case m == nil:
		return n
	case n.rank > m.rank:
		n.right = n.right.join(m)
		return n.resize()
	}
	m.left = n.join(m.left)
	return m.resize()
}

func (n *node) insert(m *node) *node {
	if n == nil || m.rank > n.rank {
		m.left, m.right = n.split(m.place, m.row.id)
		return m.resize()
	}
	if n.before(m.place, m.row.id) {
		n.right = n.right.insert(m)
	} else {
		n.left = n.left.insert(m)
	}
	return n.resize()
}

// remove takes out the row of a place and id, which is there.
func (n *node) remove(place, id string) *node {
	switch {
	case n.place == place && n.row.id == id:
		return n.left.join(n.right)
	case n.before(place, id):
		n.right = n.right.remove(place, id)
	default:
		n.left = n.left.remove(place, id)
	}
	return n.resize()
}

// index returns how many rows are before a place and id.
func (n *node) index(place, id string) (i int) {
	for n != nil {
		if n.before(place, id) {
			i += n.left.len() + 1
			n = n.right
		} else {
			n = n.left
		}
	}
	return i
}

// at returns the row at an index, which is below len.
func (n *node) at(i int) *node {
	for {
		k := n.left.len()
		if i == k {
			return n
		}
		if i < k {
			n = n.left
		} else {
			i -= k + 1
			n = n.right
		}
	}
}

// each calls f for all rows, in order.
func (n *node) each(f func(*row)) {
	if n != nil {
		n.left.each(f)
		f(n.row)
		n.right.each(f)
	}
}
