package model

import (
	"container/heap"

	"github.com/weir-go/weir/replicate"
)

// aged finds the oldest of the updates in cells. What is taken out of these
// stays in the heap until it comes to the top, or is more than half of it.
type aged struct {
	cells *cells
	heap  byStamp
}

func (a *aged) put(key string, u *replicate.Update) {
	a.cells.put(key, u)
	if len(a.heap) > 2*a.cells.len()+64 {
		a.heap = a.heap[:0]
		for u := range a.cells.all() {
			a.heap = append(a.heap, u)
		}
		clear(a.heap[len(a.heap):cap(a.heap)])
		heap.Init(&a.heap)
		return
	}
	heap.Push(&a.heap, u)
}

// oldest returns the update with the lowest stamp, or nil.
func (a *aged) oldest() *replicate.Update {
	for len(a.heap) > 0 {
		u := a.heap[0]
		if a.cells.get(keyIn(u)) == u {
			return u
		}
		heap.Pop(&a.heap)
	}
	return nil
}

// byStamp is a heap with the oldest update on top.
type byStamp []*replicate.Update

func (h byStamp) Len() int           { return len(h) }
func (h byStamp) Less(i, j int) bool { return h[j].Newer(h[i]) }
func (h byStamp) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *byStamp) Push(u any) { *h = append(*h, u.(*replicate.Update)) }

// Pop implements heap.Interface.
func (h *byStamp) Pop() any {
	last := len(*h) - 1
	u := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return u
}
