package seq

import (
	"cmp"

	"github.com/weir-go/weir/replicate"
)

// A node is a place in the list: an element's first, or one that a move made.
// The one of an element also holds what is known of the element. It takes 64
// bytes.
type node struct {
	update *replicate.Update // that stands for it; nil while only references are known
	parent *node
	jump   *node  // an ancestor, see ancestor
	block  *block // nil until it is placed, which is for good
	link   *node  // an element: its newest placed move; a move: the element
	author *author
	time   replicate.Time
	depth  uint32
	flags  flags
}

type flags uint8

const (
	isMove flags = 1 << iota
	isLeft
	isDead   // the element is deleted
	hasLeft  // placed children on that side
	hasRight // likewise
)

func (n *node) is(f flags) bool { return n.flags&f != 0 }

// id returns the stamp of what made the node.
func (n *node) id() ID { return ID{n.time, n.author.name} }

// element returns the node of the element that the node is a place of.
func (n *node) element() *node {
	if n.is(isMove) {
		return n.link
	}
	return n
}

// position returns where an element is shown; nil if it is not.
func (n *node) position() *node {
	switch {
	case n.update == nil || n.is(isDead):
		return nil
	case n.link != nil:
		return n.link
	case n.block != nil:
		return n
	}
	return nil
}

// compare orders nodes by the stamps that made them. An element and a move
// with one stamp cannot both be meant, but both be referred to.
func (n *node) compare(m *node) int {
	if n.author == m.author || n.time != m.time {
		return n.compareTo(m.time, m.is(isMove))
	}
	return cmp.Compare(n.author.name, m.author.name)
}

// compareTo orders the nodes of one author.
func (n *node) compareTo(t replicate.Time, move bool) int {
	if c := cmp.Compare(n.time, t); c != 0 || n.is(isMove) == move {
		return c
	}
	if move {
		return -1
	}
	return 1
}

// hang makes n a child of p, which is placed. The jumps are such that any
// ancestor is O(log depth) of them away, see ancestor.
func (n *node) hang(p *node) {
	n.depth, n.jump = p.depth+1, p
	if p.depth-p.jump.depth == p.jump.depth-p.jump.jump.depth {
		n.jump = p.jump.jump
	}
	if n.is(isLeft) {
		p.flags |= hasLeft
	} else {
		p.flags |= hasRight
	}
}

// ancestor returns n's ancestor at a depth, which is not below n's own.
func (n *node) ancestor(depth uint32) *node {
	for n.depth > depth {
		if n.jump.depth >= depth {
			n = n.jump
		} else {
			n = n.parent
		}
	}
	return n
}

// branch returns which child of p the node n is in; nil if n is not below p.
func (n *node) branch(p *node) *node {
	if n.depth <= p.depth {
		return nil
	}
	if n = n.ancestor(p.depth + 1); n.parent == p {
		return n
	}
	return nil
}
