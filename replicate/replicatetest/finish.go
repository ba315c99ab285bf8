package replicatetest

import (
	"bytes"
	"context"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// finish heals everything, with one replica dead for good or none, and tries
// other orders.
func (w *world) finish() {
	if w.breach != nil {
		return
	}
	if !w.restless {
		w.heal()
	}
	if w.fresh {
		w.delivered()
	}
	for i := range w.orders {
		w.ordered(mix(w.seed, uint64(i)))
	}
	alive := w.alive()
	switch {
	case w.breach != nil || w.restless:
	case w.late == lateForget:
		w.forgotten(alive)
	case w.late == lateParts:
		w.parted(alive[w.seed%uint64(len(alive))])
	}
}

// heal heals everything, and checks what must hold at rest.
func (w *world) heal() {
	w.groups = 0
	w.trace.did(true, "heal")
	for _, n := range w.nodes {
		switch dead := n.index == w.dead; {
		case dead && n.r != nil:
			w.crash(n)
		case !dead && n.r == nil:
			w.restart(n)
		}
	}
	alive := w.alive()
	w.settle(alive)
	w.converged(alive)
	if w.breach == nil {
		w.encoded(alive[w.seed%uint64(len(alive))])
	}
}

func (w *world) alive() (alive []*node) {
	for _, n := range w.nodes {
		if n.r != nil {
			alive = append(alive, n)
		}
	}
	return alive
}

// restless is how many rounds of frames are too many.
const restless = 1000

// settle links all that are alive, and moves frames until nothing moves.
func (w *world) settle(alive []*node) {
	for i, a := range alive {
		for _, b := range alive[:i] {
			w.cut(a, b)
		}
	}
	for i := range alive {
		for j := range i {
			if w.shape.links(i, j, len(alive)) {
				w.linked(alive[j], alive[i], replicate.SyncConfig{})
			}
		}
	}
	for rounds, moved := 0, true; moved && w.breach == nil; rounds++ {
		if rounds == restless {
			w.fail(lawConvergence, "frames and commits go on for ever")
		}
		moved = false
		for _, n := range alive {
			moved = w.commit(n) || moved
		}
		for i, a := range alive {
			for _, b := range alive[:i] {
				moved = w.flow(a, b) || moved
			}
		}
	}
}

// links reports whether replicas j < i of n are linked.
func (s shape) links(i, j, n int) bool {
	switch s {
	case shapeStar:
		return j == 0
	case shapeLine:
		return i == j+1
	case shapeRing:
		return i == j+1 || i == n-1 && j == 0
	}
	return true
}

// converged checks that all that are alive hold the same, and that nothing is
// missing that any of them ever held.
func (w *world) converged(alive []*node) {
	if w.breach != nil {
		return
	}
	var all idSet
	for _, n := range alive {
		all.addAll(n.received)
	}
	want := w.oracle(all)
	first := alive[0]
	for _, n := range alive {
		state := n.sub.State()
		if state != want {
			w.fail(lawConvergence, "replica %d shows %q, the oracle makes %q of all that was written",
				n.index, state, want)
		}
		if !n.live.equal(first.live) {
			w.fail(lawConvergence, "replicas %d and %d do not both keep %s",
				first.index, n.index, w.difference(first.live, n.live))
		}
		if first.r.Clock().Compare(n.r.Clock()) != replicate.Equal {
			w.fail(lawConvergence, "replicas %d and %d have different clocks", first.index, n.index)
		}
		if first.r.Fingerprint() != n.r.Fingerprint() {
			w.fail(lawConvergence, "replicas %d and %d have different fingerprints", first.index, n.index)
		}
		w.followed(n, state)
	}
}

// difference names the oldest update that is in one of two sets.
func (w *world) difference(s, t idSet) string {
	for i := range w.known.sorted {
		if e := &w.known.sorted[i]; s.has(e.n) != t.has(e.n) {
			return w.called(e.u)
		}
	}
	return "the same"
}

// encoded checks that a dump of n makes a replica that is equal, and dumps the
// same bytes again.
func (w *world) encoded(n *node) {
	state, print := n.sub.State(), n.r.Fingerprint()
	r, dump := n.r, [][]byte(nil)
	for i := range 3 {
		again, err := pull.Collect(context.Background(), r.Read(nil))
		if err != nil {
			w.fail(lawEncoding, "replica %d: reading it: %v", n.index, err)
			return
		}
		if i == 2 {
			if !bytes.Equal(bytes.Join(dump, nil), bytes.Join(again, nil)) {
				w.fail(lawEncoding, "a dump that was loaded is dumped with other bytes")
			}
			return
		}
		dump = again
		random := ids(1)
		r = replicate.New(replicate.Config{ID: replicate.ReplicaID{1}, Types: w.kind.Types,
			Rand: &random, Now: n.now})
		if _, err = r.Load(context.Background(), pull.Values(dump...)); err != nil {
			w.fail(lawEncoding, "replica %d: loading its dump: %v", n.index, err)
			return
		}
		sub, err := w.kind.Open(r)
		if err != nil {
			w.fail(lawEdit, "Open: %v", err)
			return
		}
		if got := sub.State(); got != state {
			w.fail(lawEncoding, "replica %d shows %q, with its dump loaded another shows %q",
				n.index, state, got)
		}
		if r.Fingerprint() != print {
			w.fail(lawEncoding, "replica %d and one with its dump have different fingerprints", n.index)
		}
	}
}
