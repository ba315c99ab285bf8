package seq

import (
	"math/bits"
	"slices"
	"sort"
)

const (
	leafSize = 64 // nodes of a leaf: the bits of a mask
	fanout   = 32 // kids of an inner block
)

// An order is the nodes in list order: a B-tree that is never taken from, but
// built anew. The list's beginning is its first node, so that it is never empty.
type order struct {
	root *block
	tail *block // the last leaf
}

// A block is a leaf, which holds nodes, or has kids, which are all of one
// height.
type block struct {
	parent *block
	at     int // parent.kids[at] is this one
	shown  int // how many nodes below are shown
	kids   []*block
	nodes  []*node
	mask   uint64 // which of nodes are shown
}

// The directions in which an order is read.
const (
	backward = -1
	forward  = +1
)

func newOrder(first *node) order {
	leaf := &block{nodes: []*node{first}}
	first.block = leaf
	return order{root: leaf, tail: leaf}
}

// insert puts n beside the node at.
func (o *order) insert(n, at *node, dir int) {
	b := at.block
	i := b.slot(at)
	if dir > 0 {
		i++
	}
	if len(b.nodes) == leafSize {
		b, i = o.split(b, i)
	}
	b.nodes = slices.Insert(b.nodes, i, n)
	low := uint64(1)<<i - 1
	b.mask = b.mask&low | b.mask&^low<<1
	n.block = b
}

// split makes room in a full leaf for an insertion at i, and returns where
// that is now. What is appended at the end leaves full leaves behind.
func (o *order) split(b *block, i int) (leaf *block, at int) {
	cut := leafSize / 2
	if b == o.tail && i == leafSize {
		cut = leafSize
	}
	right := &block{nodes: make([]*node, leafSize-cut, leafSize)}
	copy(right.nodes, b.nodes[cut:])
	for _, n := range right.nodes {
		n.block = right
	}
	clear(b.nodes[cut:])
	b.nodes = b.nodes[:cut]
	right.mask = b.mask >> cut
	right.shown = bits.OnesCount64(right.mask)
	b.mask &= uint64(1)<<cut - 1
	b.shown -= right.shown
	if b == o.tail {
		o.tail = right
	}
	o.adopt(b, right)
	if i < cut {
		return b, i
	}
	return right, i - cut
}

// adopt puts right behind b, out of which it was split.
func (o *order) adopt(b, right *block) {
	atEnd := right == o.tail
	for {
		p := b.parent
		if p == nil {
			p = &block{shown: b.shown + right.shown, kids: []*block{b}}
			b.parent, o.root = p, p
		}
		p.kids = slices.Insert(p.kids, b.at+1, right)
		p.number(b.at + 1)
		if len(p.kids) <= fanout {
			return
		}
		cut := fanout / 2
		if atEnd {
			cut = fanout
		}
		b, right = p, p.cut(cut)
	}
}

// number tells the kids from i on where they are.
func (b *block) number(i int) {
	for ; i < len(b.kids); i++ {
		b.kids[i].parent, b.kids[i].at = b, i
	}
}

// cut takes the kids from i on into a new block.
func (b *block) cut(i int) *block {
	right := &block{kids: append(make([]*block, 0, fanout+1), b.kids[i:]...)}
	right.number(0)
	for _, kid := range right.kids {
		right.shown += kid.shown
	}
	b.shown -= right.shown
	clear(b.kids[i:])
	b.kids = b.kids[:i]
	return right
}

// slot returns the place of n in its leaf.
func (b *block) slot(n *node) int {
	// What is edited is often what was inserted last, at a leaf's end.
	if last := len(b.nodes) - 1; b.nodes[last] == n {
		return last
	}
	return slices.Index(b.nodes, n)
}

// show makes n count, or not.
func (o *order) show(n *node, on bool) {
	b := n.block
	bit, change := uint64(1)<<b.slot(n), -1
	if b.mask &^= bit; on {
		b.mask |= bit
		change = 1
	}
	for ; b != nil; b = b.parent {
		b.shown += change
	}
}

// len returns how many nodes are shown.
func (o *order) len() int { return o.root.shown }

// rank returns how many nodes before n are shown.
func (o *order) rank(n *node) int {
	b := n.block
	i := bits.OnesCount64(b.mask & (uint64(1)<<b.slot(n) - 1))
	for ; b.parent != nil; b = b.parent {
		for _, kid := range b.parent.kids[:b.at] {
			i += kid.shown
		}
	}
	return i
}

// rankAfter returns how many nodes up to n are shown.
func (o *order) rankAfter(n *node) int {
	i := o.rank(n)
	if n.block.mask>>n.block.slot(n)&1 != 0 {
		i++
	}
	return i
}

// at returns the shown node of rank i, which is below len.
func (o *order) at(i int) *node {
	b := o.root
	for b.kids != nil {
		k := 0
		for ; i >= b.kids[k].shown; k++ {
			i -= b.kids[k].shown
		}
		b = b.kids[k]
	}
	mask := b.mask
	for ; i > 0; i-- {
		mask &= mask - 1
	}
	return b.nodes[bits.TrailingZeros64(mask)]
}

// last returns the last shown node; there is one.
func (o *order) last() *node {
	if end := len(o.tail.nodes) - 1; o.tail.mask>>end != 0 {
		return o.tail.nodes[end]
	}
	return o.at(o.len() - 1)
}

// each calls f for the shown nodes, in order.
func (o *order) each(f func(*node)) {
	for n := o.root.edge(backward); n != nil; {
		b := n.block
		for mask := b.mask; mask != 0; mask &= mask - 1 {
			f(b.nodes[bits.TrailingZeros64(mask)])
		}
		n = o.step(b.nodes[len(b.nodes)-1], forward)
	}
}

// edge returns the block's last node in direction dir.
func (b *block) edge(dir int) *node {
	for b.kids != nil {
		b = b.kids[edge(dir, len(b.kids))]
	}
	return b.nodes[edge(dir, len(b.nodes))]
}

func edge(dir, size int) int {
	if dir < 0 {
		return 0
	}
	return size - 1
}

// step returns the node next to n, shown or not; nil at the end.
func (o *order) step(n *node, dir int) *node {
	return o.first(n, dir, func(*node) bool { return true })
}

// first returns the first node behind n in direction dir for which ok holds,
// which holds for all behind it too; nil if there is none.
func (o *order) first(n *node, dir int, ok func(*node) bool) *node {
	b := n.block
	if i := beyond(b.slot(n), dir, len(b.nodes), func(i int) bool { return ok(b.nodes[i]) }); i >= 0 {
		return b.nodes[i]
	}
	for ; b.parent != nil; b = b.parent {
		if kid := b.parent.first(b.at, dir, ok); kid != nil {
			return kid.descend(dir, ok)
		}
	}
	return nil
}

// first returns the first kid behind i with a node for which ok holds.
func (b *block) first(i, dir int, ok func(*node) bool) *block {
	i = beyond(i, dir, len(b.kids), func(i int) bool { return ok(b.kids[i].edge(dir)) })
	if i < 0 {
		return nil
	}
	return b.kids[i]
}

// descend returns the first node for which ok holds; there is one.
func (b *block) descend(dir int, ok func(*node) bool) *node {
	for b.kids != nil {
		b = b.first(edge(-dir, len(b.kids))-dir, dir, ok)
	}
	i := edge(-dir, len(b.nodes)) - dir
	return b.nodes[beyond(i, dir, len(b.nodes), func(i int) bool { return ok(b.nodes[i]) })]
}

// beyond returns the first index behind i in direction dir for which ok holds,
// which holds for all behind it too; -1 if there is none below size.
func beyond(i, dir, size int, ok func(int) bool) int {
	n := size - 1 - i
	if dir < 0 {
		n = i
	}
	j := sort.Search(n, func(j int) bool { return ok(i + dir*(j+1)) })
	if j == n {
		return -1
	}
	return i + dir*(j+1)
}
