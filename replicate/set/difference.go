package set

import (
	"slices"

	"github.com/weir-go/weir/replicate"
)

// A Difference is what is in one set and not in another. It has no state of its
// own, and may be used by several goroutines at once.
//
// The two sets are read one after the other, the one that is taken away last:
// what is moved meanwhile from one to the other may be seen in both states, but
// nothing is shown that was never in the first or already in the second.
type Difference[V any] struct {
	reader[V]
}

// Minus returns a − b, which follows both. They belong to one replica and
// encode their elements alike; Minus panics if they belong to two.
func Minus[V any](a, b Set[V]) *Difference[V] {
	from, without := a.elements(), b.elements()
	if from.replica != without.replica {
		panic("set: Minus of sets of two replicas")
	}
	content := difference{from.content, without.content}
	return &Difference[V]{reader[V]{content, from.replica, from.codec}}
}

// difference is the content of one set without that of another.
type difference struct{ from, without content }

func (d difference) has(element string) bool {
	return d.from.has(element) && !d.without.has(element)
}

func (d difference) size() int { return len(d.list()) }

func (d difference) list() []string { return slices.DeleteFunc(d.from.list(), d.without.has) }

func (d difference) about(u *replicate.Update) (element string, ok bool) {
	if element, ok = d.from.about(u); ok {
		return element, true
	}
	return d.without.about(u)
}
