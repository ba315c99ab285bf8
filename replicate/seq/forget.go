package seq

import (
	"slices"

	"github.com/weir-go/weir/replicate"
)

// forgettable reports whether an op is one that may be forgotten some day: a
// deletion, or a move, which goes with the deletion of its element.
func forgettable(op string) bool {
	k := kind(op[0] & kindBits)
	return k == opDelete || k == opMove
}

// Needed implements replicate.Forgetter. A place stays as long as something that
// stays is next to it. A move goes only with the deletion of its element, and that
// only with all the moves: what was left would be nobody's, and stay for ever.
func (s *state) Needed(gone []*replicate.Update) (needed []*replicate.Update) {
	going := s.nodesOf(gone)
	var todo []*node
	keep := func(n *node) {
		if going[n] {
			delete(going, n)
			needed = append(needed, n.update)
			todo = append(todo, n)
		}
	}
	s.each(func(n *node) {
		switch e := n.element(); {
		case !going[n]:
			keep(n.parent)
			keep(e)
		case !going[e]:
			keep(n)
		}
	})
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		keep(n.parent)
		keep(n.element())
	}
	return needed
}

// Forget implements replicate.Forgetter. That a place had children on a side is
// not taken back: who believes it looks for them, and finds none.
func (s *state) Forget(gone []*replicate.Update) {
	nodes := s.nodesOf(gone)
	s.order.prune(nodes)
	for _, a := range s.authors {
		a.prune(nodes)
	}
	for n, children := range s.waiting {
		children = slices.DeleteFunc(children, func(c *node) bool { return nodes[c] })
		if s.waiting[n] = children; nodes[n] || len(children) == 0 {
			delete(s.waiting, n)
		}
	}
	for n := range nodes {
		*n = node{} // its slab may stay, and must not keep all that is above
	}
}

// nodesOf returns the places that deletions and moves stand for.
func (s *state) nodesOf(updates []*replicate.Update) map[*node]bool {
	nodes := make(map[*node]bool, len(updates))
	for _, u := range updates {
		o, _ := parseOp(u.Op())
		c, _ := resolve(o, ID(u.Stamp()))
		if c.kind == opMove {
			c.element = ID(u.Stamp())
		}
		nodes[s.find(c.element, c.kind == opMove)] = true
	}
	return nodes
}

// each calls f for all nodes, placed or not, but not for the list's beginning.
func (s *state) each(f func(*node)) {
	for _, a := range s.authors {
		for _, shelf := range a.shelves {
			for _, n := range shelf {
				f(n)
			}
		}
	}
}

// prune takes nodes out of the index.
func (a *author) prune(gone map[*node]bool) {
	old := a.shelves
	a.shelves = nil
	for _, shelf := range old {
		for _, n := range shelf {
			if !gone[n] {
				_, shelf, slot := a.find(n.time, n.is(isMove))
				a.put(n, shelf, slot)
			}
		}
	}
}

// prune takes nodes, none of them shown, out of the order, which is built anew.
func (o *order) prune(gone map[*node]bool) {
	old, first := o.root, o.root.edge(backward)
	*o = newOrder(first)
	old.walk(func(n *node, shown bool) {
		if n == first || gone[n] {
			return
		}
		o.insert(n, o.tail.edge(forward), forward)
		if shown {
			o.show(n, true)
		}
	})
}

// walk calls f for all nodes, in order.
func (b *block) walk(f func(n *node, shown bool)) {
	for _, kid := range b.kids {
		kid.walk(f)
	}
	for i, n := range b.nodes {
		f(n, b.mask>>i&1 != 0)
	}
}
