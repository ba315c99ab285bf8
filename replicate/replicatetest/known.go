package replicatetest

import (
	"math/bits"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// known is every update of a schedule, each with a number. The sets of updates
// that the checks work with are sets of these numbers.
type known struct {
	sorted []entry // by Newer, the oldest first
	next   int     // the number of the next one
}

// An entry is one update, whoever holds it: two of which neither is newer are
// the same.
type entry struct {
	u    *replicate.Update // as the author made it
	copy *replicate.Update // as another got it; may be nil
	n    int               // its number
	key  uint64            // its own randomness, from the step that wrote it
	past idSet             // what its author had been given when it was written
}

// find returns where u is or belongs.
func (k *known) find(u *replicate.Update) (i int, ok bool) {
	i, _ = slices.BinarySearchFunc(k.sorted, u, func(e entry, u *replicate.Update) int {
		if u.Newer(e.u) {
			return -1
		}
		return 1
	})
	// No entry is equal to u there: the first that is not older is at i.
	ok = i < len(k.sorted) && !k.sorted[i].u.Newer(u)
	return i, ok
}

// of returns u's number.
func (k *known) of(u *replicate.Update) (n int, ok bool) {
	i, ok := k.find(u)
	if !ok {
		return 0, false
	}
	return k.sorted[i].n, true
}

// add gives u a number, if it has none.
func (k *known) add(u *replicate.Update, key uint64, past idSet) (n int, fresh bool) {
	i, ok := k.find(u)
	if ok {
		return k.sorted[i].n, false
	}
	n = k.next
	k.next++
	k.sorted = slices.Insert(k.sorted, i, entry{u: u, n: n, key: key, past: past})
	return n, true
}

// list appends the updates of a set, the oldest first.
func (k *known) list(dst []*replicate.Update, s idSet) []*replicate.Update {
	for i := range k.sorted {
		if s.has(k.sorted[i].n) {
			dst = append(dst, k.sorted[i].u)
		}
	}
	return dst
}

// An idSet is a set of updates by number.
type idSet []uint64

func (s idSet) has(n int) bool { return n/64 < len(s) && s[n/64]>>(n%64)&1 == 1 }

func (s *idSet) add(n int) {
	for len(*s) <= n/64 {
		*s = append(*s, 0)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

func (s idSet) remove(n int) {
	if n/64 < len(s) {
		s[n/64] &^= 1 << (n % 64)
	}
}

func (s *idSet) addAll(t idSet) {
	for len(*s) < len(t) {
		*s = append(*s, 0)
	}
	for i, w := range t {
		(*s)[i] |= w
	}
}

func (s idSet) clone() idSet { return slices.Clone(s) }

func (s idSet) equal(t idSet) bool {
	for i := range max(len(s), len(t)) {
		if s.word(i) != t.word(i) {
			return false
		}
	}
	return true
}

func (s idSet) word(i int) uint64 {
	if i < len(s) {
		return s[i]
	}
	return 0
}

func (s idSet) len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// remove forgets the update at i of sorted, which has never been.
func (k *known) remove(i int) { k.sorted = slices.Delete(k.sorted, i, i+1) }

// copied keeps another copy of an update than its author's, for orders in
// which one comes again.
func (k *known) copied(u *replicate.Update) {
	if i, ok := k.find(u); ok && k.sorted[i].u != u && k.sorted[i].copy == nil {
		k.sorted[i].copy = u
	}
}
