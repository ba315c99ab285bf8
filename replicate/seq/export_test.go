package seq

import (
	"fmt"
	"math/bits"

	"github.com/weir-go/weir/replicate"
)

// The kinds of op.
const (
	OpInsert = opInsert
	OpSet    = opSet
	OpDelete = opDelete
	OpMove   = opMove
)

// Meaning is what an update says, with its references resolved.
type Meaning struct {
	Kind    kind
	Element ID
	Parent  ID // zero for the list's beginning
	Left    bool
	Move    bool // a move made the parent
	Value   string
}

// Read returns what an update says, and whether that is anything.
func Read(u *replicate.Update) (Meaning, bool) {
	o, err := parseOp(u.Op())
	c, ok := resolve(o, ID(u.Stamp()))
	return Meaning{c.kind, c.element, c.parent, c.left, c.move, o.value}, ok && err == nil
}

// Op returns the op that says m in an update stamped id. References to what is
// newer come out as something else.
func (m Meaning) Op(id ID) string {
	o := op{kind: m.Kind, place: place{root: true}}
	if m.Kind != opInsert {
		o.element = refTo(m.Element, id)
	}
	base := id
	if m.Kind == opSet || m.Kind == opDelete {
		base = m.Element
	}
	if m.Parent != (ID{}) {
		o.place = place{left: m.Left, move: m.Move, parent: refTo(m.Parent, base)}
	}
	return o.encode([]byte(m.Value))
}

// Reencode parses an op and writes it again.
func Reencode(s string) string {
	o, _ := parseOp(s)
	return o.encode([]byte(o.value))
}

// Shown returns the elements of a state, with their values undecoded.
func Shown(o replicate.Object) []Element[string] {
	s, list := o.(*state), []Element[string]{}
	s.order.each(func(n *node) {
		op, _ := parseOp(n.element().update.Op())
		list = append(list, Element[string]{n.element().id(), op.value})
	})
	return list
}

// Verify checks what must hold in any state, all of it the slow way.
func Verify(o replicate.Object) error {
	s := o.(*state)
	placed := 0
	height, err := s.order.root.verify(nil, 0, func(n *node) error {
		placed++
		return n.verify(placed == 1)
	})
	if err != nil {
		return err
	}
	// But for the last of a level, a leaf is half full at least, and so is a block.
	if limit := 2 + bits.Len(uint(placed/(leafSize/2)))/bits.Len(fanout/2-1); height > limit {
		return fmt.Errorf("%d places are %d high", placed, height)
	}
	if s.order.tail != s.order.root.edge(forward).block {
		return fmt.Errorf("the tail is not the last leaf")
	}
	seen := 1
	for _, a := range s.authors {
		var last *node
		for _, shelf := range a.shelves {
			for _, n := range shelf {
				if last != nil && last.compare(n) >= 0 || n.author != a {
					return fmt.Errorf("%v is not in its place in the index", n.id())
				}
				if last = n; n.block != nil {
					seen++
				}
			}
		}
	}
	if seen != placed {
		return fmt.Errorf("%d nodes are in the list, %d should be", placed, seen)
	}
	return nil
}

func (n *node) verify(root bool) error {
	switch e := n.element(); {
	case root:
		return nil
	case n.parent.block == nil || n.depth != n.parent.depth+1:
		return fmt.Errorf("%v: wrong parent", n.id())
	case !n.id().below(ID{Time: ^replicate.Time(0)}) || n.parent.author != nil && !n.parent.id().below(n.id()):
		return fmt.Errorf("%v: parent is not older", n.id())
	case n.block.mask>>n.block.slot(n)&1 != 0 != (e.position() == n):
		return fmt.Errorf("%v: shown where it is not, or not where it is", n.id())
	}
	for _, d := range []uint32{0, 1, n.depth / 3, n.depth / 2, n.depth - n.depth/4} {
		if steps := n.steps(d); steps > 3*bits.Len32(n.depth) {
			return fmt.Errorf("%v: %d steps from depth %d to %d", n.id(), steps, n.depth, d)
		}
	}
	for m, d := n, n.depth; ; d-- {
		if n.ancestor(d) != m {
			return fmt.Errorf("%v: wrong ancestor at depth %d", n.id(), d)
		}
		if d == 0 || n.depth-d > 100 {
			return nil
		}
		m = m.parent
	}
}

// steps returns how many steps ancestor takes.
func (n *node) steps(depth uint32) (steps int) {
	for ; n.depth > depth; steps++ {
		if n.jump.depth >= depth {
			n = n.jump
		} else {
			n = n.parent
		}
	}
	return steps
}

// verify checks a block and what is below, and returns how high it is.
func (b *block) verify(parent *block, at int, each func(*node) error) (height int, err error) {
	if b.parent != parent || b.at != at || len(b.kids) > fanout || len(b.nodes) > leafSize {
		return 0, fmt.Errorf("block out of place")
	}
	shown := 0
	for i, n := range b.nodes {
		if n.block != b {
			return 0, fmt.Errorf("%v does not know its leaf", n.id())
		}
		if err := each(n); err != nil {
			return 0, err
		}
		shown += int(b.mask >> i & 1)
	}
	for i, kid := range b.kids {
		h, err := kid.verify(b, i, each)
		if err == nil && i > 0 && h != height {
			err = fmt.Errorf("leaves at two heights")
		}
		if err != nil {
			return 0, err
		}
		height = h
		shown += kid.shown
	}
	if shown != b.shown || len(b.kids)+len(b.nodes) == 0 {
		return 0, fmt.Errorf("block shows %d, and says %d", shown, b.shown)
	}
	return height + 1, nil
}

// A Watch reads the changes of a state that is in no replica.
type Watch struct{ w watch }

// NewWatch returns a reader from the beginning, or from now on.
func NewWatch(whole bool) *Watch { return &Watch{watch{whole: whole}} }

// Look returns what the live updates that are news did, with values undecoded.
func (w *Watch) Look(o replicate.Object, news []*replicate.Update) (b Batch[string], ok bool) {
	t, ok := w.w.look(o, news)
	b.Reset = t.reset
	for _, c := range t.changes {
		e := Element[string]{ID: c.id}
		if c.update != nil {
			op, _ := parseOp(c.update.Op())
			e.Value = op.value
		}
		b.Changes = append(b.Changes, Change[string]{e, c.index, c.update == nil})
	}
	return b, ok
}

// Empty empties an object's state.
func Empty(h *replicate.Handle) {
	h.View(func(o replicate.Object) { *o.(*state) = *newState().(*state) })
}

// Places returns how many nodes a state has, but for the list's beginning.
func Places(o replicate.Object) (n int) {
	o.(*state).each(func(*node) { n++ })
	return n
}
