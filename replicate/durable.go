package replicate

import (
	"context"
	"errors"
	"slices"
)

// durability is what a journal has told the replica.
type durability struct {
	journal  *Tail
	pos      uint64 // every place up to pos is in the journal
	clock    []Time // the own clock of that moment
	replaced []replacement
}

// replacement is an update and what made it obsolete, or a part of it, while
// that is not yet durable.
type replacement struct {
	old, by *Update
	part    bool
}

// visible returns the place up to which peers may be sent: what the journal
// holds, or everything where there is none.
func (r *Replica) visible() uint64 {
	if r.durable.journal == nil {
		return r.log.head
	}
	return r.durable.pos
}

// publicClock returns what may be promised to peers.
func (r *Replica) publicClock() []Time {
	if r.durable.journal == nil {
		return r.times()
	}
	return r.durable.clock
}

// times returns a copy of the own clock by author index.
func (r *Replica) times() []Time {
	out := make([]Time, len(r.authors))
	for i, a := range r.authors {
		out[i] = a.clock
	}
	return out
}

// awaitDurable waits until every place up to seq is durable.
func (r *Replica) awaitDurable(ctx context.Context, seq uint64) error {
	c := r.newReader()
	defer c.close()
	for {
		r.mu.RLock()
		done, err := r.visible() >= seq, r.failed
		r.mu.RUnlock()
		switch {
		case done:
			return nil
		case err != nil:
			return err
		}
		if err := c.wait(ctx); err != nil {
			return err
		}
	}
}

// A Tail is a journal's view of a replica: everything that is not yet durable,
// in one batch at a time. While a tail is attached, peers are shown only what
// it has been told is durable. It is for one goroutine; Fail and Close may be
// called by any.
type Tail struct {
	r    *Replica
	c    *reader
	enc  encoder
	pos  uint64
	seen []Time // the clock as last written
	buf  []*Update

	notes   notes
	last    bool   // there will be no batch after the next
	swapped uint64 // Replica.swapped when something was last taken

	limit int // bytes of ops a frame
}

// A Batch is what a journal appends at once, and then makes durable.
type Batch struct {
	Frames  []byte // whole frames, the last of them a marker
	Updates int    // how many updates they hold
	Author  Author // who writes from here on
	Renewed bool   // Author is new since Attach or the last batch
	Last    Time   // newest time issued or seen

	// Reset says that everything was replaced: the batch is all that there is,
	// and belongs into a file of its own, which takes the old one's place.
	Reset bool

	swapped  uint64
	pos      uint64
	clock    []Time
	partials []partialState
}

// Attach makes the replica durable: from now on peers are shown only what the
// tail has confirmed. What the replica holds already counts as durable. A
// second tail is refused.
func (r *Replica) Attach() (*Tail, error) {
	c := r.newReader()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.durable.journal != nil {
		delete(r.readers, c)
		return nil, errors.New("replicate: replica has a journal already")
	}
	t := &Tail{
		r: r, c: c, pos: r.log.head, seen: r.times(), swapped: r.swapped, limit: batchSize,
		notes: notes{slices.Clone(r.horizon), r.declared, r.heard},
	}
	r.renewed = false // the journal asks who writes when something is written
	r.durable = durability{journal: t, pos: r.log.head, clock: t.seen}
	for _, p := range r.partials {
		p.durable = slices.Clone(p.clock)
		partialState{p, p.durable, p.moves}.keep()
	}
	return t, nil
}

// Changed receives when there may be something to take since the last time it
// did, and at first.
func (t *Tail) Changed() <-chan struct{} { return t.c.woken }

// Last has the next batch hold what could have waited for a later one.
func (t *Tail) Last() { t.last = true }

// Take returns everything that is not yet durable, ending with a marker: what a
// group commit writes. Updates that were replaced before they were written are
// not in it. When everything is durable, ok is false.
func (t *Tail) Take() (b Batch, ok bool) {
	r := t.r
	r.mu.Lock()
	b = Batch{Author: r.self.name, Renewed: r.renewed, Last: r.last, pos: r.log.head, clock: r.times()}
	if b.swapped = r.swapped; b.swapped != t.swapped {
		*t = Tail{r: r, c: t.c, buf: t.buf, swapped: r.swapped, last: t.last, limit: t.limit}
		b.Reset = true
	}
	if !b.Reset && b.pos == t.pos && !r.renewed && covers(t.seen, b.clock) && !r.partialsMoved() && r.noted(t.notes, t.last) {
		r.mu.Unlock()
		return Batch{}, false
	}
	t.buf = t.buf[:0]
	for _, u := range r.log.entries[r.log.from(t.pos):] {
		if u.state == stateLive {
			t.buf = append(t.buf, u)
		}
	}
	tokens := r.copyTokens()
	names := r.authors
	r.renewed = false
	var partials []byte
	partials, b.partials = r.appendPartials(nil, false)
	for _, s := range b.partials {
		s.keep()
	}
	partials = r.appendNotes(partials, t.notes)
	t.notes = notes{slices.Clone(r.horizon), r.declared, r.heard}
	r.mu.Unlock()

	b.Updates = len(t.buf)
	b.Frames = append(t.enc.batches(nil, t.buf, b.pos, t.limit), partials...)
	b.Frames = t.enc.marker(b.Frames, names, marker{b.pos, b.clock, tokens})
	clear(t.buf)
	t.pos, t.seen = b.pos, b.clock
	return b, true
}

// Done says that b is durable under the journal's policy: peers may see it,
// and Flush calls that waited for it return.
func (t *Tail) Done(b Batch) {
	r := t.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.swapped != r.swapped {
		return // what it held is no more
	}
	r.durable.pos, r.durable.clock = b.pos, b.clock
	for _, s := range b.partials {
		s.p.durable = s.clock
	}
	kept := 0
	for _, p := range r.durable.replaced {
		if p.by != nil && p.by.seq > b.pos {
			break
		}
		if p.part {
			r.share(p.old, p.by)
		} else {
			r.drop(p.old, p.by)
		}
		kept++
	}
	r.durable.replaced = append(r.durable.replaced[:0], r.durable.replaced[kept:]...)
	r.wake()
}

// Fail says that the journal cannot go on. Every Flush and every later write
// returns err; what is in memory can still be read and sent as far as it was
// durable.
func (t *Tail) Fail(err error) {
	r := t.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
	r.wake()
}

// Close ends the tail: later writes return ErrClosed.
func (t *Tail) Close() {
	t.Fail(ErrClosed)
	t.c.close()
}
