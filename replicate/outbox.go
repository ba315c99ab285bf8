package replicate

import "slices"

// outbox is what one peer is still to be sent. It holds no updates of its own:
// a place in the log (pos), how far this round goes (cut) and what may be
// promised at its end. When the peer has been sent every place up to the cut,
// the promise goes out as a marker, and the next cut is taken.
//
// What is replaced while it waits inside a round hands its place on: the newer
// update is owed in its stead, since a marker at the cut is false without it.
// Owed updates lie behind the cut and are sent early, once.
//
// The replica's lock guards it.
type outbox struct {
	peer    uint32    // peerEpochs.number, 0 while it is not known
	only    *scope    // what the peer is to have; nil is everything
	known   []Time    // what of that it holds, as it promised or was promised
	first   []*Update // the rest of the catching-up, ascending seq
	pos     uint64    // every place up to pos has been sent
	cut     uint64
	promise []Time // the clock that holds once every place up to cut is sent
	silent  bool   // the marker of this round is out
	owed    queue
	early   map[*Update]struct{} // sent before their place came
	limit   int                  // bytes of ops a frame

	settled []bool // by author index: the peer held, when we met, what we did
	met     uint64 // the cut of that moment
}

// has reports whether the peer needs no u: it has it, or is not to have it.
func (o *outbox) has(u *Update) bool {
	i := u.author.index
	return u.origin == o.peer && o.peer != 0 || u.time <= timeAt(o.known, i) ||
		u.seq <= o.met && i < len(o.settled) && o.settled[i] || !o.only.some(u)
}

// open takes the first cut, for a peer that holds what known promises and
// every place up to seq.
func (o *outbox) open(r *Replica, known []Time, seq uint64) {
	o.known, o.pos = known, seq
	o.early = make(map[*Update]struct{})
	o.cut, o.promise = r.visible(), r.publicUnder(o.only)
	o.met = o.cut
	if covers(nil, known) {
		return // it needs all of the log, which is in order already
	}
	o.first = r.log.since(r.authors, known, seq)
	n, _ := slices.BinarySearchFunc(o.first, o.cut+1, func(u *Update, seq uint64) int {
		if u.seq < seq {
			return -1
		}
		return 1
	})
	o.first = o.first[:n]
	if o.only != nil {
		o.first = slices.DeleteFunc(o.first, o.has)
	}
}

// resume begins after everything up to seq, for a peer that held exactly what
// we held when our clock was known.
func (o *outbox) resume(known []Time, seq uint64) {
	o.known, o.early = slices.Clone(known), make(map[*Update]struct{})
	o.pos, o.cut, o.promise, o.silent = seq, seq, known, true
}

// inherit is called when v is dropped because of u.
func (o *outbox) inherit(v, u *Update) {
	owed := o.owes(v)
	delete(o.early, v)
	o.owed.remove(v)
	if owed && u != nil && !o.has(u) {
		o.owed.add(u)
	}
}

// share is called when u replaced a part of the transaction v.
func (o *outbox) share(v, u *Update) {
	if o.owes(v) && !o.has(u) {
		o.owed.add(u)
	}
}

// owes reports whether v is still to be sent in this round.
func (o *outbox) owes(v *Update) bool {
	if _, sent := o.early[v]; sent {
		return false
	}
	return o.owed.holds(v) || v.seq > o.pos && v.seq <= o.cut && !o.has(v)
}

// collect appends what fits into one frame, and reports whether that
// completes the round.
func (o *outbox) collect(l *log, dst []*Update) (batch []*Update, complete bool) {
	room := roomFor(dst, o.limit)
	for u := o.owed.peek(); u != nil; u = o.owed.peek() {
		if !room.take(u) {
			return room.batch, false
		}
		o.owed.remove(u)
		o.early[u] = struct{}{}
	}
	for ; len(o.first) > 0; o.first = o.first[1:] {
		if !o.pass(o.first[0], room) {
			return room.batch, false
		}
	}
	o.first = nil
	for _, u := range l.entries[l.from(o.pos):] {
		if u.seq > o.cut {
			break
		}
		if !o.pass(u, room) {
			return room.batch, false
		}
	}
	o.pos = max(o.pos, o.cut)
	return room.batch, true
}

// pass moves over one place, sending what is in it if the peer needs it.
func (o *outbox) pass(u *Update, room *room) bool {
	_, sent := o.early[u]
	if u.state != stateDropped && !sent && !o.has(u) && !room.take(u) {
		return false
	}
	delete(o.early, u)
	o.pos = max(o.pos, u.seq)
	return true
}

// next takes the next cut, and reports whether there is anything to send or to
// promise.
func (o *outbox) next(r *Replica) bool {
	clock := r.publicUnder(o.only)
	if r.visible() <= o.pos && covers(o.known, clock) {
		return false
	}
	o.cut, o.promise, o.silent = max(o.pos, r.visible()), clock, false
	return true
}

// marked notes that the peer has been sent the marker of this round.
func (o *outbox) marked() {
	o.known = joined(o.known, o.promise)
	o.silent = true
}

// room is a frame being filled: at most batchSize of ops and of names that may
// be new, or one larger op.
type room struct {
	batch  []*Update
	left   int
	object *object // of the last row
}

// updateOverhead is what an update takes in a frame beside its op, roughly.
const updateOverhead = 8

func roomFor(dst []*Update, limit int) *room { return &room{batch: dst[:0], left: limit} }

func (r *room) take(u *Update) bool {
	need := u.size()
	u.rows(func(p *Update) {
		if p.object != r.object {
			r.object = p.object
			need += len(p.object.name.Type) + len(p.object.name.Name) // it may be new
		}
	})
	if need > r.left && len(r.batch) > 0 {
		return false
	}
	r.batch = append(r.batch, u)
	r.left -= need
	return true
}

// queue is a set of updates in the order they were added.
type queue struct {
	order []*Update
	in    map[*Update]struct{}
}

func (q *queue) add(u *Update) {
	if q.in == nil {
		q.in = make(map[*Update]struct{})
	}
	if _, ok := q.in[u]; ok {
		return
	}
	q.in[u] = struct{}{}
	q.order = append(q.order, u)
	if len(q.order) > 64 && len(q.order) > 2*len(q.in) {
		q.order = slices.DeleteFunc(q.order, func(u *Update) bool {
			_, ok := q.in[u]
			return !ok
		})
	}
}

func (q *queue) holds(u *Update) bool {
	_, ok := q.in[u]
	return ok
}

// remove reports whether u was in.
func (q *queue) remove(u *Update) bool {
	_, ok := q.in[u]
	delete(q.in, u)
	return ok
}

// peek returns the first that is still in, or nil.
func (q *queue) peek() *Update {
	for len(q.order) > 0 {
		if _, ok := q.in[q.order[0]]; ok {
			return q.order[0]
		}
		q.order = q.order[1:]
	}
	q.order = nil
	return nil
}

// covers reports whether clock c, by author index, promises all that d does.
func covers(c, d []Time) bool {
	for i, t := range d {
		if t > timeAt(c, i) {
			return false
		}
	}
	return true
}

// joined returns the join of two clocks by author index, in c's memory if it
// is long enough.
func joined(c, d []Time) []Time {
	for len(c) < len(d) {
		c = append(c, 0)
	}
	for i, t := range d {
		c[i] = max(c[i], t)
	}
	return c
}
