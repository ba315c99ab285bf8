package seq

import (
	"slices"
	"sort"

	"github.com/weir-go/weir/replicate"
)

// shelfSize bounds how much is moved to insert into an index. With its header
// of 8 bytes a shelf fills an allocation of 2 KiB.
const shelfSize = 255

// An author is who made nodes, and those nodes in order of time, in shelves of
// which each is in order too and none is empty: what comes out of order costs
// a shelf, not the list.
type author struct {
	name    replicate.Author
	shelves [][]*node
}

// find returns the node made at t, or nil and where it belongs: shelf and slot.
// What an author made last is found at once: most references are to that.
func (a *author) find(t replicate.Time, move bool) (n *node, shelf, slot int) {
	if shelf = len(a.shelves) - 1; shelf < 0 {
		return nil, 0, 0
	}
	if a.shelves[shelf][0].compareTo(t, move) > 0 {
		shelf = sort.Search(shelf, func(i int) bool {
			return a.shelves[i][0].compareTo(t, move) > 0
		})
		shelf = max(shelf-1, 0)
	}
	nodes := a.shelves[shelf]
	if last := len(nodes) - 4; last > 0 && nodes[last].compareTo(t, move) < 0 {
		slot = last
	}
	slot += sort.Search(len(nodes)-slot, func(i int) bool {
		return nodes[slot+i].compareTo(t, move) >= 0
	})
	if slot < len(nodes) && nodes[slot].compareTo(t, move) == 0 {
		return nodes[slot], 0, 0
	}
	return nil, shelf, slot
}

// put adds a node where find says it belongs.
func (a *author) put(n *node, shelf, slot int) {
	switch {
	case len(a.shelves) == 0:
		a.shelves = [][]*node{{n}}
		return
	case len(a.shelves[shelf]) < shelfSize:
		a.shelves[shelf] = slices.Insert(a.shelves[shelf], slot, n)
		return
	}
	full, cut := a.shelves[shelf], shelfSize/2
	if slot == shelfSize && shelf == len(a.shelves)-1 {
		cut = shelfSize
	}
	next := append(make([]*node, 0, shelfSize), full[cut:]...)
	clear(full[cut:])
	if full = full[:cut]; slot < cut {
		full = slices.Insert(full, slot, n)
	} else {
		next = slices.Insert(next, slot-cut, n)
	}
	a.shelves[shelf] = full
	a.shelves = slices.Insert(a.shelves, shelf+1, next)
}
