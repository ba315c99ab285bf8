package replicatetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-go/weir/replicate"
)

// bare is objects that are given updates by hand, without the engine.
type bare struct {
	w        *world
	objects  map[replicate.ObjectName]replicate.Object
	sub      Subject
	received idSet
	live     idSet
	given    []string // for the report
}

// bare returns empty objects, which a subject reads.
func (w *world) bare() *bare {
	b := &bare{w: w, objects: make(map[replicate.ObjectName]replicate.Object)}
	var made replicate.Object
	types := slices.Clone(w.kind.Types)
	for i := range types {
		fresh := types[i].New
		types[i].New = func() replicate.Object { made = fresh(); return made }
	}
	random := ids(2)
	r := replicate.New(replicate.Config{ID: replicate.ReplicaID{2}, Types: types, Rand: &random})
	for i := range w.known.sorted {
		name := w.known.sorted[i].u.Object()
		if b.objects[name] != nil {
			continue
		}
		if _, err := r.Open(name); err != nil {
			w.fail(lawOrder, "opening %v: %v", name, err)
		}
		b.objects[name] = made
	}
	var err error
	if b.sub, err = w.kind.Open(r); err != nil {
		w.fail(lawEdit, "Open: %v", err)
	}
	return b
}

// give gives an object one update.
func (b *bare) give(u *replicate.Update) {
	w := b.w
	id, _ := w.known.of(u)
	b.received.add(id)
	b.live.add(id)
	if w.trace != nil {
		b.given = append(b.given, letter(id))
	}
	b.objects[u.Object()].Apply(u, func(v *replicate.Update) {
		old, ok := w.known.of(v)
		if !ok || !b.received.has(old) {
			w.fail(lawObsolete, "%s called %s obsolete, which was not given", w.called(u), w.called(v))
			return
		}
		b.live.remove(old)
		if v != u && !w.alone(u, v) {
			w.fail(lawAlone, "%s called %s obsolete, and does not alone stand in for it", w.called(u), w.called(v))
		}
	})
}

// alone reports whether u, and nothing else, makes v obsolete, whichever comes
// first. A peer may be given nothing else in v's place.
func (w *world) alone(u, v *replicate.Update) bool {
	for _, order := range [][]*replicate.Update{{u, v}, {v, u}} {
		state, gone := w.typeOf(u.Object().Type).New(), false
		for _, x := range order {
			state.Apply(x, func(y *replicate.Update) { gone = gone || y == v })
		}
		if !gone {
			return false
		}
	}
	return true
}

// check holds the objects against the oracle.
func (b *bare) check() {
	w := b.w
	if w.breach != nil {
		return
	}
	state := b.sub.State()
	if want := w.oracle(b.received); state != want {
		w.fail(lawOrder, "an object shows %q, the oracle makes %q of all it was given%s",
			state, want, b)
	} else if got := w.oracle(b.live); state != got {
		w.fail(lawOrder, "an object shows %q, the oracle makes %q of what is not obsolete%s",
			state, got, b)
	}
}

func (b *bare) String() string {
	if b.given == nil {
		return ""
	}
	return fmt.Sprintf(": given %s, an empty one", strings.Join(b.given, " "))
}

// shuffled returns all updates in an order that r says, which stays the same
// for those that are left when others are left out.
func (w *world) shuffled(r uint64, of func(e *entry) bool) (out []*entry) {
	for i := range w.known.sorted {
		if e := &w.known.sorted[i]; of(e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(e, f *entry) int {
		return cmp.Compare(mix(mix(e.key, r), uint64(e.n)), mix(mix(f.key, r), uint64(f.n)))
	})
	return out
}

// delivered brings a fresh replica every write by itself, in an order of its
// own, some of them twice.
func (w *world) delivered() {
	n := &node{w: w, index: w.replicas}
	w.trace.did(true, "another replica, %d", n.index)
	w.open(n)
	order := slices.Clone(w.writes)
	slices.SortFunc(order, func(c, d carrier) int {
		return cmp.Compare(mix(c.key, w.seed), mix(d.key, w.seed))
	})
	for i, c := range order {
		if w.breach != nil {
			break
		}
		w.take(n, c.chunks, true, c.name)
		if again := mix(c.key, uint64(i)); again%4 == 0 {
			c = order[again>>8%uint64(i+1)]
			w.take(n, c.chunks, true, c.name)
		}
	}
	n.unfollow()
}

// ordered gives all updates to objects by hand: to one in an order of their
// own, some of those it has replaced again; to another what the first needed
// of some of them, and then the rest.
func (w *world) ordered(r uint64) {
	if w.breach != nil || len(w.known.sorted) < 2 {
		return
	}
	all := func(*entry) bool { return true }
	order := w.shuffled(r, all)
	half := len(order) / 2
	one := w.bare()
	for i, e := range order {
		if i == half {
			one.check()
			if w.breach != nil {
				return
			}
			w.relayed(one, r)
		}
		one.give(e.u)
		if i > 0 && mix(r, uint64(i))%3 == 0 {
			one.again(order[mix(r, uint64(i))>>8%uint64(i)])
		}
	}
	one.check()
}

// again gives a copy of an update that has been replaced.
func (b *bare) again(e *entry) {
	if e.copy != nil && !b.live.has(e.n) {
		b.give(e.copy)
	}
}

// relayed gives another object what one needs of what it was given, and then
// everything else.
func (w *world) relayed(one *bare, r uint64) {
	two := w.bare()
	for _, e := range w.shuffled(r+1, func(e *entry) bool { return one.live.has(e.n) }) {
		two.give(e.u)
	}
	two.check()
	for _, e := range w.shuffled(r+2, func(e *entry) bool { return !one.received.has(e.n) }) {
		two.give(e.u)
	}
	two.check()
	if w.breach != nil {
		return
	}
	var all idSet
	for i := range w.known.sorted {
		all.add(w.known.sorted[i].n)
	}
	if got, want := two.sub.State(), w.oracle(all); got != want {
		w.fail(lawOrder, "an object shows %q, the oracle makes %q of all that was written%s",
			got, want, two)
	}
}
