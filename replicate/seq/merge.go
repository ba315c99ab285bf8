package seq

import (
	"slices"
	"strings"

	"github.com/weir-go/weir/replicate"
)

// state is the tree of places, in list order: a function of what stands for
// each element, its newest set or insertion or else its deletion, and of all
// moves.
type state struct {
	order   order
	root    *node // the list's beginning
	authors map[replicate.Author]*author
	recent  *author // who was looked up last

	// waiting has, for a node, those of its children that came before it was
	// placed. They are kept, since what they show changed with the node's
	// arrival; see Changes.
	waiting map[*node][]*node

	todo    []*node // scratch of attach
	slab    []node  // nodes to be used: none is ever given back
	made    int     // how many were made
	life    *life
	rebuilt bool // this is not the first life
}

// A life is as long as nothing in a state moves without an update that says
// so. It has a size, so that no two are one.
type life struct{ _ byte }

func newState() replicate.Object {
	s := &state{
		authors: make(map[replicate.Author]*author),
		waiting: make(map[*node][]*node),
		life:    new(life),
	}
	s.root = s.newNode()
	s.root.jump = s.root
	s.order = newOrder(s.root)
	return s
}

// slabSize is how many nodes are allocated at once: a slab fills an allocation
// of 512 bytes, the largest kind that needs no header.
const slabSize = 8

// newNode returns a node out of a slab, which is small in a small list.
func (s *state) newNode() *node {
	if len(s.slab) == 0 {
		s.slab = make([]node, min(1+s.made, slabSize))
	}
	n := &s.slab[0]
	s.slab = s.slab[1:]
	s.made++
	return n
}

// author returns the one record of an author.
func (s *state) author(name replicate.Author) *author {
	if s.recent != nil && s.recent.name == name {
		return s.recent
	}
	a := s.authors[name]
	if a == nil {
		a = &author{name: replicate.Author(strings.Clone(string(name)))}
		s.authors[a.name] = a
	}
	s.recent = a
	return a
}

// find returns the node of an id, or nil. Readers may call it.
func (s *state) find(id ID, move bool) *node {
	a := s.authors[id.Author]
	if a == nil {
		return nil
	}
	n, _, _ := a.find(id.Time, move)
	return n
}

// intern returns the one node of an id.
func (s *state) intern(id ID, move bool) *node {
	a := s.author(id.Author)
	n, shelf, slot := a.find(id.Time, move)
	if n == nil {
		n = s.newNode()
		n.author, n.time = a, id.Time
		if move {
			n.flags = isMove
		}
		a.put(n, shelf, slot)
	}
	return n
}

// A change is an op with its references resolved.
type change struct {
	kind    kind
	element ID
	parent  ID // zero for the list's beginning
	left    bool
	move    bool // a move made the parent
}

// resolve returns what an op of the update stamped id does, and false if it
// refers to what is not older.
func resolve(o op, id ID) (c change, ok bool) {
	c = change{kind: o.kind, element: id, left: o.place.left, move: o.place.move}
	if o.kind != opInsert {
		if c.element, ok = o.element.from(id); !ok {
			return c, false
		}
	}
	base := c.element
	if o.kind == opMove {
		base = id
	}
	if o.place.root {
		return c, true
	}
	c.parent, ok = o.place.parent.from(base)
	return c, ok
}

// Apply implements replicate.Object. The op was checked when it came in.
func (s *state) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	o, _ := parseOp(u.Op())
	c, ok := resolve(o, ID(u.Stamp()))
	switch {
	case !ok:
		obsolete(u)
	case c.kind == opMove:
		s.move(u, c)
	default:
		s.write(u, c, obsolete)
	}
}

// move gives an element a new place.
func (s *state) move(u *replicate.Update, c change) {
	n := s.intern(ID(u.Stamp()), true)
	if n.update != nil {
		return
	}
	n.update, n.link = u, s.intern(c.element, false)
	s.attach(n, c)
}

// write inserts, sets or deletes an element.
func (s *state) write(u *replicate.Update, c change, obsolete func(*replicate.Update)) {
	e := s.intern(c.element, false)
	old := e.update
	switch {
	case old == u:
		return
	case old != nil && !supersedes(u, c, e):
		obsolete(u)
		return
	case old != nil:
		obsolete(old)
	}
	was := e.position()
	e.update = u
	if c.kind == opDelete {
		e.flags |= isDead
	}
	s.reshow(e, was)
	switch {
	case old == nil:
		s.attach(e, c)
	case e.parent != s.parent(c) || e.is(isLeft) != c.left:
		s.rebuild()
	}
}

// supersedes reports whether u stands for the element rather than what does so
// now: a deletion before all else, and then what is newer.
func supersedes(u *replicate.Update, c change, e *node) bool {
	if dead := c.kind == opDelete; dead != e.is(isDead) {
		return dead
	}
	return u.Newer(e.update)
}

// parent returns the node that c's place is next to.
func (s *state) parent(c change) *node {
	if c.parent == (ID{}) {
		return s.root
	}
	return s.intern(c.parent, c.move)
}

// attach makes n a child, at once if its parent is placed, and with it those
// that waited for it.
func (s *state) attach(n *node, c change) {
	n.parent = s.parent(c)
	if c.left {
		n.flags |= isLeft
	}
	if n.parent.block == nil {
		s.waiting[n.parent] = append(s.waiting[n.parent], n)
		return
	}
	s.todo = append(s.todo[:0], n)
	for len(s.todo) > 0 {
		last := len(s.todo) - 1
		n, s.todo = s.todo[last], s.todo[:last]
		s.place(n)
		if len(s.waiting) > 0 {
			s.todo = append(s.todo, s.waiting[n]...)
		}
	}
}

// place puts n into the list, next to its parent or to what is between them:
// siblings on one side are in order of their stamps.
func (s *state) place(n *node) {
	e := n.element()
	was := e.position()
	p, dir, beside := n.parent, forward, hasRight
	if n.is(isLeft) {
		dir, beside = backward, hasLeft
	}
	crowded := p.is(beside)
	n.hang(p)
	if crowded {
		s.insertAmong(n, dir)
	} else {
		s.order.insert(n, p, dir)
	}
	if n != e && (e.link == nil || n.compare(e.link) > 0) {
		e.link = n
	}
	s.reshow(e, was)
}

// insertAmong puts n between its siblings, of which those on the parent's side
// come first: the older ones on the right, the newer ones on the left.
func (s *state) insertAmong(n *node, dir int) {
	p := n.parent
	x := s.order.first(p, dir, func(x *node) bool {
		sibling := x.branch(p)
		return sibling == nil || sibling.compare(n)*dir > 0
	})
	if x != nil {
		s.order.insert(n, x, -dir)
		return
	}
	s.order.insert(n, s.order.root.edge(dir), dir)
}

// reshow moves an element in the list from where it was to where it is now.
func (s *state) reshow(e, was *node) {
	now := e.position()
	if was == now {
		return
	}
	if was != nil {
		s.order.show(was, false)
	}
	if now != nil {
		s.order.show(now, true)
	}
}

// rebuild makes the state anew from what stands for each element and from the
// moves.
func (s *state) rebuild() {
	fresh := newState().(*state)
	for _, a := range s.authors {
		for _, n := range slices.Concat(a.shelves...) {
			if n.update != nil {
				fresh.Apply(n.update, func(*replicate.Update) {})
			}
		}
	}
	fresh.rebuilt = true
	*s = *fresh
}
