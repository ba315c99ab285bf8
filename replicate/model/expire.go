package model

import (
	"container/heap"
	"fmt"
	"time"

	"github.com/weir-go/weir/replicate"
)

// Limits says which keys of an expiring model are kept.
type Limits struct {
	// MaxAge is how long a key is shown after it was written, in whole
	// milliseconds; 0 means for ever.
	MaxAge time.Duration

	// MaxCount is how many keys are kept: those that were written last, a
	// deletion being a write. 0 means all.
	MaxCount int
}

// Expiring returns the type like t, which is [JSON] or of [TypeOf], whose models
// keep to the limits. They are part of its tag, as in
// "model/json;age=24h0m0s;count=500". It panics if t is not such a type, a limit
// is negative or below a millisecond, or there is none.
func Expiring(t replicate.Type, l Limits) replicate.Type {
	if s, ok := t.New().(*state); !ok || s.old != nil {
		panic("model: Expiring of the type " + t.Tag)
	}
	age := replicate.Time(l.MaxAge.Milliseconds()) * millisecond
	if l.MaxAge < 0 || l.MaxCount < 0 || l.MaxAge > 0 && age == 0 || age == 0 && l.MaxCount == 0 {
		panic(fmt.Sprintf("model: Expiring with the limits %+v", l))
	}
	if age > 0 {
		t.Tag += ";age=" + l.MaxAge.Truncate(time.Millisecond).String()
	}
	if l.MaxCount > 0 {
		t.Tag += fmt.Sprintf(";count=%d", l.MaxCount)
	}
	t.New = func() replicate.Object {
		s := newState().(*state)
		s.old = &expiry{age: age, count: l.MaxCount}
		return s
	}
	return t
}

// millisecond is the unit of ages in stamps.
const millisecond replicate.Time = 1 << 16

// expiry is what an expiring model keeps beside its cells. What it drops is a
// function of the set of updates: a key that so many others have been written
// after stays behind them, since a key's newest write only gets newer; and the
// newest write of all only gets newer too. (To keep the newest keys that are
// set would not do: a deletion would bring back one that some have dropped.
// Nor would to drop by the wall clock, which is no update.)
type expiry struct {
	age    replicate.Time // 0 for any
	count  int            // 0 for any
	newest replicate.Time // of all writes
	heap   byStamp        // the cells, and updates that were replaced since
}

// expire drops what u has pushed out: u itself, perhaps.
func (s *state) expire(u *replicate.Update, obsolete func(*replicate.Update)) {
	e := s.old
	e.newest = max(e.newest, u.Stamp().Time)
	heap.Push(&e.heap, u)
	for len(e.heap) > 0 {
		oldest := e.heap[0]
		_, key, _, _ := parseOp(oldest.Op())
		switch {
		case s.cells[key] != oldest: // replaced
		case e.count > 0 && len(s.cells) > e.count, e.age > 0 && oldest.Stamp().Time+e.age < e.newest:
			s.drop(key, oldest)
			obsolete(oldest)
		default:
			e.tidy(s.cells)
			return
		}
		heap.Pop(&e.heap)
	}
}

// tidy takes replaced updates out of the heap when they are more than half.
func (e *expiry) tidy(cells map[string]*replicate.Update) {
	if len(e.heap) <= 2*len(cells)+64 {
		return
	}
	e.heap = make(byStamp, 0, len(cells))
	for _, u := range cells {
		e.heap = append(e.heap, u)
	}
	heap.Init(&e.heap)
}

// byStamp is a heap with the oldest update on top.
type byStamp []*replicate.Update

func (h byStamp) Len() int           { return len(h) }
func (h byStamp) Less(i, j int) bool { return h[j].Newer(h[i]) }
func (h byStamp) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byStamp) Push(u any)        { *h = append(*h, u.(*replicate.Update)) }

func (h *byStamp) Pop() any {
	last := len(*h) - 1
	u := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return u
}

// since returns the oldest time that is shown at this moment; 0 if any is.
func (m *Model[V]) since() replicate.Time {
	if m.age == 0 {
		return 0
	}
	now := replicate.TimeOf(m.h.Replica().Now())
	return now - min(now, m.age)
}
