package replicate

// A Rewrite reads all that is durable in a replica for a file that is to take
// the place of its journal's, while writers and the journal go on: in rounds,
// each of which brings what the one before did not. It is for one goroutine.
type Rewrite struct {
	d    dump
	over bool // the round
	n    int
}

// Rewrite begins a rewrite. Its first round is everything, in the bytes of
// [Replica.Read].
func (r *Replica) Rewrite() *Rewrite {
	w := &Rewrite{d: dump{r: r, c: r.newReader(), out: outbox{limit: batchSize}}}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.d.c.peer = &w.d.out
	w.d.out.open(r, nil, 0)
	return w
}

// Next returns the next frames; over is set with the marker that ends the
// round. The call after that begins another one.
func (w *Rewrite) Next() (frames []byte, over bool) {
	w.d.r.mu.Lock()
	defer w.d.r.mu.Unlock()
	if w.over {
		// What a full exchange brought lies below the clock: only places count.
		w.d.out.cut, w.d.out.promise = w.d.r.visible(), w.d.r.publicClock()
	}
	frames, w.over = w.d.frames()
	w.n += len(w.d.buf)
	return frames, w.over
}

// Updates returns how many updates were read.
func (w *Rewrite) Updates() int { return w.n }

// Close ends the rewrite.
func (w *Rewrite) Close() { w.d.c.close() }

// Continue has the tail go on behind the last round of w, which is over, as a
// stream of its own: what it takes next fits behind w's frames, and behind its
// own earlier ones as well.
func (t *Tail) Continue(w *Rewrite) {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	t.enc, t.pos, t.seen = encoder{}, w.d.out.pos, w.d.out.promise
}
