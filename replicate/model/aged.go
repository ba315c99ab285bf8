package model

import (
	"container/heap"

	"github.com/weir-go/weir/replicate"
)

// aged finds the oldest of the updates in a map. What is taken out of the map
// stays in the heap until it comes to the top, or is more than half of it.
type aged struct {
	cells map[string]*replicate.Update
	heap  byStamp
}

func newCells() map[string]*replicate.Update { return make(map[string]*replicate.Update) }

func (a *aged) put(key string, u *replicate.Update) {
	a.cells[key] = u
	if len(a.heap) > 2*len(a.cells)+64 {
		a.heap = a.heap[:0]
		for _, u := range a.cells {
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
		if _, key, _, _ := parseOp(u.Op()); a.cells[key] == u {
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
