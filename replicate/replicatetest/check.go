package replicatetest

// check holds n against the oracle if anything has changed since the last time.
func (w *world) check(n *node) {
	if w.breach != nil || len(n.news) == 0 && !n.promised {
		return
	}
	if len(n.news) > 0 {
		w.checkState(n)
	}
	if n.promised {
		w.checkPromise(n)
	}
	n.news, n.promised = n.news[:0], false
}

// oracle returns what a reader must see who was given these updates.
func (w *world) oracle(s idSet) string {
	w.buf = w.known.list(w.buf[:0], s)
	return w.kind.Oracle(w.buf)
}

// checkState checks state and live updates.
func (w *world) checkState(n *node) {
	state := n.sub.State()
	if want := w.oracle(n.received); state != want {
		w.fail(lawOracle, "replica %d shows %q, the oracle makes %q of all it was given",
			n.index, state, want)
		return
	}
	if n.live.equal(n.received) {
		return
	}
	if got := w.oracle(n.live); state != got {
		w.fail(lawLive, "replica %d shows %q, the oracle makes %q of what is not obsolete",
			n.index, state, got)
	}
	if got, want := n.r.Len(), n.live.len(); got != want && !w.forgot {
		w.fail(lawObsolete, "replica %d keeps %d updates, its type needs %d", n.index, got, want)
	}
}

// checkPromise checks that nothing that n's clock covers would change its
// state, nor anything that an author of those had been given.
func (w *world) checkPromise(n *node) {
	promised := n.received.clone()
	clock := n.r.Clock()
	for i := range w.known.sorted {
		if e := &w.known.sorted[i]; clock.Covers(e.u.Stamp()) {
			promised.add(e.n)
			promised.addAll(e.past)
		}
	}
	if promised.equal(n.received) {
		return
	}
	if got, want := n.sub.State(), w.oracle(promised); got != want {
		w.fail(lawPromise, "replica %d shows %q, with all that its clock covers it would show %q",
			n.index, got, want)
	}
}
